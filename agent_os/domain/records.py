"""What a task is made of: its attempts, results, pull request, holds and waits. Facts only."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.approvals import Asked
from agent_os.domain.attempts import Evidence, Kind
from agent_os.domain.contract import Contract
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.usage import Spent


class Hold(Contract):
    """A person is needed. `reason` is a failure code or the name of a person's act."""

    reason: str
    detail: str
    next_step: str
    since: datetime
    by: str = ""


class Wanted(Contract):
    """What the next attempt is for."""

    kind: Kind
    why: str
    feedback: str = ""


class Attempt(Contract):
    """One run. `ended_at` is None while it runs; `code` None then means complete."""

    number: int
    kind: Kind
    agent: str
    directory: str
    base: str
    start: str
    started_at: datetime
    deadline: datetime
    ended_at: datetime | None = None
    code: FailureCode | None = None
    detail: str = ""
    signature: str = ""
    charged: bool = False
    head: str | None = None
    work: str = ""
    """The newest commit that was kept of it, also when it failed."""
    text_hash: str = ""
    """Of the text that it works on; of a triage: the fingerprint of text and comments."""
    provider: str = ""
    model: str = ""
    key_mark: str = ""
    """Tells one key of the provider from another; says nothing of either."""
    cap_usd: float | None = None
    """What it may cost, reserved while it runs; None: it uses no model."""
    spent: Spent | None = None
    own_login: bool = False
    sandbox: str = ""
    """What kept its programs apart; `none`: nothing, as the owner wants it. Empty: none ran yet."""
    reviewers: tuple[str, ...] = ()
    """Who may look at the result."""
    verifies: int = 0
    """The attempt whose kept work it checks; 0: it does work of its own, or checks the branch."""

    @property
    def cost(self) -> float:
        """US dollars to count against caps: where the price is not known, the whole cap."""
        if self.ended_at is None or (self.spent and self.spent.usd is None):
            return self.cap_usd or 0.0
        return (self.spent.usd or 0.0) if self.spent else 0.0


class Result(Contract):
    """A result that passed every gate and may be published: a commit, or an answer."""

    head: str
    """Empty for an answer."""
    answer: str = ""
    base: str
    text_hash: str
    attempt: int
    summary: str = ""
    evidence: Evidence


class Pull(Contract):
    """Our pull request as last seen. `head` is the commit that we know is on the branch."""

    number: int
    head: str
    body_hash: str = ""
    opened_at: datetime
    pushed_at: datetime | None = None
    """When we last pushed to it; None: before it was opened."""
    merged_sha: str = ""
    merged_by: str = ""
    merged_at: datetime | None = None
    closed: bool = False
    review_asked: bool = False
    head_at: datetime | None = None
    """GitHub's time at which `head` was known to be there; None: since it was opened."""
    asked: Asked | None = None
    """What needs a person's approval, by the last look."""
    approved_head: str = ""
    """The commit that was approved last; the merge looks again for itself."""
    approved_by: str = ""


class Answered(Contract):
    """The comment that is the round's answer. `at` is GitHub's time."""

    comment: int
    at: datetime


class Child(Contract):
    """An issue that we opened for a part of an epic."""

    place: int
    """In the triage's list, from 0."""
    number: int
    title: str


#: Why a task is cancelled whose issue was deleted or transferred.
ISSUE_GONE = "issue_gone"


class Cancelled(Contract):
    reason: str
    by: str
    at: datetime
    acted_at: datetime | None = None
    """GitHub's time of the act, where it was on the pull request: we see it later."""


class Waiting(Contract):
    reason: Reason
    detail: str = ""
    since: datetime
    until: datetime | None = None


class Shown(Contract):
    """The pictures that we drew on GitHub last."""

    label: str = ""
    comment_id: int = 0
    comment_hash: str = ""
    comment_gone: bool = False
    told: str = ""
    """The state that the requester was last told of by a new comment."""
