"""What the jobs that improve the organization share: the ledger of signals, and who may write."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from agent_os.domain.effects import Step
from agent_os.domain.errors import NotFound
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.rules import Mode
from agent_os.domain.signals import Signal
from agent_os.domain.tasks import TaskKey
from agent_os.effects import resolver
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.jobs.organization import Decided
from agent_os.policy import filing
from agent_os.store import log, pauses, repositories, tasks
from agent_os.store.repositories import Repository


def repository(world: World, name: str) -> Repository | None:
    """The row as last seen; None: it was never looked at. What is under way is resolved first."""
    with world.store.read() as tx:
        row = repositories.named(tx, name)
    if row is not None and not row.frozen:
        resolver.resolve_all(world, row.repo_id)
    return row


def stopped(world: World, row: Repository) -> str:
    """Why nothing is to be written in a repository; empty: it may be."""
    rules = world.config.rules(row.name)
    with world.store.read() as tx:
        paused = pauses.paused(tx)
    if rules is None or row.frozen:
        return row.frozen or "it is not in the config"
    if row.owned_elsewhere:
        return row.owned_elsewhere
    if rules.mode is Mode.DRY_RUN:
        return "its mode is dry-run"
    return "it is paused" if {pauses.ALL, row.name.lower()} & paused else ""


def events(
    tx: sa.Connection, repo_id: int, kinds: Sequence[EventKind], limit: int = 100_000
) -> list[tuple[int, Event]]:
    """All events of these kinds about a repository or its issues, oldest first."""
    return log.of_repository(tx, repo_id, kinds, limit)


def newest_at_desk(world: World, repo_id: int, kinds: Sequence[EventKind]) -> Event | None:
    """The last event of these kinds about the repository as a whole."""
    with world.store.read() as tx:
        found = log.history(tx, TaskKey(repo_id, DESK), kinds=kinds, limit=1)
    return found[-1][1] if found else None


def file_all(world: World, row: Repository, signals: Sequence[Signal]) -> list[Decided]:
    """Steps for signals whose issues belong into this repository."""
    mine = [signal for signal in signals if signal.repo_id == row.repo_id]
    facts = _facts(world, row, mine)
    steps = filing.decide(mine, facts)
    return [(step, _seen(world, step)) for step in steps]


def left(world: World, row: Repository) -> int:
    """How many issues may be filed there this week, besides those that were."""
    with world.store.read() as tx:
        filed = events(tx, row.repo_id, (EventKind.ISSUE_FILED,))
    done = filing.filed_in_week((event for _, event in filed), world.clock.now())
    return world.config.improvement.issues_per_week - done


def _seen(world: World, step: Step) -> int:
    with world.store.read() as tx:
        return tasks.seq(tx, step.key)


def _facts(world: World, row: Repository, signals: Sequence[Signal]) -> filing.FilingFacts:
    now = world.clock.now()
    wanted = {signal.id for signal in signals}
    with world.store.read() as tx:
        filed = events(tx, row.repo_id, (EventKind.ISSUE_FILED,))
        told = events(tx, row.repo_id, (EventKind.ISSUE_TOLD,))
        seen = events(tx, row.repo_id, (EventKind.SIGNAL_SEEN,))
    known = {one.data["signal"]: one for _, one in filed if one.data["signal"] in wanted}
    return filing.FilingFacts(
        repo_id=row.repo_id,
        repo=row.name,
        known={name: _filed(world, row, one, told) for name, one in known.items()},
        outcomes={e.data["signal"]: f"{e.data['outcome']}: {e.data['reason']}" for _, e in seen},
        filed_this_week=filing.filed_in_week((event for _, event in filed), now),
        cap=world.config.improvement.issues_per_week,
        start=world.config.improvement.start,
        stopped=stopped(world, row),
        label=world.config.labels.proposal,
        now=now,
    )


def _filed(
    world: World, row: Repository, filed: Event, told: Sequence[tuple[int, Event]]
) -> filing.Filed:
    number = int(filed.data["number"])
    mark = "evidence:"
    digests = [
        e.data["purpose"].removeprefix(mark)
        for _, e in told
        if e.number == number and e.data["purpose"].startswith(mark)
    ]
    try:
        issue = readers.raw_issue(world.client, row.name, number)
    except NotFound:
        readers.repository(world.client, row.name)
        issue = {"state": "closed", "state_reason": "not_planned"}  # gone: nobody wants it
    with world.store.read() as tx:
        seen = tasks.seq(tx, TaskKey(row.repo_id, number))
    return filing.Filed(
        number=number,
        open=issue["state"] == "open",
        not_planned=issue.get("state_reason") == "not_planned",
        told=digests[-1] if digests else str(filed.data.get("told", "")),
        seen=seen,
    )
