"""Labels of an issue, changed in one request: by REST each label that goes is a request of its own,
and replacing the whole list would undo what a person sets meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.errors import Conflict
from agent_os.github.client import GitHubClient, Json

ADD_MUTATION = (
    "add:addLabelsToLabelable(input:{labelableId:$issue,labelIds:$add}){clientMutationId}"
)
REMOVE_MUTATION = (
    "remove:removeLabelsFromLabelable(input:{labelableId:$issue,labelIds:$remove})"
    "{clientMutationId}"
)
_NEW_COLOR = "ededed"


def change(
    client: GitHubClient, repo: str, issue: str, add: Sequence[str], remove: Sequence[str]
) -> None:
    """Set and take labels, by name, on the issue with this GraphQL id. A label to set that the
    repository lacks is made first; one to take that it lacks is on no issue."""
    known = _ids(client, repo)
    added = [known.get(name.lower()) or _create(client, repo, name) for name in add]
    removed = [known[name.lower()] for name in remove if name.lower() in known]
    text = mutation(add=bool(added), remove=bool(removed))
    variables: Json = {"issue": issue}
    variables |= {"add": added} if added else {}
    variables |= {"remove": removed} if removed else {}
    if added or removed:
        client.mutate(text, variables)


def mutation(*, add: bool, remove: bool) -> str:
    """The operation's text: GitHub refuses an empty list of labels, and an unused variable."""
    wanted = [("add", ADD_MUTATION, add), ("remove", REMOVE_MUTATION, remove)]
    variables = "".join(f",${name}:[ID!]!" for name, _, used in wanted if used)
    fields = " ".join(text for _, text, used in wanted if used)
    return f"mutation Labels($issue:ID!{variables}){{{fields}}}"


def _ids(client: GitHubClient, repo: str) -> dict[str, str]:
    """GraphQL id by name in lower case."""
    return {str(d["name"]).lower(): d["node_id"] for d in client.all(f"/repos/{repo}/labels")}


def _create(client: GitHubClient, repo: str, name: str) -> str:
    path = f"/repos/{repo}/labels"
    try:
        return client.send("POST", path, {"name": name, "color": _NEW_COLOR})["node_id"]
    except Conflict:
        if found := _ids(client, repo).get(name.lower()):
            return found  # someone made it meanwhile
        raise
