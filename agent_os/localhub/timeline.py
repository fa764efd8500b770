"""Events of issues and pull requests: who did what when."""

import json
from dataclasses import dataclass
from typing import Any

from agent_os.localhub.accounts import User
from agent_os.localhub.errors import not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks import notices


@dataclass(frozen=True)
class Event:
    """`kind` as GitHub names it; `data` is JSON with the fields of that kind."""

    id: int
    repo_id: int
    issue_id: int
    kind: str
    actor_id: int
    created_at: str
    commit_id: str | None
    data: str

    def fields(self) -> dict[str, Any]:
        """The fields of this kind, e.g. {"label": {"name", "color"}}."""
        return json.loads(self.data)


def add(
    hub: Hub,
    repo_id: int,
    issue_id: int,
    kind: str,
    actor: User,
    *,
    commit_id: str | None = None,
    **fields: Any,
) -> None:
    """Record an event now."""
    hub.db.insert(
        "events",
        id=hub.db.ticket(),
        repo_id=repo_id,
        issue_id=issue_id,
        kind=kind,
        actor_id=actor.id,
        created_at=hub.now(),
        commit_id=commit_id,
        data=json.dumps(fields),
    )
    notices.of_timeline(hub, repo_id, issue_id, kind, actor.id, fields)


def of_issue(hub: Hub, issue_id: int) -> list[Event]:
    """Oldest first."""
    return hub.db.all(Event, "SELECT * FROM events WHERE issue_id = ? ORDER BY id", issue_id)


def of_repository(hub: Hub, repo_id: int) -> list[Event]:
    """Newest first."""
    return hub.db.all(
        Event,
        "SELECT events.* FROM events JOIN issues ON issues.id = issue_id"
        " WHERE events.repo_id = ? AND NOT deleted ORDER BY events.id DESC",
        repo_id,
    )


def get(hub: Hub, repo_id: int, event_id: int) -> Event:
    """By id; 404."""
    event = hub.db.one(
        Event, "SELECT * FROM events WHERE repo_id = ? AND id = ?", repo_id, event_id
    )
    if event is None:
        raise not_found()
    return event
