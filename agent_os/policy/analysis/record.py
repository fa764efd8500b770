"""The record as the analyzer reads it: rounds, of now and of the weeks before, and more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from agent_os.domain.contract import Contract
from agent_os.domain.failures import FailureCode
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

#: What counts as now. Two weeks: small organizations have a dozen tasks in them.
RECENT = timedelta(days=14)
#: What counts as now, first one then the other: what is weak, or began between two looks, shows in
#: the longer one.
WINDOWS = (RECENT, timedelta(days=28))
#: The same while the record is young: else there would be nothing before.
YOUNG_WINDOWS = (timedelta(days=7), RECENT)
_YOUNG = timedelta(days=42)
#: What it is compared with.
BEFORE = timedelta(days=42)
#: All that is read.
HISTORY = timedelta(days=84)


class Managed(Contract):
    """A repository that we work on. `url`: its page; empty: not known."""

    repo_id: int
    name: str
    url: str = ""


class ProviderSeen(Contract):
    """A provider refused, or (`code` None) answered again."""

    name: str
    code: FailureCode | None = None
    detail: str = ""
    at: datetime
    repo_id: int | None = None
    number: int | None = None


class LessonTold(Contract):
    """A lesson was part of an attempt's prompt."""

    repo_id: int
    number: int
    round: int
    attempt: int
    lesson: str
    text: str = ""


class AttemptId(NamedTuple):
    repo_id: int
    number: int
    round: int
    attempt: int


@dataclass(frozen=True)
class History:
    now: datetime
    rows: Sequence[RoundRow]
    managed: Mapping[int, Managed]
    home: int | None = None
    """The repository for issues about this installation; None: there is none."""
    owners_prompts: bool = False
    """The owner has templates of his own."""
    providers: Sequence[ProviderSeen] = ()
    lessons: Sequence[LessonTold] = field(default_factory=list[LessonTold])
    window: timedelta = RECENT

    @cached_property
    def recent(self) -> list[RoundRow]:
        return [row for row in self.rows if self.now - self.window <= began(row) <= self.now]

    @cached_property
    def before(self) -> list[RoundRow]:
        start, end = self.now - self.window - BEFORE, self.now - self.window
        return [row for row in self.rows if start <= began(row) < end]

    @cached_property
    def worked(self) -> tuple[Counter[int], Counter[int]]:
        """How many rounds were worked on in each repository (0: in all), now and before."""
        found = (Counter[int](), Counter[int]())
        for counter, rows in zip(found, (self.recent, self.before), strict=True):
            for row in rows:
                if row.tries:
                    counter[row.repo_id] += 1
            counter[0] = counter.total()
        return found

    @property
    def windows(self) -> tuple[timedelta, timedelta]:
        first = min((began(row) for row in self.rows), default=self.now)
        return YOUNG_WINDOWS if self.now - first < _YOUNG else WINDOWS

    @property
    def weeks(self) -> str:
        """What counts as now, in words."""
        return f"{self.window.days // 7} weeks" if self.window.days > 7 else "week"

    def name(self, repo_id: int) -> str:
        found = self.managed.get(repo_id)
        return found.name if found else str(repo_id)


def began(row: RoundRow) -> datetime:
    """When work on it began; when it was asked for, if it has not."""
    return row.tries[0].started_at if row.tries else row.claimed_at or row.requested_at


def ended(row: RoundRow) -> datetime:
    """When something last happened to its attempts."""
    return max((a.ended_at for a in row.attempts if a.ended_at), default=began(row))


def attempt_id(row: RoundRow, attempt: AttemptRow) -> AttemptId:
    return AttemptId(row.repo_id, row.number, row.round, attempt.number)


def of_repository(rows: Sequence[RoundRow], repo_id: int) -> list[RoundRow]:
    return [row for row in rows if row.repo_id == repo_id]
