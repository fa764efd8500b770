"""What happened, noted while it happens. Who changes something tells it here; the payload is
drawn when the transaction ends, as GitHub shows what is so then."""

from dataclasses import dataclass, field
from typing import Any

from agent_os.localhub.hub import Hub

#: Actions for events of the timeline; what is not here is told elsewhere, or to nobody.
ACTIONS = {
    "labeled": "labeled",
    "unlabeled": "unlabeled",
    "closed": "closed",
    "reopened": "reopened",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "review_requested": "review_requested",
    "review_request_removed": "review_request_removed",
    "convert_to_draft": "converted_to_draft",
    "ready_for_review": "ready_for_review",
}


@dataclass(frozen=True)
class Notice:
    """One event of a repository.

    actor_id -- None for what no user did himself, as a check that ended. subject -- the row it is
    about, as it is known to the module that draws it. extra -- what the row does not say.
    """

    event: str
    action: str
    repo_id: int
    actor_id: int | None
    subject: Any = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


def add(
    hub: Hub,
    event: str,
    action: str,
    repo_id: int,
    actor_id: int | None,
    subject: Any = None,
    **extra: Any,
) -> None:
    """Tell it at the end of the transaction, if that succeeds."""
    hub.db.note(Notice(event, action, repo_id, actor_id, subject, extra))


def of_issue(
    hub: Hub, repo_id: int, issue_id: int, action: str, actor_id: int, **extra: Any
) -> None:
    """Something happened to an issue or pull request; which of them it is, is seen later."""
    add(hub, "issues", action, repo_id, actor_id, issue_id, **extra)


def of_timeline(
    hub: Hub, repo_id: int, issue_id: int, kind: str, actor_id: int, fields: dict[str, Any]
) -> None:
    """Tell an event of the timeline, if it is of a kind that webhooks tell."""
    action = ACTIONS.get(kind)
    if action is not None:
        of_issue(hub, repo_id, issue_id, action, actor_id, **fields)
