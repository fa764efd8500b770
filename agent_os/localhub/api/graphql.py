"""The few GraphQL operations that REST lacks, resolved by hand.

The text of the query only decides which operation is meant; the answer always has the same
fields: an issue's edit history, or the pull request after a change of its draft state.
"""

from typing import Any

from agent_os.localhub import edits, issues, pulls, repositories
from agent_os.localhub.calls import Call, Json, Reply
from agent_os.localhub.errors import Refusal
from agent_os.localhub.issues import Issue
from agent_os.localhub.render import users
from agent_os.localhub.render.view import node_id, parse_node_id

DRAFT_MUTATIONS = {
    "convertPullRequestToDraft": True,
    "markPullRequestReadyForReview": False,
}


def query(call: Call) -> Reply:
    """POST a query or mutation; errors come with status 200, as on GitHub."""
    body = call.body()
    text, variables = str(body.get("query", "")), call.section("variables") or {}
    try:
        return Reply(200, {"data": _resolve(call, text, variables)})
    except (Refusal, repositories.Moved) as error:
        kind = "NOT_FOUND" if getattr(error, "status", 404) == 404 else "UNPROCESSABLE"
        return Reply(200, {"data": None, "errors": [{"type": kind, "message": str(error)}]})


def _resolve(call: Call, text: str, variables: Json) -> Json:
    for mutation, draft in DRAFT_MUTATIONS.items():
        if mutation in text:
            return {mutation: _set_draft(call, variables, draft=draft)}
    if "viewer" in text and "repository" not in text:
        return {"viewer": {"login": call.user.login, "id": node_id("User", call.user.id)}}
    for name in ("issueOrPullRequest", "pullRequest(", "issue("):
        if name in text:
            return {"repository": {name.rstrip("("): _history(call, variables)}}
    raise Refusal(422, "The local hub does not know this query")


def _history(call: Call, variables: Json) -> dict[str, Any]:
    owner, name = str(variables.get("owner")), str(variables.get("name"))
    repo = repositories.get(call.hub, owner, name)
    number = variables.get("number")
    if not isinstance(number, int) or abs(number) >= 2**31:
        raise Refusal(422, "Variable $number of type Int! was provided invalid value")
    issue = issues.get(call.hub, repo.id, number)
    found = edits.of_issue(call.hub, issue.id)
    nodes = [
        {
            "editedAt": edit.edited_at,
            "editor": users.by_id(call.view, edit.editor_id),
            "diff": edit.body or "",
        }
        for edit in found
    ]
    return {
        "__typename": "PullRequest" if issue.is_pull else "Issue",
        "id": _id(issue),
        "number": issue.number,
        "lastEditedAt": found[0].edited_at if found else None,
        "editor": nodes[0]["editor"] if nodes else None,
        "userContentEdits": {"totalCount": len(nodes), "nodes": nodes},
    }


def _id(issue: Issue) -> str:
    return node_id("PullRequest" if issue.is_pull else "Issue", issue.id)


def _set_draft(call: Call, variables: Json, *, draft: bool) -> dict[str, Any]:
    given = variables.get("input", variables)
    if not isinstance(given, dict):
        raise Refusal(422, "Variable $input is no object")
    found = parse_node_id(str(given.get("pullRequestId") or given.get("id") or ""))
    if found is None or found[0] != "PullRequest":
        raise Refusal(404, "Could not resolve to a node with the given id")
    issue = issues.by_id(call.hub, found[1])
    repo = repositories.by_id(call.hub, issue.repo_id)
    repositories.require_write(call.hub, repo, call.user)
    pull = pulls.of_issue(call.hub, issue)
    pulls.set_draft(call.hub, repo, issue, pull, call.user, draft)
    shown = {"id": _id(issue), "number": issue.number, "isDraft": draft}
    return {"clientMutationId": None, "pullRequest": shown}
