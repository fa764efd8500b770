"""Reading a backlog: every open issue, the closed ones of a time, and reactions to a comment."""

from __future__ import annotations

from datetime import datetime

from agent_os.github import readers
from agent_os.github.client import GitHubClient, Json
from agent_os.policy.grooming.answers import Thumbs
from agent_os.policy.grooming.backlog import Item

_CHEERS = ("+1", "heart", "hooray", "rocket")
_MOST_CLOSED_PAGES = 5


def open_items(client: GitHubClient, repo: str) -> tuple[Item, ...]:
    """All of them; IncompleteList when that can't be had."""
    listed = client.all(f"/repos/{repo}/issues", state="open", sort="updated", direction="desc")
    return tuple(_item(issue) for issue in listed if "pull_request" not in issue)


def closed_items(client: GitHubClient, repo: str, since: datetime) -> tuple[Item, ...]:
    """Those that changed since then, the newest first; of very many the first pages."""
    found: list[Item] = []
    pages = client.pages(f"/repos/{repo}/issues", state="closed", sort="updated", direction="desc")
    for count, page in enumerate(pages, 1):
        found += [_item(issue) for issue in page if "pull_request" not in issue]
        last = readers.moment(page[-1]["updated_at"]) if page else since
        if last <= since or count >= _MOST_CLOSED_PAGES:
            break
    return tuple(item for item in found if item.updated_at > since)


def item(client: GitHubClient, repo: str, number: int) -> Item:
    """One issue. NotFound when it is gone."""
    return _item(readers.raw_issue(client, repo, number))


def thumbs(client: GitHubClient, repo: str, comment: int) -> Thumbs:
    """Below a comment. NotFound when somebody deleted it."""
    found: Json = client.get(f"/repos/{repo}/issues/comments/{comment}").get("reactions") or {}
    up = sum(int(found.get(name) or 0) for name in _CHEERS)
    down = sum(int(found.get(name) or 0) for name in ("-1", "confused"))
    return Thumbs(up=up, down=down)


def _item(data: Json) -> Item:
    reactions: Json = data.get("reactions") or {}
    closed = data.get("closed_at")
    return Item(
        number=data["number"],
        title=data["title"] or "",
        body=data["body"] or "",
        author=readers.login(data["user"]),
        open=data["state"] == "open",
        reason=data.get("state_reason") or "",
        labels=tuple(label["name"] for label in data["labels"]),
        created_at=readers.moment(data["created_at"]),
        updated_at=readers.moment(data["updated_at"]),
        closed_at=readers.moment(closed) if closed else None,
        comments=data.get("comments") or 0,
        cheers=sum(int(reactions.get(name) or 0) for name in _CHEERS),
        planned=bool(data.get("milestone") or data.get("assignees")),
        locked=bool(data.get("locked")),
    )
