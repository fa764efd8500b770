"""How much fits into a sprint: from measured throughput, corrected by how past forecasts went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.policy.specs import TYPES

WEEKS = 8
#: Tasks a week where there is no record to measure.
ASSUMED_PER_WEEK = 3.0
#: With fewer finished rounds in those weeks nothing is measured.
LEAST_ROUNDS = 3
#: A type's own figure counts as much as the overall one when it has so many samples.
_SHRINK = 3
_CHEAPEST, _DEAREST = 0.5, 3.0
#: Past sprints that correct the next forecast, and how far.
_SPRINTS = 4
_LOWEST, _HIGHEST = 0.5, 1.5
#: Of the normal distribution: nine of ten times within.
_Z90 = 1.645
_WEEK = timedelta(days=7)


class TypeRecord(Contract):
    """What similar work took and led to. A point is the work of a median task here."""

    points: float = 1.0
    done: int = 0
    given_up: int = 0
    """Cancelled, or in need of a person, after at least one attempt."""
    usd: float | None = None
    """Of a finished one on average; None: not known."""

    @property
    def failed(self) -> float:
        """The share that did not end well; near one in ten where little is known."""
        return (self.given_up + 0.5) / (self.done + self.given_up + 5)


class Estimates(Contract):
    types: dict[str, TypeRecord] = Field(default_factory=dict[str, TypeRecord])

    def of(self, task_type: str) -> TypeRecord:
        return self.types.get(task_type, TypeRecord())


class Past(Contract):
    """An ended sprint: points that were planned, and points that were done per planned length."""

    planned: float
    done: float


class Capacity(Contract):
    """Points. `low` to `high`: nine of ten sprints within, as far as the record can tell."""

    points: float
    low: float
    high: float
    per_week: float
    rounds: int
    """Finished in the weeks that were measured."""
    weeks: float
    factor: float = 1.0
    """By which forecasts of the past were wrong."""
    sprints: int = 0
    assumed: bool = False
    """There is too little record: a default."""

    @property
    def words(self) -> str:
        """Where the figure comes from, in a sentence."""
        if self.assumed:
            base = (
                f"{ASSUMED_PER_WEEK:g} tasks a week are assumed, as only {self.rounds} were "
                f"finished in the last {WEEKS} weeks"
            )
        else:
            base = (
                f"{self.rounds} tasks were finished in the last {self.weeks:.1f} weeks "
                f"({self.per_week:.1f} points a week)"
            )
        if not self.sprints:
            return f"{base}."
        return f"{base}; times {self.factor:.2f}, by the forecasts of {self.sprints} sprints."


def estimates(rows: Sequence[RoundRow]) -> Estimates:
    """By type of task, from all rounds with attempts."""
    done = [row for row in rows if finished(row) and _work_seconds(row) > 0]
    overall = median([_work_seconds(row) for row in done]) if done else 0.0
    found: dict[str, TypeRecord] = {}
    for name in (*TYPES, "default"):
        mine = [row for row in done if row.type == name]
        given_up = [r for r in rows if r.type == name and r.attempts and _given_up(r)]
        priced = [row.usd for row in mine if any(a.usd is not None for a in row.attempts)]
        found[name] = TypeRecord(
            points=_points(mine, overall),
            done=len(mine),
            given_up=len(given_up),
            usd=sum(priced) / len(priced) if priced else None,
        )
    return Estimates(types=found)


def _points(rows: Sequence[RoundRow], overall: float) -> float:
    """The type's median against the overall one, drawn towards 1 by few samples."""
    if not rows or not overall:
        return 1.0
    own = median([_work_seconds(row) for row in rows]) / overall
    drawn = (len(rows) * own + _SHRINK) / (len(rows) + _SHRINK)
    return round(min(_DEAREST, max(_CHEAPEST, drawn)), 2)


def finished(row: RoundRow) -> datetime | None:
    """When it was merged or answered."""
    return row.merged_at or row.finished_at


def _given_up(row: RoundRow) -> bool:
    return not finished(row) and bool(row.cancelled or row.holds)


def _work_seconds(row: RoundRow) -> float:
    return sum(attempt.seconds for attempt in row.attempts)


def capacity(
    rows: Sequence[RoundRow],
    known: Estimates,
    past: Sequence[Past],
    days: float,
    now: datetime,
) -> Capacity:
    """Of the next `days`."""
    ended = [(row, at) for row in rows if (at := finished(row)) and at > now - WEEKS * _WEEK]
    first = min((row.requested_at for row in rows), default=now)
    weeks = min(float(WEEKS), max(1.0, (now - first) / _WEEK))
    factor, sprints = calibration(past)
    assumed = len(ended) < LEAST_ROUNDS
    points = sum(known.of(row.type).points for row, _ in ended)
    each = points / len(ended) if ended else 1.0
    count = ASSUMED_PER_WEEK if assumed else len(ended)
    length = 1.0 if assumed else weeks
    low, high = _poisson(count)
    scale = each * factor * (days / 7) / length
    return Capacity(
        points=round(count * scale, 1),
        low=round(low * scale, 1),
        high=round(high * scale, 1),
        per_week=round(count * each / length, 2),
        rounds=len(ended),
        weeks=weeks,
        factor=factor,
        sprints=sprints,
        assumed=assumed,
    )


def calibration(past: Sequence[Past]) -> tuple[float, int]:
    """(what a forecast is to be multiplied with, the sprints that say so)."""
    last = [one for one in past if one.planned > 0][-_SPRINTS:]
    if not last:
        return 1.0, 0
    # A few points on both sides: one sprint alone does not halve the next.
    ratio = (sum(p.done for p in last) + 2) / (sum(p.planned for p in last) + 2)
    return round(min(_HIGHEST, max(_LOWEST, ratio)), 2), len(last)


def _poisson(count: float) -> tuple[float, float]:
    """The rates under which such a count is no surprise (Byar's approximation, 90%)."""
    low = 0.0
    if count > 0:
        low = count * max(0.0, 1 - 1 / (9 * count) - _Z90 / (3 * count**0.5)) ** 3
    up = count + 1
    return low, up * (1 - 1 / (9 * up) + _Z90 / (3 * up**0.5)) ** 3
