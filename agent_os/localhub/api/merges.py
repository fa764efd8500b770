"""Merging pull requests."""

from agent_os.localhub import merges, pulls, updates
from agent_os.localhub.calls import Call, Reply, no_content
from agent_os.localhub.errors import not_found


def merge(call: Call) -> Reply:
    """PUT a merge: merge_method, sha, commit_title, commit_message."""
    repo = call.writable()
    issue, pull = pulls.get(call.hub, repo.id, call.number())
    request = merges.Request(
        method=call.text("merge_method") or "merge",
        title=call.text("commit_title"),
        message=call.text("commit_message"),
        expected_head=call.text("sha"),
    )
    sha = merges.merge(call.hub, repo, issue, pull, call.user, request)
    body = {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
    return Reply(200, body)


def is_merged(call: Call) -> Reply:
    """GET whether it was merged: 204, or 404."""
    _, pull = pulls.get(call.hub, call.repo().id, call.number())
    if not pull.merged:
        raise not_found()
    return no_content()


def update_branch(call: Call) -> Reply:
    """PUT update-branch: merge the base branch into the head branch."""
    repo = call.writable()
    issue, pull = pulls.get(call.hub, repo.id, call.number())
    expected = call.text("expected_head_sha")
    updates.update_branch(call.hub, repo, issue, pull, call.user, expected)
    url = f"{call.view.api}/repos/{repo.full_name}/pulls/{issue.number}"
    return Reply(202, {"message": "Updating pull request branch.", "url": url})


PULL = "/repos/{owner}/{repo}/pulls/{number}"
ROUTES = [
    ("GET", f"{PULL}/merge", is_merged),
    ("PUT", f"{PULL}/merge", merge),
    ("PUT", f"{PULL}/update-branch", update_branch),
]
