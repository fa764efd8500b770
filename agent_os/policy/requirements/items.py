"""Requirements as plain data: as they stand in the list, and as issues to be."""

from __future__ import annotations

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.policy import texts

#: Of one list.
MOST_ITEMS = 100
MOST_CRITERIA = 15
LONGEST_TITLE = 120
LONGEST_TEXT = 6_000
LONGEST_LINE = 500
#: The plan's own first item, where there is nothing to build on.
SKELETON = "walking-skeleton"
EPIC = "epic"


class Requirement(Contract):
    """One item of the list."""

    ref: str = ""
    """What others call it by: its number in the list, or an id such as `R3` before its title."""
    title: str
    text: str = ""
    section: str = ""
    criteria: tuple[str, ...] = ()
    type: str = ""
    """As the list says; empty: it does not."""
    after: tuple[str, ...] = ()
    """What it says that it depends on, in its own words."""
    follows: bool = False
    """A number of a numbered list: it comes after the one before."""


class Requirements(Contract):
    """A list that was read. `notes`: what was left out of it, and why."""

    title: str
    items: tuple[Requirement, ...]
    sections: dict[str, str] = Field(default_factory=dict[str, str])
    """What stands below a heading before its list."""
    notes: tuple[str, ...] = ()


class Planned(Contract):
    """An issue to be. `key` is the same whenever the same requirement is planned again."""

    key: str
    title: str
    goal: str = ""
    context: str = ""
    criteria: tuple[str, ...] = ()
    type: str = "implementation"
    depends_on: tuple[str, ...] = ()
    """Keys of others."""

    @property
    def digest(self) -> str:
        """Changes with everything that its issue says."""
        parts = (self.title, self.goal, self.context, self.type)
        return texts.digest(*parts, *self.criteria, "after", *self.depends_on)

    @property
    def whole(self) -> str:
        """For comparing two versions, in their writer's own words."""
        own = [line for line in self.criteria if not line.endswith(f": {self.title}")]
        return "\n".join((self.title, self.goal, *own))


class Plan(Contract):
    """The issues of one list, in an order in which they can be done."""

    title: str
    items: tuple[Planned, ...]
    notes: tuple[str, ...] = ()
    thought: bool = False
    """A model split and ordered it."""
