"""What one run has used, held against what it may."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from agent_os.agents.native.settings import NativeLimits
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Price, Usage


class Ended(Exception):
    """The run is over without having finished: `code` says why."""

    def __init__(self, code: FailureCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Account:
    """Of this process's life only: an earlier life has told of its own."""

    limits: NativeLimits
    price: Price | None
    steps: int = 0
    usage: Usage = field(default_factory=Usage)
    begun: float = field(default_factory=time.monotonic)

    @property
    def usd(self) -> float | None:
        """None: the price is not known."""
        return self.price.of(self.usage) if self.price else None

    def seconds_left(self) -> float:
        return self.limits.seconds - (time.monotonic() - self.begun)

    def check(self) -> None:
        """To be called before every call of the model, and nowhere else. Raises Ended."""
        limits, usd = self.limits, self.usd
        if self.seconds_left() <= 0:
            raise Ended(FailureCode.TIMEOUT, f"The limit of {limits.seconds:.0f} s is reached.")
        if self.steps >= limits.steps:
            raise _spent(f"The limit of {limits.steps} steps is reached.")
        if limits.tokens is not None and self.usage.total >= limits.tokens:
            raise _spent(f"{self.usage.total} tokens of {limits.tokens} are used.")
        if limits.usd is not None and usd is not None and usd >= limits.usd:
            raise _spent(f"${usd:.4f} of ${limits.usd:.2f} are spent.")

    def uncheckable(self) -> str:
        """What a person should know about limits that can't be held; empty: all can."""
        if self.limits.usd is None or self.price is not None:
            return ""
        return "The model's price is not known, so the limit in dollars is not checked."


def _spent(message: str) -> Ended:
    return Ended(FailureCode.BUDGET_EXHAUSTED, message)
