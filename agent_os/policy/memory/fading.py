"""Which lessons are forgotten: unused, contradicted by their record, about what is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.lessons import Ending, Lesson, Record
from agent_os.policy import statistics

#: Attempts that were told a lesson, before its record says anything.
LEAST_TRIALS = 5
#: How unlikely such a record has to be by chance. Many lessons are judged, week for week.
SIGNIFICANT = 0.01
#: Active lessons of a repository; the least useful ones make room.
MOST = 300


class Judged(Contract):
    """A lesson with the record of attempts that were told it, and of the others of its type."""

    lesson: Lesson
    told: Record = Record()
    others: Record = Record()


class Faded(Contract):
    lesson: Lesson
    ending: Ending
    why: str


def faded(
    judged: Sequence[Judged],
    exists: Callable[[str], bool] | None,
    now: datetime,
    lasts: timedelta,
) -> list[Faded]:
    """`exists`: whether a path is there on the base; None: the base could not be read."""
    gone: list[Faded] = []
    kept: list[Judged] = []
    for one in judged:
        found = _one(one, exists, now, lasts)
        gone += [found] if found else []
        kept += [] if found else [one]
    return gone + _crowded(kept)


def _one(
    one: Judged, exists: Callable[[str], bool] | None, now: datetime, lasts: timedelta
) -> Faded | None:
    lesson = one.lesson
    if why := contradicted(one):
        return Faded(lesson=lesson, ending=Ending.CONTRADICTED, why=why)
    if lesson.touched_at + lasts <= now:
        why = f"nobody learned it or was told it again for {lasts.days} days"
        return Faded(lesson=lesson, ending=Ending.EXPIRED, why=why)
    if lesson.paths and exists is not None and not any(exists(path) for path in lesson.paths):
        why = f"{lesson.paths[0]} is not there any more"
        return Faded(lesson=lesson, ending=Ending.PATH_GONE, why=why)
    return None


def contradicted(one: Judged) -> str:
    """How those who were told it failed more than others; empty: they did not, for all we know."""
    told, others = one.told, one.others
    if told.trials < LEAST_TRIALS:
        return ""
    chance = statistics.fisher(told.lost, told.trials, others.lost, others.trials)
    if chance >= SIGNIFICANT:
        return ""
    return (
        f"{told.lost} of {told.trials} attempts that were told it failed, "
        f"{others.lost} of {others.trials} others (p = {chance:.2g})"
    )


def _crowded(kept: Sequence[Judged]) -> list[Faded]:
    if len(kept) <= MOST:
        return []
    worth = sorted(
        kept, key=lambda one: (one.lesson.evidence + one.lesson.used, one.lesson.touched_at)
    )
    why = f"a repository keeps {MOST} lessons"
    return [
        Faded(lesson=one.lesson, ending=Ending.CROWDED_OUT, why=why)
        for one in worth[: len(kept) - MOST]
    ]
