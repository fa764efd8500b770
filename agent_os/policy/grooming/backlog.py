"""The backlog as it was read: issues, what landed on the base branch, and our own record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.rules import LabelRules
from agent_os.domain.tasks import Spec, Status
from agent_os.policy import specs

#: Our authors whose issues are pages for people to read, not work.
_PAGES = ("planner", "report")


class Item(Contract):
    """An issue, as a list shows it. Times are GitHub's."""

    number: int
    title: str
    body: str = ""
    author: str = ""
    open: bool = True
    reason: str = ""
    """Why it is closed, in GitHub's words: `completed`, `not_planned`, `duplicate`."""
    labels: tuple[str, ...] = ()
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    comments: int = 0
    cheers: int = 0
    """Thumbs up, hearts and rockets."""
    planned: bool = False
    """It has a milestone or an assignee."""
    locked: bool = False
    """Nobody may comment."""

    @property
    def digest(self) -> str:
        """Of title and text: another one means that somebody changed it."""
        return specs.text_hash(self.title, self.body)

    @property
    def names(self) -> frozenset[str]:
        """The labels in lower case."""
        return frozenset(label.lower() for label in self.labels)


class Landed(Contract):
    """A commit of the base branch. `number`: the task that it is the merge of; 0: not known."""

    sha: str
    at: datetime
    message: str
    number: int = 0

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]


class Known(Contract):
    """What our record says of an issue's task."""

    status: Status
    parent: int = 0
    hold: str = ""
    """Why it is blocked."""
    detail: str = ""
    held_at: datetime | None = None
    depends_on: tuple[int, ...] = ()
    merged: bool = False
    """Its change is on the base branch."""
    new_key: bool = False
    """The provider that refused us has another key now."""


class Backlog(Contract):
    """All that findings about issues are made of. `now` is GitHub's time."""

    repo: str
    items: tuple[Item, ...]
    """The open issues."""
    closed: tuple[Item, ...] = ()
    """Closed ones of the last months, the newest first."""
    landed: tuple[Landed, ...] = ()
    """The base branch, the newest first."""
    tasks: dict[int, Known] = Field(default_factory=dict[int, Known])
    filed: dict[int, str] = Field(default_factory=dict[int, str])
    """Issues that the organization opened itself: for which author."""
    labels: LabelRules = LabelRules()
    stale_days: int = 90
    green_at: datetime | None = None
    """When the base branch was last known to be green after it was red, or took a merge of ours."""
    lent: tuple[str, ...] = ()
    """Environment variables that the config lends to agents and that are set now."""
    now: datetime

    @cached_property
    def specs(self) -> dict[int, Spec]:
        """Of the open issues, read as a task's text would be."""
        return {
            item.number: specs.parse(item.title, item.body, item.updated_at, item.labels)
            for item in self.items
        }

    @cached_property
    def free(self) -> tuple[Item, ...]:
        """The open issues about which something may be said: no task at work, no page of ours,
        none that its labels leave out."""
        return tuple(item for item in self.items if not self._left_alone(item))

    def _left_alone(self, item: Item) -> bool:
        excluded = {label.lower() for label in self.labels.exclude}
        return (
            item.locked
            or self.at_work(item)
            or self.filed.get(item.number) in _PAGES
            or bool(excluded & item.names)
        )

    def at_work(self, item: Item) -> bool:
        known = self.tasks.get(item.number)
        if known is not None and known.status in (
            *(Status.QUEUED, Status.RUNNING, Status.IN_REVIEW),
        ):
            return True
        working = (self.labels.in_progress, self.labels.in_review)
        return bool({label.lower() for label in working} & item.names)

    def wanted(self, item: Item) -> bool:
        """It is asked for by now, or blocked: a task, or about to be one."""
        known = self.tasks.get(item.number)
        asked = {label.lower() for label in self.labels.states} & item.names
        return bool(asked) or (known is not None and known.status in (Status.READY, Status.BLOCKED))

    def is_closed(self, numbers: Iterable[int]) -> bool:
        """Whether all of these are known to be closed: one that we did not read is not."""
        done = {item.number for item in self.closed}
        done |= {n for n, known in self.tasks.items() if known.status is Status.DONE}
        still = {item.number for item in self.items}
        return all(number in done and number not in still for number in numbers)
