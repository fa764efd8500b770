"""The record as rows for figures: read from the log alone, page by page."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime

from agent_os.domain.contract import Contract
from agent_os.domain.errors import BadInput
from agent_os.domain.events import Event
from agent_os.effects.world import World
from agent_os.policy.metrics.comparing import Comparison, compare
from agent_os.policy.metrics.figures import FIGURES, Value, split, value_of
from agent_os.policy.metrics.rounds import KINDS, RoundRow, rounds
from agent_os.policy.metrics.tallies import Tally, tally
from agent_os.store import log, repositories

_PAGE = 5_000


class Line(Contract):
    """One figure over one group of rounds. `group` empty: over all of them."""

    group: str
    value: Value
    before: Value | None = None
    compared: Comparison | None = None


def rows(
    world: World,
    repo_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[RoundRow]:
    """Rounds of a repository, or of all, in the order of their requests.

    `since`: those that ended then or later, or have not ended. `until`: as the record stood then.
    """
    survival = world.config.improvement.survival_days
    found = rounds(_events(world, repo_id, since, until), survival)
    if since is None:
        return found
    return [row for row in found if row.ended_at is None or row.ended_at >= since]


def _events(
    world: World, repo_id: int | None, since: datetime | None, until: datetime | None
) -> Generator[Event]:
    """Those that rows are made of; with `since` of the tasks only that something happened to."""
    after: int | None = 0
    while after is not None:  # the log is finite, and others only append to it
        with world.store.read() as tx:
            page = log.page(tx, KINDS, after, _PAGE, repo_id=repo_id, since=since)
        yield from (event for _, event in page if until is None or event.at <= until)
        after = page[-1][0] if len(page) == _PAGE else None


def repository_id(world: World, name: str) -> int:
    """Of a repository by its name, as last seen. BadInput when it was never looked at."""
    with world.store.read() as tx:
        found = repositories.named(tx, name)
    if found is None:
        raise BadInput(
            f"Nothing is recorded of {name}.",
            next_step="`agent-os status` lists the repositories.",
        )
    return found.repo_id


def lines(
    found: Sequence[RoundRow],
    names: Sequence[str],
    now: datetime,
    *,
    by: str = "",
    before: Sequence[RoundRow] | None = None,
) -> list[Line]:
    """Each figure over all rounds, or over each group of them; `before`: what to compare with."""
    groups = split(found, by) if by else {"": list(found)}
    past = (split(before, by) if by else {"": list(before)}) if before is not None else {}
    return [
        _line(name, group, mine, now, None if before is None else past.get(group, []))
        for name in names
        for group, mine in groups.items()
    ]


def _line(
    name: str,
    group: str,
    mine: Sequence[RoundRow],
    now: datetime,
    before: Sequence[RoundRow] | None,
) -> Line:
    samples = FIGURES[name].samples(mine, now)
    value = value_of(name, samples)
    if before is None:
        return Line(group=group, value=value)
    past = FIGURES[name].samples(before, now)
    return Line(
        group=group,
        value=value,
        before=value_of(name, past),
        compared=compare(name, samples, past),
    )


def tallies(found: Sequence[RoundRow], of: str) -> list[Tally]:
    """In how many rounds each reason, code, signature or failed check came up."""
    return tally(found, of)
