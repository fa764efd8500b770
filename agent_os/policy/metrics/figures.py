"""The figures by name: what each means, and its value with an interval over some rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent_os.domain.contract import Contract
from agent_os.policy.metrics.rounds import RoundRow


@dataclass(frozen=True)
class Samples:
    """What a figure is made of: `share` has 0.0 and 1.0 only."""

    values: tuple[float, ...]
    kind: Literal["share", "median", "p90", "mean", "sum"]


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


class Value(Contract):
    """`value` None: there is nothing to tell it by. `low` to `high`: nine of ten times within."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    samples: int


FIGURES: dict[str, FigureSpec] = {}


def measure(name: str, rows: Sequence[RoundRow], now: datetime) -> Value:
    raise NotImplementedError


def split(rows: Sequence[RoundRow], dimension: str) -> Mapping[str, list[RoundRow]]:
    """By `repo`, `agent`, `model`, `prompt`, `type`, `week`, `signal` (`own` or `people`)."""
    raise NotImplementedError


def within(rows: Sequence[RoundRow], scope: Mapping[str, str]) -> list[RoundRow]:
    """Those that a figure's scope is about."""
    raise NotImplementedError
