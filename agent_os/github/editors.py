"""Who changed a comment last. REST shows only that it was changed."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.github import readers
from agent_os.github.client import GitHubClient, Json

_EDITOR = "{id lastEditedAt editor{login __typename}}"
EDITORS_QUERY = (
    "query Editors($ids:[ID!]!){nodes(ids:$ids){"
    f"... on IssueComment{_EDITOR} ... on PullRequestReviewComment{_EDITOR}}}}}"
)
#: GitHub's bound for one request.
_MOST = 100


def editors(client: GitHubClient, nodes: Sequence[str]) -> dict[str, str]:
    """By the comments' ids in GraphQL; one that nobody edited is left out."""
    found: dict[str, str] = {}
    for start in range(0, len(nodes), _MOST):
        asked = list(nodes[start : start + _MOST])
        for node in client.query(EDITORS_QUERY, {"ids": asked})["nodes"]:
            if node and node.get("lastEditedAt"):
                found[node["id"]] = _login(node["editor"])
    return found


def _login(actor: Json | None) -> str:
    """As REST has it: here a bot's name lacks its `[bot]`."""
    bot = actor is not None and actor["__typename"] == "Bot"
    return f"{readers.login(actor)}[bot]" if bot else readers.login(actor)
