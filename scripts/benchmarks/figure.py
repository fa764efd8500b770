"""A figure: what was measured, how often, and against which target."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Spread:
    """Of all runs of one measurement."""

    runs: int
    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(len(values), min(values), statistics.median(values), max(values))


@dataclass(frozen=True)
class Table:
    """Details of a figure: what it is made of."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


@dataclass(frozen=True)
class Figure:
    """`unit` holds for the spread and the bound. `bound` is the target: at most, or at least."""

    name: str
    what: str
    unit: str
    spread: Spread
    how: str
    target: str = ""
    bound: float | None = None
    at_least: bool = False
    judged: float | None = None
    """What is held against the bound; None: the median."""
    tables: tuple[Table, ...] = ()

    @property
    def value(self) -> float:
        return self.spread.median if self.judged is None else self.judged

    @property
    def met(self) -> bool | None:
        """None without a target."""
        if self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


@dataclass(frozen=True)
class Setting:
    """Where a figure may write, and whether it is to be small."""

    folder: Path
    quick: bool = False
    sizes: dict[str, Any] = field(default_factory=dict[str, Any])

    def size(self, name: str, quick: int, full: int) -> int:
        """How many: as ordered by name, or the quick or the full number."""
        return int(self.sizes.get(name, quick if self.quick else full))


Measure = Callable[[Setting], list[Figure]]
