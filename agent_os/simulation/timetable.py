"""What happens when: the next due time of anything, and people's working hours."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

_BEGINS, _ENDS = 9, 17
_DAY_HOURS = _ENDS - _BEGINS
_SATURDAY = 5

Act = Callable[[], None]


class Timetable:
    """Acts by their time; those of one time in the order in which they were planned."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Act]] = []
        self._count = 0

    def at(self, moment: datetime, act: Act) -> None:
        self._count += 1
        heapq.heappush(self._heap, (moment, self._count, act))

    def next(self, end: datetime) -> tuple[datetime, Act] | None:
        """The next one before `end`, taken off."""
        if not self._heap or self._heap[0][0] >= end:
            return None
        moment, _, act = heapq.heappop(self._heap)
        return moment, act


def working_hours_later(moment: datetime, hours: float) -> datetime:
    """So many working hours after `moment`: nine to five UTC, Monday to Friday."""
    now = _at_work(moment)
    while hours > 0:
        left = (now.replace(hour=_ENDS, minute=0, second=0, microsecond=0) - now) / timedelta(
            hours=1
        )
        if hours < left:
            return now + timedelta(hours=hours)
        hours -= left
        now = _at_work(_morning(now) + timedelta(days=1))
    return now


def _morning(moment: datetime) -> datetime:
    return moment.replace(hour=_BEGINS, minute=0, second=0, microsecond=0)


def _at_work(moment: datetime) -> datetime:
    if moment.hour >= _ENDS:
        moment = _morning(moment) + timedelta(days=1)
    while moment.weekday() >= _SATURDAY:
        moment = _morning(moment) + timedelta(days=1)
    return max(moment, _morning(moment))


#: Of a week.
WORKING_HOURS = 5 * _DAY_HOURS
