"""What every driver does: say how to launch its agent, read its output, and judge its end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agent_os.agents.events import AgentEvent
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.failures import FailureCode

#: What a shell says of a command that is not there, or may not be run.
NOT_FOUND = (126, 127)


@dataclass(frozen=True)
class Assignment:
    """One run of an agent. Paths are absolute; `work` is the directory it is started in."""

    order: AgentOrder
    work: Path
    home: Path
    task_file: Path
    handoff_file: Path
    prompt: str
    seconds: float
    """Until its deadline."""
    usd: float | None = None
    """What it may cost; None: no limit."""
    key: str = ""
    """The provider's secret; empty where the agent has none, or its program's own login."""
    session: str = ""
    """Go on with this session of the same home; empty: a new one."""


@dataclass(frozen=True)
class Launch:
    """How to start an agent: `env` is its whole environment, `read_only` what it sees besides.

    `files` are written into its home before, by their path relative to it. `notes` are patterns of
    files there, lines of JSON in which the program notes what it does while it runs.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes = b""
    read_only: tuple[Path, ...] = field(default=())
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Finish:
    """How it ended. `code` None: it did its work as far as it can tell."""

    code: FailureCode | None = None
    detail: str = ""
    resets_at: datetime | None = None


class Reader(Protocol):
    """Reads one run's output, a line at a time; keeps what it needs for the judgement.

    Derive from it: what is not set or defined below is as here.
    """

    hopeless: bool = False
    """The provider refused, and the program goes on trying: it is ended, then judged."""

    def line(self, text: str) -> Sequence[AgentEvent]:
        """What the line tells. A line that is not understood tells nothing."""
        ...

    def error_line(self, text: str) -> Sequence[AgentEvent]:
        """The same for a line of its standard error."""
        return ()

    def noted_line(self, text: str) -> Sequence[AgentEvent]:
        """The same for a line of the files of `Launch.notes`."""
        return ()

    def ended(self) -> Sequence[AgentEvent]:
        """What can be told only now that all lines were read."""
        return ()

    def finish(self, exit_code: int, tail: str) -> Finish:
        """What its ending means, after `ended`; `tail` is the end of all that it wrote."""
        ...


class Driver(Protocol):
    """One kind of agent. Derive from it: what is not set below is as here."""

    program: str = ""
    """The name of the program on PATH; empty: none is needed."""
    install: str = ""
    """For people: how to get the program."""
    apis: tuple[str, ...] = ()
    """The provider interfaces that it can use, by their names in the config; none: no model."""
    login_files: tuple[str, ...] = ()
    """Where its program keeps its own login, relative to the owner's home; none: it has none."""
    login_hosts: tuple[str, ...] = ()
    """What its program reaches with that login, by https."""
    resumes: bool = False
    """Whether `Assignment.session` works."""
    tells_tools: bool = True
    """Whether it tells that a tool begins; else its processes are looked at."""

    def launch(self, run: Assignment) -> Launch:
        """How to start it. BadInput when the order lacks what it needs."""
        ...

    def reader(self, order: AgentOrder, clock: Clock) -> Reader:
        """For one run."""
        ...


def clean_environment(run: Assignment) -> dict[str, str]:
    """PATH, HOME, LANG, where its task is, and of our own environment what the order names."""
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(run.home),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "AGENT_OS_TASK": str(run.task_file),
        "AGENT_OS_HANDOFF": str(run.handoff_file),
    }
    env.update({name: os.environ[name] for name in run.order.env if name in os.environ})
    return env


def visible_paths(order: AgentOrder) -> tuple[Path, ...]:
    """The order's `read_only` paths, `~` being the runner's own home."""
    return tuple(Path(name).expanduser() for name in order.read_only)
