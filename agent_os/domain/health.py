"""How the accounts at model vendors are, and what agents' attempts led to: plain facts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from agent_os.domain.contract import Contract
from agent_os.domain.failures import FailureCode


class Health(Contract):
    """Of one provider, or of one model of it (`provider/model`)."""

    name: str
    code: FailureCode | None = None
    """Why it refused last; None: it answered."""
    detail: str = ""
    failures: int = 0
    """In a row."""
    at: datetime
    until: datetime | None = None
    """Until then nobody asks it."""
    key_mark: str = ""
    """Which key it refused: another one is tried at once."""


class Verdict(StrEnum):
    """What became of one attempt; what was not the agent's fault is no trial at all."""

    PASSED = "passed"
    """Its result passed the gates; it is not merged yet, and perhaps never will be."""
    FAILED = "failed"
    MERGED = "merged"
    REVERTED = "reverted"


class Trials(Contract):
    """Of one agent on one type of task."""

    merged: int = 0
    failed: int = 0
    """Reverted ones among them."""
    usd: float = 0.0
    priced: int = 0
    """Of how many trials the cost is known: `usd` is theirs."""

    @property
    def count(self) -> int:
        return self.merged + self.failed
