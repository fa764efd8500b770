"""What a figure is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent_os.policy.metrics.rounds import RoundRow


@dataclass(frozen=True)
class Samples:
    """`share` has 0.0 and 1.0 only; `ratio` is the sum of the values by the sum of `over`, which
    has as many."""

    values: tuple[float, ...]
    kind: Literal["share", "median", "p90", "mean", "sum", "ratio"]
    over: tuple[float, ...] = ()


@dataclass(frozen=True)
class FigureSpec:
    title: str
    unit: str
    """`hours`, `share`, `attempts`, `US$`, `seconds`, `count`."""
    goal: Literal["lower", "higher"]
    samples: Callable[[Sequence[RoundRow], datetime], Samples]
    """Of rounds, as seen at a time (what is too young to tell is left out)."""
    about: str
    """One sentence: what is counted, and the denominator."""


def shares(found: Sequence[bool]) -> Samples:
    return Samples(tuple(float(one) for one in found), "share")
