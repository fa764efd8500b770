"""The task: our record of the work on one issue. Facts only; `status` is derived from them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from agent_os.domain.attempts import Deliverable, Handoff, Kind
from agent_os.domain.contract import Contract
from agent_os.domain.records import (
    Answered,
    Attempt,
    Cancelled,
    Child,
    Hold,
    Pull,
    Result,
    Shown,
    Waiting,
    Wanted,
)
from agent_os.domain.requests import Asked
from agent_os.domain.triage import Triaged
from agent_os.domain.usage import Spent


class TaskKey(NamedTuple):
    """A repository may be renamed; its numeric id stays."""

    repo_id: int
    number: int


class Status(StrEnum):
    DONE = "done"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    IN_REVIEW = "in_review"
    RUNNING = "running"
    QUEUED = "queued"
    READY = "ready"


class Request(Contract):
    """Who asked for this round, by which issue event (0: by our command line)."""

    event_id: int
    actor: str
    at: datetime


class Spec(Contract):
    """The text of the task as it stood at `as_of`, parsed; outside text, data for the prompt."""

    title: str
    body: str
    goal: str = ""
    acceptance: str = ""
    constraints: str = ""
    context: str = ""
    type: str = "default"
    answer_wanted: bool = False
    """A label asks for an answer on the issue where a file would be usual."""
    sections: tuple[str, ...] = ()
    """Headings that an answer must have."""
    depends_on: tuple[int, ...] = ()
    comments: tuple[str, ...] = ()
    """What people with permission wrote below the issue, bounded."""
    text_hash: str
    as_of: datetime
    written: tuple[str, ...] = ()
    """The parts that the text has a heading for."""
    labelled: bool = False
    """A label says the type."""
    removed: dict[str, int] = Field(default_factory=dict[str, int])
    """What was hidden in title, body and comments and is left out: how many, by kind."""
    improved: bool = False
    """Parts that the text lacks are from a triage; the whole text is in the context then."""

    @property
    def fingerprint(self) -> str:
        """Of the text with its comments: 16 hexadecimal digits."""
        content = "\0".join((self.text_hash, *self.comments))
        return hashlib.sha256(content.encode(errors="replace")).hexdigest()[:16]

    @property
    def deliverable(self) -> Deliverable:
        asked = self.answer_wanted and self.type in ("research", "docs")
        return "answer" if asked or self.type == "question" else "change"


class Task(Contract):
    repo_id: int
    repo: str
    number: int
    title: str
    author: str
    node: str = ""
    """The issue's id in GraphQL."""
    round: int
    request: Request
    spec: Spec
    priority: int = 0
    """By its labels: -1 low, 0 normal, 1 high, 2 urgent."""
    planned_priority: int | None = None
    """The planner's; a label goes before it."""
    labels: tuple[str, ...] = ()
    tests_may_change: str = ""
    agent_label: str = ""
    claimed_at: datetime | None = None
    hold: Hold | None = None
    cancelled: Cancelled | None = None
    finished_at: datetime | None = None
    settled: bool = False
    """It is over, and nothing is left to draw or to close: nobody looks at it again."""
    issue_open: bool = True
    reopened: bool = False
    """Somebody reopened the issue during this round or after it."""
    wanted: Wanted | None = None
    feedback: str = ""
    """What the work in hand has to answer (a review, a CI log): retries are told it again."""
    attempts: tuple[Attempt, ...] = ()
    renewed: int = 0
    """Number of attempts of this round that a renewed request wiped off the limits."""
    handoff: Handoff | None = None
    result: Result | None = None
    answered: Answered | None = None
    asked: tuple[Asked, ...] = ()
    """What agents asked of the outside in results that were accepted in this round."""
    branch_head: str = ""
    branch_gone: bool = False
    pull: Pull | None = None
    seen_reviews: tuple[int, ...] = ()
    waiting: Waiting | None = None
    shown: Shown = Shown()
    ignored_text: str = ""
    """Hash of a text by someone without permission: it is on GitHub, and is not used."""
    notes: str = ""
    """What a person wrote under Notes in the task file."""
    triage: Triaged | None = None
    signal: str = ""
    """The finding that it is to mend, where the organization gave it to itself."""
    own: bool = False
    """The organization gave it to itself, and no person has asked for it since."""
    parent: int = 0
    """The epic's issue that we opened this one for, by our own record; 0: none."""
    children: tuple[Child, ...] = ()

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.repo_id, self.number)

    @property
    def name(self) -> str:
        return f"{self.repo}#{self.number}"

    @property
    def rank(self) -> int:
        """What is worked on first: the highest. A person's label goes before our plan."""
        labelled = any(label.lower().startswith("priority:") for label in self.labels)
        planned = self.planned_priority
        return self.priority if labelled or planned is None else planned

    @property
    def slug(self) -> str:
        return f"{self.repo_id}-{self.number}"

    @property
    def branch(self) -> str:
        """Computed, not remembered: the second round has its own branch."""
        suffix = f".{self.round}" if self.round > 1 else ""
        return f"agent-os/{self.number}{suffix}"

    @property
    def deliverable(self) -> Deliverable:
        """What has begun as a change goes on as one, whatever the issue says by now."""
        return "change" if self.pull or self.branch_head else self.spec.deliverable

    @property
    def running(self) -> Attempt | None:
        """The attempt that has not ended; there is at most one."""
        return next((a for a in self.attempts if a.ended_at is None), None)

    @property
    def spent(self) -> Spent | None:
        """Of all attempts of this round; None: no model was used."""
        known = [a.spent for a in self.attempts if a.spent]
        return sum(known[1:], known[0]) if known else None

    def origin(self, attempt: Attempt) -> Attempt:
        """The attempt that did the work: another one for a check of work that was kept."""
        found = next((a for a in self.attempts if a.number == attempt.verifies), None)
        return self.origin(found) if found and found.number < attempt.number else attempt

    @property
    def tries(self) -> tuple[Attempt, ...]:
        """The attempts at the work itself: reading the issue is none."""
        return tuple(a for a in self.attempts if a.kind is not Kind.TRIAGE)

    @property
    def counted(self) -> tuple[Attempt, ...]:
        """The tries that count for limits: those since the last renewal."""
        return tuple(a for a in self.since_renewal if a.kind is not Kind.TRIAGE)

    @property
    def since_renewal(self) -> tuple[Attempt, ...]:
        """All attempts that cost money since a person last renewed the task."""
        return self.attempts[self.renewed :]

    @property
    def status(self) -> Status:
        """Derived from the facts: the first line that holds."""
        if self.finished_at is not None:
            return Status.DONE
        if self.cancelled is not None:
            return Status.CANCELLED
        if self.hold is not None:
            return Status.BLOCKED
        if self.running is not None:
            return Status.RUNNING if self.pull is None else Status.IN_REVIEW
        if self.pull is not None:
            return Status.IN_REVIEW
        if self.claimed_at is not None:
            return Status.QUEUED
        return Status.READY

    @property
    def active(self) -> bool:
        """Whether any of our work on it may still go on."""
        return self.status in ACTIVE


ACTIVE = frozenset({Status.READY, Status.QUEUED, Status.RUNNING, Status.IN_REVIEW})
