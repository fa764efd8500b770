"""What every effect has, and the record of facts that needs none."""

from __future__ import annotations

from typing import ClassVar

from agent_os.domain.contract import Contract
from agent_os.domain.events import Event
from agent_os.domain.tasks import TaskKey


class Effect(Contract):
    kind: ClassVar[str]
    repo_id: int
    repo: str
    number: int
    round: int
    why: str = ""
    decided: str = ""
    """Digest of its body as it was decided, where a secret was taken out of that."""

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.repo_id, self.number)

    @property
    def name(self) -> str:
        return f"{self.repo}#{self.number}"


class Record(Contract):
    """Not a change outside: facts that a decision wants written, in one transaction.

    `consumes` are ids of issue events that the decision used up.
    """

    key: TaskKey
    events: tuple[Event, ...]
    consumes: tuple[int, ...] = ()
