"""Two scenarios over the same seeds: what people ask for is the same, the difference is paired."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from agent_os.domain.contract import Contract
from agent_os.policy import statistics
from agent_os.policy.metrics.figures import FIGURES
from agent_os.simulation.engine import organization
from agent_os.simulation.result import SHOWN, SimulationResult, result_of
from agent_os.simulation.scenario import Scenario


class Difference(Contract):
    """Other minus first, over seeds in which both have the figure; nine times of ten the mean of
    the difference lies between `low` and `high` (None: fewer than two pairs). `late`: of what was
    asked for in the second half of the time."""

    name: str
    unit: str
    first: float | None
    other: float | None
    difference: float | None
    low: float | None
    high: float | None
    pairs: int

    @property
    def clear(self) -> bool:
        """Whether zero is out of the interval."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def simulated(scenario: Scenario, seed: int, keep: Path | None = None) -> SimulationResult:
    with organization(scenario, seed, keep) as made:
        made.run()
        return result_of(made)


def paired(
    first: Scenario,
    other: Scenario,
    seeds: Sequence[int],
    told: Callable[[SimulationResult], None] = lambda _: None,
) -> list[Difference]:
    pairs: list[tuple[SimulationResult, SimulationResult]] = []
    for seed in seeds:
        both = simulated(first, seed), simulated(other, seed)
        pairs.append(both)
        for one in both:
            told(one)
    return differences(pairs)


def differences(
    pairs: Sequence[tuple[SimulationResult, SimulationResult]],
) -> list[Difference]:
    return [
        *(_difference(name, FIGURES[name].unit, pairs, _figure(name)) for name in SHOWN),
        *(_difference(f"{name} (late)", FIGURES[name].unit, pairs, _late(name)) for name in SHOWN),
        _difference("done", "count", pairs, lambda r: float(r.done)),
        _difference("usd", "US$", pairs, lambda r: r.usd),
    ]


def _figure(name: str) -> Callable[[SimulationResult], float | None]:
    return lambda result: found.value if (found := result.figures.get(name)) else None


def _late(name: str) -> Callable[[SimulationResult], float | None]:
    return lambda result: found.value if (found := result.late.get(name)) else None


def _difference(
    name: str,
    unit: str,
    pairs: Sequence[tuple[SimulationResult, SimulationResult]],
    value: Callable[[SimulationResult], float | None],
) -> Difference:
    both = [(value(a), value(b)) for a, b in pairs]
    known = [(a, b) for a, b in both if a is not None and b is not None]
    gaps = [b - a for a, b in known]
    low, high = statistics.mean_interval(gaps)
    return Difference(
        name=name,
        unit=unit,
        first=_mean([a for a, _ in known]),
        other=_mean([b for _, b in known]),
        difference=_mean(gaps),
        low=None if math.isinf(low) else low,
        high=None if math.isinf(high) else high,
        pairs=len(known),
    )


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
