"""The figures by name: what each means, and its value with an interval over some rounds.

Intervals hold nine times of ten: of shares by Wilson, of quantiles by order statistics, of means
and ratios by Student's t (ratios linearized). All are deterministic: the same log, the same digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from agent_os.domain.contract import Contract
from agent_os.policy import statistics
from agent_os.policy.metrics import of_attempts, of_rounds
from agent_os.policy.metrics.parts import split, within
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.policy.metrics.samples import FigureSpec, Samples

__all__ = ["FIGURES", "FigureSpec", "Samples", "Value", "measure", "split", "value_of", "within"]


class Value(Contract):
    """`value` None: there is nothing to tell it by. `low` to `high`: nine of ten times within;
    None: too few samples to say it."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    samples: int


FIGURES: dict[str, FigureSpec] = {**of_rounds.FIGURES, **of_attempts.FIGURES}


def measure(name: str, rows: Sequence[RoundRow], now: datetime) -> Value:
    """The figure over these rounds as it is at `now`. KeyError for a name that is none."""
    return value_of(name, FIGURES[name].samples(rows, now))


def value_of(name: str, samples: Samples) -> Value:
    value, low, high = _estimate(samples)
    floor = 0.0 if all(v >= 0 for v in samples.values) else -math.inf
    return Value(
        name=name,
        value=value,
        low=None if low is None or math.isinf(low) else max(floor, low),
        high=None if high is None or math.isinf(high) else high,
        samples=len(samples.values),
    )


def _estimate(samples: Samples) -> tuple[float | None, float | None, float | None]:
    values, n = samples.values, len(samples.values)
    if samples.kind == "sum":
        return math.fsum(values), None, None
    if not n:
        return None, None, None
    match samples.kind:
        case "share":
            return math.fsum(values) / n, *statistics.wilson(round(math.fsum(values)), n)
        case "median" | "p90":
            place = 0.5 if samples.kind == "median" else 0.9
            found = statistics.quantile_interval(values, place)
            return statistics.quantile(values, place), *found
        case "mean":
            return math.fsum(values) / n, *statistics.mean_interval(values)
        case "ratio":
            whole = math.fsum(samples.over)
            if not whole:
                return None, None, None
            return math.fsum(values) / whole, *statistics.ratio_interval(values, samples.over)
