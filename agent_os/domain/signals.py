"""What the organization's record says should be done: signals, and the figures they should move."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from agent_os.domain.contract import Contract


class Place(StrEnum):
    """Where the mend belongs."""

    REPOSITORY = "repository"
    REPOSITORY_FILE = "repository_file"
    """Its `.agent-os.yaml`."""
    CONFIG = "config"
    """The configuration of this installation."""
    PROGRAM = "program"
    """Agent OS itself."""


class Severity(StrEnum):
    INFO = "info"
    WARN = "warn"
    URGENT = "urgent"


#: Days after its merge in which nothing is said for good of an improvement.
FIRST_LOOK_DAYS = 14

Author = Literal["analyzer", "groomer", "planner", "requirements", "watch", "memory", "report"]


class Figure(Contract):
    """A figure of `policy/metrics` as it is, and how an improvement should move it."""

    name: str
    """A key of `policy.metrics.figures.FIGURES`."""
    scope: dict[str, str] = Field(default_factory=dict[str, str])
    """Dimension to value: which work counts, such as `{"repo": "acme/app", "check": "lint"}`."""
    now: float | None = None
    samples: int = 0
    goal: Literal["lower", "higher"] = "lower"
    expected: float | None = None
    """The value to expect afterwards, in the figure's unit."""


class Signal(Contract):
    """One finding. The same thing has the same id whenever it is found: one issue each, ever."""

    id: str = Field(max_length=120)
    kind: str
    """Of the author's closed set."""
    by: Author
    repo_id: int
    repo: str
    """Where its issue goes."""
    place: Place = Place.REPOSITORY
    title: str
    problem: str
    """What is wrong: Markdown, a few lines."""
    proposal: str = ""
    acceptance: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """One line of Markdown each, with links."""
    figure: Figure | None = None
    """None: it moves no figure, so that it is no hypothesis (a sprint, a report)."""
    severity: Severity = Severity.INFO
    rank: float = 0.0
    """Under a cap the highest go first."""
    type: str = "default"
    """The task's type, should it be worked on."""


class SignalOutcome(StrEnum):
    """What became of a signal; every signal has one, with a reason."""

    FILED = "filed"
    KNOWN = "known"
    """Its issue is there, and says all of it."""
    EVIDENCE_ADDED = "evidence_added"
    CAPPED = "capped"
    """This week's number of issues is reached; it comes again next week."""
    NOT_WANTED = "not_wanted"
    """A person closed its issue as not planned."""
    NO_PLACE = "no_place"
    """It is about this installation, and `improvement.home` names no repository for that."""
    NOT_ALLOWED = "not_allowed"
    """The repository's mode or pause lets nothing be written."""
    TOO_EARLY = "too_early"
    """Too few samples to say it."""
    NOT_LOOKED = "not_looked"
    """What it takes to look is not there: a program, its answer in time, a commit."""


class Verdict(StrEnum):
    """Of a hypothesis."""

    OPEN = "open"
    """Its change is not merged."""
    TOO_EARLY = "too_early"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


class Hypothesis(Contract):
    """An improvement that we gave ourselves, and what it should do to its figure."""

    signal: str
    repo_id: int
    repo: str
    number: int
    """Its issue."""
    title: str
    figure: Figure
    filed_at: datetime
    merged_at: datetime | None = None
    judge_at: datetime | None = None
    """Not judged for good before then."""
    verdict: Verdict = Verdict.OPEN
    before: tuple[float, float, float] | None = None
    """(low, value, high)"""
    after: tuple[float, float, float] | None = None
    samples: tuple[int, int] = (0, 0)
    needs: int = 0
    """How many samples after the merge a verdict would take, by an honest guess; 0: not known."""
    judged_at: datetime | None = None
