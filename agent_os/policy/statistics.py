"""Statistics for small samples: intervals, exact tests, and how many samples a comparison takes.

Pure functions without chance: the same numbers always give the same answer. Two-sided intervals
hold nine times of ten (`Z90`), unless said otherwise. Tests give one-sided p-values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

_NORMAL = NormalDist()
#: Nine of ten true values lie in the interval.
Z90 = 1.64
CONFIDENCE = 0.90
_MOST_EXACT = 200_000
"""Ways to deal the ranks that are counted one by one; more are approximated."""


def wilson(successes: int, samples: int, z: float = Z90) -> tuple[float, float]:
    """Wilson's interval of a share; (0, 1) when nothing is known."""
    if samples == 0:
        return 0.0, 1.0
    share, z2 = successes / samples, z * z
    middle = (share + z2 / (2 * samples)) / (1 + z2 / samples)
    spread = math.sqrt(share * (1 - share) / samples + z2 / (4 * samples * samples))
    half = z * spread / (1 + z2 / samples)
    return max(0.0, middle - half), min(1.0, middle + half)


def fisher(hits: int, samples: int, hits_before: int, samples_before: int) -> float:
    """Fisher's exact test: how likely so many hits, or more, would be if both shares were equal."""
    total, drawn = samples + samples_before, hits + hits_before
    ways = math.comb(total, drawn)
    most = min(samples, drawn)
    more = range(hits, most + 1)
    return min(1.0, sum(math.comb(samples, k) * _comb(samples_before, drawn - k) for k in more) / ways)


def _comb(n: int, k: int) -> int:
    return math.comb(n, k) if 0 <= k <= n else 0


def rate_rose(count: int, exposure: float, before: int, exposure_before: float) -> float:
    """Exact comparison of two counts with their exposures (weeks, attempts): how likely so many, or
    more, would be at an equal rate. Given their sum, the count is binomial. 1.0 without any."""
    total = count + before
    if total == 0 or count == 0 or exposure <= 0 or exposure_before <= 0:
        return 1.0
    return binomial_at_least(count, total, exposure / (exposure + exposure_before))


def binomial_at_least(count: int, samples: int, share: float) -> float:
    """The probability of `count` hits or more."""
    if count <= 0:
        return 1.0
    return incomplete_beta(count, samples - count + 1, share) if count <= samples else 0.0


def mann_whitney(values: Sequence[float], before: Sequence[float]) -> float:
    """Whether `values` tend to be larger than those before: exact for few of them without ties,
    else by the normal approximation with ties and continuity corrected. 1.0 when one is empty."""
    n, m = len(values), len(before)
    if n == 0 or m == 0:
        return 1.0
    ranks, ties = _ranks([*values, *before])
    u = sum(ranks[:n]) - n * (n + 1) / 2
    if not ties and math.comb(n + m, n) <= _MOST_EXACT:
        return _exact_u(round(u), n, m)
    total = n + m
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    if spread == 0:
        return 1.0
    return 1 - _NORMAL.cdf((u - n * m / 2 - 0.5) / spread)


def _ranks(values: Sequence[float]) -> tuple[list[float], float]:
    """Ranks from 1, equal values sharing theirs, and the sum of t³ − t over those."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, ties, start = [0.0] * len(values), 0.0, 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            ranks[order[place]] = (start + end) / 2 + 1
        size = end - start + 1
        ties += size**3 - size
        start = end + 1
    return ranks, ties


def _exact_u(u: int, n: int, m: int) -> float:
    """P(U ≥ u): the coefficients of the Gaussian binomial count the ways."""
    ways = [1, *[0] * (n * m)]
    for i in range(1, n + 1):
        for k in range(m + i, n * m + 1)[::-1]:
            ways[k] -= ways[k - m - i]
        for k in range(i, n * m + 1):
            ways[k] += ways[k - i]
    return sum(ways[max(0, u) :]) / sum(ways)


def difference(
    successes: int, samples: int, successes_before: int, samples_before: int
) -> tuple[float, float]:
    """Interval of the difference of two shares (now − before), by Newcombe's method."""
    if samples == 0 or samples_before == 0:
        return -1.0, 1.0
    now, before = successes / samples, successes_before / samples_before
    low, high = wilson(successes, samples)
    low_before, high_before = wilson(successes_before, samples_before)
    down = math.hypot(now - low, high_before - before)
    up = math.hypot(high - now, before - low_before)
    return now - before - down, now - before + up


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Of the mean, by Student's t; endless when there are fewer than two values."""
    n = len(values)
    if n < 2:
        return -math.inf, math.inf
    mean = math.fsum(values) / n
    half = t_quantile((1 + CONFIDENCE) / 2, n - 1) * _error(values, mean)
    return mean - half, mean + half


def _error(values: Sequence[float], mean: float) -> float:
    """Standard error of the mean."""
    n = len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)


def ratio_interval(parts: Sequence[float], wholes: Sequence[float]) -> tuple[float, float]:
    """Of Σparts / Σwholes over samples of both, linearized, by Student's t."""
    n, whole = len(parts), math.fsum(wholes)
    if n < 2 or whole <= 0:
        return -math.inf, math.inf
    ratio = math.fsum(parts) / whole
    left = [part - ratio * size for part, size in zip(parts, wholes, strict=True)]
    half = t_quantile((1 + CONFIDENCE) / 2, n - 1) * _error(left, 0.0) * n / whole
    return ratio - half, ratio + half


def mean_difference(values: Sequence[float], before: Sequence[float]) -> tuple[float, float]:
    """Interval of the difference of two means (now − before), by Welch's t."""
    n, m = len(values), len(before)
    if n < 2 or m < 2:
        return -math.inf, math.inf
    now, then = math.fsum(values) / n, math.fsum(before) / m
    a, b = _error(values, now) ** 2, _error(before, then) ** 2
    if a + b == 0:
        return now - then, now - then
    freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    half = t_quantile((1 + CONFIDENCE) / 2, freedom) * math.sqrt(a + b)
    return now - then - half, now - then + half


def quantile(values: Sequence[float], share: float) -> float:
    """Between the neighbouring order statistics, linearly. ValueError without values."""
    found = sorted(values)
    if not found:
        raise ValueError("a quantile of nothing")
    place = (len(found) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(found) - 1)
    return found[low] + (found[high] - found[low]) * (place - low)


def quantile_interval(values: Sequence[float], share: float) -> tuple[float, float]:
    """By order statistics, whatever the distribution; endless where there are too few for it."""
    found, tail = sorted(values), (1 - CONFIDENCE) / 2
    n, below = len(found), 0.0
    low, high = -math.inf, math.inf
    for k in range(n + 1):
        if below <= tail and k > 0:
            low = found[k - 1]
        below += binomial_is(k, n, share)
        if below >= 1 - tail and k < n:
            high = found[k]
            break
    return low, high


def binomial_is(count: int, samples: int, share: float) -> float:
    """The probability of exactly `count` hits; `share` between 0 and 1, neither."""
    ways = math.lgamma(samples + 1) - math.lgamma(count + 1) - math.lgamma(samples - count + 1)
    odds = count * math.log(share) + (samples - count) * math.log1p(-share)
    return math.exp(ways + odds)
