"""What is known of a plan's issues, and the rows that say what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.effects import Effect
from agent_os.policy.requirements import bodies
from agent_os.policy.requirements.foundation import SetUp
from agent_os.policy.requirements.items import Plan, Planned


class Kind(StrEnum):
    """What becomes of an item."""

    SET_UP = "set up"
    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    TOLD = "told"
    """It says otherwise now, and its issue is not ours to edit: a comment says so."""
    GONE = "gone"
    BACK = "back"
    NOT_WANTED = "not wanted"
    DONE = "done"


class Known(Contract):
    """An issue that was filed for the list, as it is now."""

    number: int
    item: Planned
    """As it was filed, edited or told last."""
    thought: bool = False
    """A model wrote it."""
    open: bool = True
    done: bool = False
    """Closed as completed."""
    at_work: bool = False
    untouched: bool = True
    """Nobody else has edited it since."""
    told: frozenset[str] = frozenset()
    """Purposes of our comments there."""


class PlanFacts(Contract):
    repo_id: int
    repo: str
    name: str
    """Of the list."""
    known: dict[str, Known] = Field(default_factory=dict[str, Known])
    """By key, the epic among them."""
    setup: SetUp | None = None
    start: bool = False
    """The issues are worked on at once."""

    def signal(self, key: str) -> str:
        return f"plan:{self.repo_id}:{self.name}.{key}"


@dataclass(frozen=True)
class Change:
    """One row. `step` None: nothing is to be done, or not before others are."""

    kind: Kind
    key: str
    title: str
    number: int = 0
    detail: str = ""
    step: Effect | None = None


def kept(item: Planned, text: str, plan: Plan, facts: PlanFacts) -> dict[str, Any]:
    """Kept with the event: what the item was, and how its issue reads."""
    found = {
        "list": facts.name,
        "title": plan.title,
        "thought": plan.thought,
        "item": item.model_dump(mode="json"),
        "shown": bodies.digest(bodies.title(item), text),
    }
    return {"plan": found}


def about(facts: PlanFacts, number: int, why: str) -> Mapping[str, Any]:
    return {"repo_id": facts.repo_id, "repo": facts.repo, "number": number, "why": why}
