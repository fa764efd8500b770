"""What became of the pull requests that no task made: reverts, and CODEBASE.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from agent_os.domain.contract import Contract
from agent_os.domain.errors import NotFound
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.store import log
from agent_os.store.repositories import Repository

_KINDS = (EventKind.PROPOSAL_PUSHED, EventKind.PROPOSAL_OPENED, EventKind.PROPOSAL_ENDED)
_MOST_LOOKED_AT = 20


class Proposal(Contract):
    """One branch of ours, and its pull request if there is one (`number`; 0: not yet)."""

    purpose: str
    branch: str
    sha: str
    number: int = 0
    state: Literal["pushed", "open", "merged", "closed"] = "pushed"
    pushed_at: datetime
    ended_at: datetime | None = None
    by: str = ""
    """Who merged or closed it, as far as GitHub tells."""


def known(world: World, repo_id: int) -> list[Proposal]:
    """By our own record, oldest first."""
    with world.store.read() as tx:
        said = log.of_repository(tx, repo_id, _KINDS)
    return folded([event for _, event in said])


def folded(events: Sequence[Event]) -> list[Proposal]:
    found: dict[str, Proposal] = {}
    for event in events:
        data, branch = event.data, str(event.data.get("branch", ""))
        if event.kind is EventKind.PROPOSAL_PUSHED:
            found[branch] = Proposal(
                purpose=data["purpose"], branch=branch, sha=data["sha"], pushed_at=event.at
            )
        elif event.kind is EventKind.PROPOSAL_OPENED and branch in found:
            update = {"number": int(data["number"]), "state": "open"}
            found[branch] = found[branch].model_copy(update=update)
        elif event.kind is EventKind.PROPOSAL_ENDED:
            _end(found, event)
    return list(found.values())


def _end(found: dict[str, Proposal], event: Event) -> None:
    for branch, one in found.items():
        if one.number and one.number == event.data.get("number"):
            update = {"state": event.data["how"], "ended_at": event.at}
            found[branch] = one.model_copy(update={**update, "by": event.data.get("by", "")})


def look(world: World, row: Repository) -> list[Proposal]:
    """All proposals in a repository; those that ended since the last look are noted."""
    proposals = known(world, row.repo_id)
    waiting = [one for one in proposals if one.state == "open"][:_MOST_LOOKED_AT]
    ended = [event for event in (_ended(world, row, one) for one in waiting) if event]
    if ended:
        with world.store.write() as tx:
            log.append(world.store, tx, ended)
        proposals = known(world, row.repo_id)
    return proposals


def opened(world: World, row: Repository, purpose: str) -> Proposal | None:
    """The newest for this purpose, as it is on GitHub now; None: there was none."""
    return next((one for one in look(world, row)[::-1] if one.purpose == purpose), None)


def _ended(world: World, row: Repository, one: Proposal) -> Event | None:
    try:
        seen = readers.pull(world.client, row.name, one.number)
        if seen.open:
            return None
        how, by = ("merged", seen.merged_by) if seen.merged else ("closed", "")
        if not seen.merged:
            issue = world.client.get(f"/repos/{row.name}/issues/{one.number}")
            by = readers.login(issue.get("closed_by"))
    except NotFound:
        readers.repository(world.client, row.name)  # raises when it is the repository that is gone
        how, by = "closed", ""
    data = {"purpose": one.purpose, "number": one.number, "how": how, "by": by}
    now = world.clock.now()
    return Event(kind=EventKind.PROPOSAL_ENDED, at=now, repo_id=row.repo_id, number=DESK, data=data)
