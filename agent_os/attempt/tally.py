"""What a run has used so far: tokens add up, and each call is priced by its own size."""

from __future__ import annotations

from agent_os.agents import prices
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.usage import Spent, Usage


class Tally:
    """Prices rise with the size of a call, so the sum of the tokens must not be priced as one."""

    def __init__(self, order: AgentOrder) -> None:
        self.turns = 0
        self._order = order
        self._usage = Usage()
        self._ours: float | None = 0.0
        self._theirs: float | None = None

    @property
    def usd(self) -> float | None:
        """By our price list first: it is the same for all programs; else what the program said."""
        return self._theirs if self._ours is None else self._ours

    @property
    def spent(self) -> Spent:
        # A model that answered was paid, also where the program tells no tokens.
        untold = self.turns > 0 and not self._usage.total and self._theirs is None
        return Spent(usage=self._usage, usd=None if untold else self.usd, turns=self.turns)

    def add(self, usage: Usage) -> None:
        """The tokens of one more call."""
        self._pay(usage)
        self._usage += usage

    def total(self, usage: Usage | None, usd: float | None) -> None:
        """What the program says of the whole run: what it had not told of before is paid too."""
        if usage is not None:
            self._pay(_more(usage, self._usage))
            self._usage = usage
        if usd is not None:
            self._theirs = usd

    def _pay(self, usage: Usage) -> None:
        cost = prices.cost(self._order, usage)
        self._ours = None if cost is None or self._ours is None else self._ours + cost


def _more(one: Usage, than: Usage) -> Usage:
    """What `one` has more of, kind by kind."""
    before = than.model_dump()
    more = {kind: max(0, count - before[kind]) for kind, count in one.model_dump().items()}
    return Usage.model_validate(more)
