"""How many samples it takes to see a difference, before anybody waits for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

#: A real difference is seen in four of five comparisons …
POWER = 0.80
#: … and none is seen by chance in nineteen of twenty: the tests look into one direction.
LEVEL = 0.05
#: More than any comparison here can have.
ENDLESS = 1_000_000
_Z = NormalDist().inv_cdf(1 - LEVEL) + NormalDist().inv_cdf(POWER)


def for_shares(before: float, expected: float) -> int:
    """Samples on each side, to see one share become the other; `ENDLESS` for equal ones."""
    if before == expected:
        return ENDLESS
    up, down = math.asin(math.sqrt(expected)), math.asin(math.sqrt(before))
    return _bounded(_Z**2 / (2 * (up - down) ** 2))


def for_means(values: Sequence[float], difference: float) -> int:
    """Samples on each side, to see values that spread like these move by so much."""
    n = len(values)
    if n < 2 or difference == 0:
        return ENDLESS
    mean = math.fsum(values) / n
    variance = math.fsum((v - mean) ** 2 for v in values) / (n - 1)
    return _bounded(2 * variance * _Z**2 / difference**2)


def _bounded(samples: float) -> int:
    """At least three: fewer show nothing, however large the difference."""
    return max(3, min(ENDLESS, math.ceil(samples)))
