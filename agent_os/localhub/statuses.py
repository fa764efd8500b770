"""Commit statuses."""

from dataclasses import dataclass

from agent_os.localhub.accounts import User
from agent_os.localhub.errors import invalid
from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks import notices

STATES = ("error", "failure", "pending", "success")


@dataclass(frozen=True)
class Status:
    """One report about a commit; the newest of each `context` counts."""

    id: int
    repo_id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator_id: int
    created_at: str


def of_commit(hub: Hub, repo_id: int, sha: str) -> list[Status]:
    """Newest first."""
    return hub.db.all(
        Status,
        "SELECT * FROM statuses WHERE repo_id = ? AND sha = ? ORDER BY id DESC",
        repo_id,
        sha,
    )


def latest(hub: Hub, repo_id: int, sha: str) -> list[Status]:
    """The newest of each context."""
    newest: dict[str, Status] = {}
    for status in of_commit(hub, repo_id, sha):
        newest.setdefault(status.context, status)
    return list(newest.values())


def combined(found: list[Status]) -> str:
    """failure, pending or success, as GitHub combines them (none at all is pending)."""
    states = {status.state for status in found}
    if states & {"error", "failure"}:
        return "failure"
    return "pending" if not states or "pending" in states else "success"


def create(
    hub: Hub,
    repo_id: int,
    actor: User,
    sha: str,
    *,
    state: str,
    context: str = "default",
    description: str | None = None,
    target_url: str | None = None,
) -> Status:
    """Report; 422 for an unknown state."""
    if state not in STATES:
        raise invalid("Status", "state", "custom", f"state is not one of {', '.join(STATES)}")
    hub.db.insert(
        "statuses",
        repo_id=repo_id,
        sha=sha,
        state=state,
        context=context,
        description=description,
        target_url=target_url,
        creator_id=actor.id,
        created_at=hub.now(),
    )
    made = of_commit(hub, repo_id, sha)[0]
    notices.add(hub, "status", "", repo_id, actor.id, made)
    return made
