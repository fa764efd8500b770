"""The record as rows for figures: read from the log alone, page by page."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

from agent_os.domain.events import Event
from agent_os.effects.world import World
from agent_os.policy.metrics.rounds import KINDS, RoundRow, rounds
from agent_os.store import log

_PAGE = 5_000


def rows(
    world: World, repo_id: int | None = None, since: datetime | None = None
) -> list[RoundRow]:
    """Rounds of a repository, or of all, in the order of their requests.

    `since`: those that ended then or later, or have not ended.
    """
    survival = world.config.improvement.survival_days
    found = rounds(_events(world, repo_id, since), survival)
    if since is None:
        return found
    return [row for row in found if row.ended_at is None or row.ended_at >= since]


def _events(world: World, repo_id: int | None, since: datetime | None) -> Generator[Event]:
    """Those that rows are made of; with `since` of the tasks only that something happened to."""
    after: int | None = 0
    while after is not None:  # the log is finite, and others only append to it
        with world.store.read() as tx:
            page = log.page(tx, KINDS, after, _PAGE, repo_id=repo_id, since=since)
        yield from (event for _, event in page)
        after = page[-1][0] if len(page) == _PAGE else None
