"""What a performer is: it makes one kind of change, and can tell afterwards whether it happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from agent_os.domain.effects import Effect
from agent_os.domain.events import Event
from agent_os.effects.world import World
from agent_os.store.intents import Intent

Facts = list[Event]


class Found(StrEnum):
    DONE = "done"
    UNDONE = "undone"
    """It happened, and a person has undone it."""
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Resolution:
    found: Found
    facts: Facts


ABSENT = Resolution(Found.ABSENT, [])
UNKNOWN = Resolution(Found.UNKNOWN, [])


def done(*facts: Event) -> Resolution:
    return Resolution(Found.DONE, list(facts))


E = TypeVar("E", bound=Effect, contravariant=True)


class Performer(Protocol[E]):
    def perform(self, world: World, effect: E, intent: str) -> Facts:
        """Make the change, once. AgentOSError but GitHubUnreachable: it did not happen."""
        ...

    def probe(self, world: World, effect: E, intent: Intent) -> Resolution:
        """Whether it happened. Changes nothing; reads lists to their end."""
        ...
