"""Two times or two groups of work by one figure: better, worse, alike, or too early to say."""

from __future__ import annotations

import math
from enum import StrEnum

from agent_os.domain.contract import Contract
from agent_os.policy import sample_sizes, statistics
from agent_os.policy.metrics.figures import FIGURES, value_of
from agent_os.policy.metrics.samples import Samples

#: On each side. A rate of fewer decides nothing, however bad the day was.
ENOUGH = 10


class Change(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    """The interval of the difference holds zero."""
    TOO_EARLY = "too_early"
    """Too few samples on one side."""


class Comparison(Contract):
    """`low` to `high`: the difference (now - before) lies there nine times of ten; None: unknown.

    `needs`: samples on each side that such a verdict takes, by an honest guess; 0: it is there.
    """

    change: Change
    low: float | None = None
    high: float | None = None
    needs: int = 0


def compare(
    name: str, now: Samples, before: Samples, expected: float | None = None
) -> Comparison | None:
    """None for sums: a shorter time has less of everything. `expected`: the value to look for,
    instead of the one that is seen now. KeyError for a name that is no figure."""
    goal = FIGURES[name].goal
    if now.kind == "sum":
        return None
    if min(len(now.values), len(before.values)) < ENOUGH:
        return Comparison(change=Change.TOO_EARLY, needs=_needs(name, now, before, expected))
    low, high = _difference(now, before)
    if low <= 0 <= high:
        needs = _needs(name, now, before, expected)
        return _told(Change.ALIKE, low, high, needs)
    better = (low > 0) is (goal == "higher")
    return _told(Change.BETTER if better else Change.WORSE, low, high, 0)


def _told(change: Change, low: float, high: float, needs: int) -> Comparison:
    return Comparison(change=change, low=_known(low), high=_known(high), needs=needs)


def _known(end: float) -> float | None:
    return None if math.isinf(end) else end


def _difference(now: Samples, before: Samples) -> tuple[float, float]:
    """Means by Welch; all others from the intervals of both sides, as Newcombe does for shares."""
    if now.kind == "mean":
        return statistics.mean_difference(now.values, before.values)
    mine, theirs = value_of("", now), value_of("", before)
    if mine.value is None or theirs.value is None:
        return -math.inf, math.inf
    low, high = _ends(mine.low, mine.high)
    low_before, high_before = _ends(theirs.low, theirs.high)
    down = math.hypot(mine.value - low, high_before - theirs.value)
    up = math.hypot(high - mine.value, theirs.value - low_before)
    return mine.value - theirs.value - down, mine.value - theirs.value + up


def _ends(low: float | None, high: float | None) -> tuple[float, float]:
    return (-math.inf if low is None else low), (math.inf if high is None else high)


def _needs(name: str, now: Samples, before: Samples, expected: float | None) -> int:
    """0 where nothing is known to guess by."""
    seen, past = value_of(name, now).value, value_of(name, before).value
    hoped = seen if expected is None else expected
    if hoped is None or past is None:
        return 0
    if now.kind == "share":
        return max(ENOUGH, sample_sizes.for_shares(past, min(1.0, max(0.0, hoped))))
    if now.kind == "ratio":
        return 0
    return max(ENOUGH, sample_sizes.for_means(before.values, hoped - past))
