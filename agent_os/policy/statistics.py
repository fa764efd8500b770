"""Statistics for small samples: intervals, exact tests, and how many samples a comparison takes.

Pure functions without chance: the same numbers always give the same answer. Two-sided intervals
hold nine times of ten (`Z90`), unless said otherwise. Tests give one-sided p-values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

from agent_os.policy.distributions import binomial_is, t_quantile

_NORMAL = NormalDist()
#: Nine of ten true values lie in the interval.
Z90 = 1.64
CONFIDENCE = 0.90
#: With more values than that in both samples together, ranks are approximated.
_EXACT_RANKS = 30


def wilson(successes: int, samples: int, z: float = Z90) -> tuple[float, float]:
    """Wilson's interval of a share; (0, 1) when nothing is known."""
    if samples == 0:
        return 0.0, 1.0
    share, z2 = successes / samples, z * z
    middle = (share + z2 / (2 * samples)) / (1 + z2 / samples)
    spread = math.sqrt(share * (1 - share) / samples + z2 / (4 * samples * samples))
    half = z * spread / (1 + z2 / samples)
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == samples else min(1.0, middle + half)


def fisher(hits: int, samples: int, hits_before: int, samples_before: int) -> float:
    """Fisher's exact test: how likely so many hits, or more, would be if both shares were equal."""
    drawn = hits + hits_before
    most = min(samples, drawn)
    term = total = math.exp(
        _ways(samples, hits)
        + _ways(samples_before, hits_before)
        - _ways(samples + samples_before, drawn)
    )
    for k in range(hits, most):  # from the chance of k hits to that of one more
        left = samples_before - drawn + k + 1
        term *= (samples - k) * (drawn - k) / ((k + 1) * left)
        total += term
    return min(1.0, total)


def _ways(n: int, k: int) -> float:
    """The logarithm of n over k."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def mann_whitney(values: Sequence[float], before: Sequence[float]) -> float:
    """Whether `values` tend to be larger than those before, by their ranks: exact for few of them,
    also with ties; else by the normal approximation, corrected for ties and continuity. 1.0 when
    one is empty."""
    n, m = len(values), len(before)
    if n == 0 or m == 0:
        return 1.0
    ranks, ties = _ranks([*values, *before])
    mine = sum(ranks[:n])
    if n + m <= _EXACT_RANKS:
        return _deals(ranks, n, mine)
    total = n + m
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    if spread == 0:
        return 1.0
    return 1 - _NORMAL.cdf((mine - n * (total + 1) / 2 - 0.5) / spread)


def _ranks(values: Sequence[float]) -> tuple[list[float], float]:
    """Ranks from 1, equal values sharing theirs, and the sum of t³ - t over those."""
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


def _deals(ranks: Sequence[float], n: int, mine: float) -> float:
    """Of all ways to deal n of these ranks, the share with a sum of at least `mine`."""
    ways: list[Counter[int]] = [Counter({0: 1}), *(Counter[int]() for _ in range(n))]
    for rank in ranks:
        double = round(2 * rank)  # shared ranks end in a half
        for size in range(n, 0, -1):
            for total, count in ways[size - 1].items():
                ways[size][total + double] += count
    bound = round(2 * mine)
    enough = sum(count for total, count in ways[n].items() if total >= bound)
    return enough / math.comb(len(ranks), n)


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
