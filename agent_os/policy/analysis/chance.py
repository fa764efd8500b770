"""What chance alone may do: thresholds for many comparisons, and a test that compares like work."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent_os.policy import statistics

#: Of a thousand looks of one kind at a healthy organization, at most one finds something.
ALPHA = 0.001


class Counts(NamedTuple):
    """Of one stratum: how many of the samples are hits, now and before."""

    hits: int
    samples: int
    hits_before: int
    samples_before: int


def threshold(best: Sequence[float], alpha: float = ALPHA) -> float:
    """The level for each of many tests so that all together keep to `alpha`, by Tarone's method:
    `best` is the smallest p-value that each could reach; those that can't reach it don't count.
    """
    level = 1
    while sum(p <= alpha / level for p in best) > level:
        level += 1
    return alpha / level


def together(strata: Sequence[Counts]) -> Counts:
    """The sums; all zero without strata."""
    return Counts(*(sum(one[i] for one in strata) for i in range(len(Counts._fields))))


def best_p(counts: Counts) -> float:
    """The smallest p-value that so many hits could give, however they were divided."""
    total = counts.hits + counts.hits_before
    most = min(total, counts.samples)
    return statistics.fisher(most, counts.samples, total - most, counts.samples_before)


def more_hits(strata: Iterable[Counts]) -> float:
    """How likely so many hits now, or more, would be if in each stratum both shares were equal:
    exact, from the sum of the hypergeometric distributions. 1.0 without samples."""
    ways: list[float] = [1.0]
    hits = 0
    for one in strata:
        ways = _sum(ways, _dealt(one))
        hits += one.hits
    return min(1.0, math.fsum(ways[hits:]))


def _dealt(one: Counts) -> list[float]:
    """The probability of each number of hits among the samples of now."""
    drawn = one.hits + one.hits_before
    total = math.comb(one.samples + one.samples_before, drawn)
    return [
        math.comb(one.samples, k) * math.comb(one.samples_before, drawn - k) / total
        if drawn - k <= one.samples_before
        else 0.0
        for k in range(min(one.samples, drawn) + 1)
    ]


def _sum(one: Sequence[float], other: Sequence[float]) -> list[float]:
    found = [0.0] * (len(one) + len(other) - 1)
    for i, p in enumerate(one):
        for j, q in enumerate(other):
            found[i + j] += p * q
    return found
