"""Every choice of a scenario, made from one seed and written down."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """A seeded source of choices, and the trace of all that happened because of them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.lines: list[str] = []
        self._random = random.Random(seed)
        self._digest = hashlib.sha256()

    def note(self, line: str) -> None:
        """A line of the trace."""
        self.lines.append(line)
        self._digest.update(line.encode() + b"\n")

    @property
    def digest(self) -> str:
        """Of the whole trace: equal when two runs did the same."""
        return self._digest.hexdigest()

    def chance(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        return options[self._random.randrange(len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """One of them, by its weight."""
        values, weights = zip(*options, strict=True)
        return self._random.choices(values, weights)[0]

    def number(self, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        return self._random.randint(low, high)

    def between(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def spread(self, median: float, sigma: float) -> float:
        """Of a lognormal distribution: half of the values are below the median."""
        return median * self._random.lognormvariate(0.0, sigma)

    def waiting(self, mean: float) -> float:
        """Until the next of events that come at random, `mean` apart."""
        return self._random.expovariate(1 / mean)

    def hexadecimal(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"


def stream(seed: int, *names: object) -> Choices:
    """A source of its own for whatever has these names: it chooses the same whatever happened
    elsewhere before, so that two runs that differ in one thing stay alike in the others."""
    said = repr((seed, *names)).encode()
    return Choices(int.from_bytes(hashlib.sha256(said).digest()[:8]))
