"""What the organization's own thinking costs, and what it was asked before."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from agent_os.domain.events import DESK, Event
from agent_os.domain.tasks import TaskKey
from agent_os.store import log, trials

#: More than a year of weekly questions.
_REMEMBERED = 1_000
_MOST = 10_000


def spent_since(tx: sa.Connection, since: datetime) -> float:
    """US dollars, of all repositories; what is under way counts with its cap."""
    found = log.history(tx, kinds=trials.THOUGHTS, limit=_MOST)
    return sum(trials.usd_of(event) for _, event in found if trials.began(event) >= since)


def of_repository(tx: sa.Connection, repo_id: int) -> list[Event]:
    """The newest ones, oldest first."""
    key = TaskKey(repo_id, DESK)
    return [event for _, event in log.history(tx, key, kinds=trials.THOUGHTS, limit=_REMEMBERED)]
