"""What models were used for: tokens by kind, and money where the price is known."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agent_os.domain.contract import Contract

#: A negative or endless price would let every cap pass.
_Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Usage(Contract):
    """Tokens. The kinds don't overlap, but for `reasoning`, which is a part of `output`."""

    input: int = 0
    """Neither read from a cache nor written to one."""
    cached: int = 0
    """Read from the provider's cache."""
    written: int = 0
    """Written to it, where that has a price of its own."""
    output: int = 0
    reasoning: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input,
            cached=self.cached + other.cached,
            written=self.written + other.written,
            output=self.output + other.output,
            reasoning=self.reasoning + other.reasoning,
        )

    @property
    def total(self) -> int:
        return self.input + self.cached + self.written + self.output


class Price(Contract):
    """US dollars per million tokens. What is None is billed as input."""

    input: _Dollars
    output: _Dollars
    cached: _Dollars | None = None
    written: _Dollars | None = None

    def of(self, usage: Usage) -> float:
        """US dollars."""
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.written is None else self.written
        cost = usage.input * self.input + usage.output * self.output
        return (cost + usage.cached * cached + usage.written * written) / 1_000_000


class Spent(Contract):
    """Of one run, or of several. `usd` None: the price is not known, which is not the same as 0."""

    usage: Usage = Usage()
    usd: float | None = 0.0
    turns: int = 0

    def __add__(self, other: Spent) -> Spent:
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Spent(usage=self.usage + other.usage, usd=usd, turns=self.turns + other.turns)


def together(*parts: Spent | None) -> Spent | None:
    """All that is known; None when no model was used in any part."""
    known = [part for part in parts if part is not None]
    return sum(known[1:], known[0]) if known else None
