"""What each stage leaves behind, so that a runner that starts again goes on after it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agent_os.attempt.directory import write_atomic
from agent_os.domain.attempts import KeptRef, ReviewerRun
from agent_os.domain.contract import Contract, Text
from agent_os.domain.failures import FailureCode
from agent_os.domain.review import Review
from agent_os.domain.triage import Triage
from agent_os.domain.usage import Spent


class Started(Contract):
    """`at` is the first start; pid and its start time (clock ticks) are the newest runner's."""

    pid: int
    pid_started: int
    at: datetime


class Prepared(Contract):
    """`head` is a result that needs no agent; `checked_out` is where the agent starts from."""

    checked_out: str
    head: str | None = None
    needs_agent: bool
    prompt: str = ""
    """Version of the templates of its prompt; empty without an agent."""


class AgentProcess(Contract):
    """The agent's process; it leads a session of its own with the same number."""

    pid: int
    pid_started: int


class AgentRun(Contract):
    """How the agent ended. `code` is None when it did its work as far as it can tell."""

    code: FailureCode | None
    detail: Text = ""
    exit_code: int | None = None
    seconds: float = 0.0
    tail: str = ""
    leftovers: int = 0
    session: Text = ""
    spent: Spent | None = None
    """None: it uses no model, as far as we know."""
    resets_at: datetime | None = None


class Reviewed(Contract):
    """Who was asked to look at the result so far, and the verdict once there is one."""

    runs: tuple[ReviewerRun, ...] = ()
    review: Review | None = None


class Taken(Contract):
    """What was kept of the work. `head` is None when nothing changed."""

    head: str | None = None
    kept: tuple[KeptRef, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    """Why the result file can't be read; empty if it can, or is not there."""
    thrown_away: int = 0
    """Files changed in an attempt that was to answer only."""
    answer_problem: str = ""
    """Why there is no usable answer, where one was asked for."""
    answer_gives_away: str = ""
    """What kind of secret stood in the answer; it was taken out."""


class Asked(Contract):
    """How often the call of a triage was begun."""

    times: int = 0


class Thought(Contract):
    """What came of a triage."""

    code: FailureCode | None
    detail: str = ""
    triage: Triage | None = None
    spent: Spent = Spent()
    resets_at: datetime | None = None


State = TypeVar("State", bound=Contract)


def save(path: Path, state: Contract) -> None:
    """Write the state atomically."""
    write_atomic(path, state.model_dump_json(indent=1))


def load(path: Path, kind: type[State]) -> State | None:
    """The state, or None when the stage did not get that far."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
