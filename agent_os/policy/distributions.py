"""The distributions behind the tests: binomial, beta and Student's t, without chance."""

from __future__ import annotations

import math

_TINY = 1e-300
_EXACT = 1e-15
_MOST_STEPS = 10_000


def binomial_is(count: int, samples: int, share: float) -> float:
    """The probability of exactly `count` hits; `share` between 0 and 1, neither."""
    ways = math.lgamma(samples + 1) - math.lgamma(count + 1) - math.lgamma(samples - count + 1)
    odds = count * math.log(share) + (samples - count) * math.log1p(-share)
    return math.exp(ways + odds)


def binomial_at_least(count: int, samples: int, share: float) -> float:
    """The probability of `count` hits or more."""
    if count <= 0:
        return 1.0
    return incomplete_beta(count, samples - count + 1, share) if count <= samples else 0.0


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularized: the share of the beta distribution (a, b) below x."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the other side converges fast
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(log_front + a * math.log(x) + b * math.log1p(-x)) / a
    return front * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta, by Lentz's method."""
    c, d = 1.0, 1 / _kept(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _kept(1 + term * d)
            c = _kept(1 + term / c)
            value *= d * c
        if abs(d * c - 1) < _EXACT:
            break
    return value


def _kept(value: float) -> float:
    """Away from zero: it is divided by."""
    return value if abs(value) > _TINY else _TINY


def t_below(t: float, freedom: float) -> float:
    """The share of Student's t distribution below t."""
    tail = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2
    return 1 - tail if t > 0 else tail


def t_quantile(share: float, freedom: float) -> float:
    """The t that `share` (over a half) of the distribution is below, by bisection."""
    low, high = 0.0, 1.0
    while t_below(high, freedom) < share:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_below(middle, freedom) < share else (low, middle)
    return high
