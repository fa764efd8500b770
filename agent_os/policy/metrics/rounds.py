"""The event log as rows, one for each round of a task, with its attempts: what figures read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent_os.domain.attempts import Kind, Verdict
from agent_os.domain.contract import Contract
from agent_os.domain.events import Event
from agent_os.domain.failures import FailureCode


class GateRow(Contract):
    name: str
    verdict: Verdict
    before: Verdict | None = None
    code: FailureCode | None = None
    signature: str = ""
    seconds: float = 0.0


class AttemptRow(Contract):
    """`code` None: complete, or still running (`ended_at` None)."""

    number: int
    kind: Kind
    agent: str = ""
    model: str = ""
    provider: str = ""
    prompt: str = ""
    """Version of the prompt's templates: equal when they were equal."""
    started_at: datetime
    ended_at: datetime | None = None
    seconds: float = 0.0
    code: FailureCode | None = None
    charged: bool = False
    signature: str = ""
    detail: str = ""
    repaired: bool = False
    """Its result could not be read, so that it was asked for once more."""
    setup_seconds: float = 0.0
    gates: tuple[GateRow, ...] = ()
    usd: float | None = None
    """None: the price is not known."""
    tokens: int = 0
    remaining: str = ""
    risks: str = ""
    manual_steps: str = ""


class RoundRow(Contract):
    repo_id: int
    repo: str
    number: int
    round: int
    title: str = ""
    type: str = "default"
    signal: str = ""
    """The finding that it is to mend, where the organization gave it to itself."""
    requested_at: datetime
    claimed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_sha: str = ""
    finished_at: datetime | None = None
    """Done, also without a pull request."""
    cancelled: str = ""
    """Why; empty: it was not."""
    reverted_at: datetime | None = None
    reopened_at: datetime | None = None
    """After it was done."""
    mended_at: datetime | None = None
    """A later merge changed the same lines to mend it."""
    holds: tuple[tuple[str, datetime], ...] = ()
    """(reason, since) of each time that a person was needed."""
    changes_requested: int = 0
    """Reviews by people that sent it back after it was opened."""
    ci_failures: tuple[str, ...] = ()
    """Signatures, one for each time that CI sent it back."""
    changed_files: int = 0
    paths: tuple[str, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()

    @property
    def usd(self) -> float:
        """What all attempts cost, as far as it is known."""
        return sum(a.usd or 0.0 for a in self.attempts)


def rounds(events: Iterable[Event]) -> list[RoundRow]:
    """Rows by request, in the order of the requests. `events` in the order of the log."""
    raise NotImplementedError
