"""The event log as rows, one for each round of a task, with its attempts: what figures read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent_os.domain.attempts import Kind, Verdict
from agent_os.domain.contract import Contract
from agent_os.domain.events import Event
from agent_os.domain.failures import FailureCode
from agent_os.policy.metrics import drafts

#: The kinds of events that `rounds` reads; all others say nothing to it.
KINDS = drafts.KINDS


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
    """None: the price is not known, or no model was used (`tokens` 0)."""
    tokens: int = 0
    verifies: int = 0
    """The attempt whose kept work it checks; 0: it does work of its own."""
    base: str = ""
    head: str = ""
    """The commits that its gates compared."""
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
    cancelled_at: datetime | None = None
    reverted_at: datetime | None = None
    reopened_at: datetime | None = None
    """After it was done."""
    mended_at: datetime | None = None
    """A later merge changed the same lines to mend it."""
    survival_days: int = 14
    """Merged work that nothing of this befell for so long has survived."""
    holds: tuple[tuple[str, datetime], ...] = ()
    """(reason, since) of each time that a person was needed."""
    held: str = ""
    """Why a person is needed now; empty: nobody is."""
    pull: int = 0
    """Its pull request; 0: none was opened."""
    changes_requested: int = 0
    """Reviews by people that sent it back after it was opened."""
    ci_failures: tuple[str, ...] = ()
    """Signatures, one for each time that CI sent it back."""
    changed_files: int = 0
    paths: tuple[str, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    first: int = 1
    """Number of the first attempt at the work."""
    passed_on: bool = False
    """Of a part of a round (see `parts.py`): another agent went on with it."""

    @property
    def name(self) -> str:
        return f"{self.repo}#{self.number}"

    @property
    def usd(self) -> float:
        """What all attempts cost, as far as it is known."""
        return sum(a.usd or 0.0 for a in self.attempts)

    @property
    def tries(self) -> tuple[AttemptRow, ...]:
        """The attempts at the work itself: reading the issue is none."""
        return tuple(a for a in self.attempts if a.kind is not Kind.TRIAGE)

    @property
    def ended_at(self) -> datetime | None:
        """When it was merged, answered or cancelled; None: it goes on."""
        return self.merged_at or self.finished_at or self.cancelled_at


def rounds(events: Iterable[Event], survival_days: int = 14) -> list[RoundRow]:
    """Rows by request, in the order of the requests. `events` in the order of the log."""
    found = drafts.collect(events)
    names = {draft["repo_id"]: draft["repo"] for draft in found}
    return [_row(draft, names[draft["repo_id"]], survival_days) for draft in found]


def _row(draft: drafts.Draft, repo: str, survival_days: int) -> RoundRow:
    """Under its repository's newest name."""
    tried = [a["number"] for a in draft["attempts"] if a["kind"] != Kind.TRIAGE]
    given = {"repo": repo, "survival_days": survival_days, "first": min(tried, default=1)}
    told = {name: value for name, value in draft.items() if name not in drafts.OWN}
    return RoundRow.model_validate({**told, **given})
