"""What every driver does: say how to launch its agent, and what its ending means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent_os.domain.attempts import AgentOrder
from agent_os.domain.failures import FailureCode

#: What a shell says of a command that is not there, or may not be run.
NOT_FOUND = (126, 127)


@dataclass(frozen=True)
class Launch:
    """How to start an agent: `env` is its whole environment, `read_only` what it sees besides."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes = b""
    read_only: tuple[Path, ...] = field(default=())


class Driver(Protocol):
    """One kind of agent."""

    def launch(
        self, order: AgentOrder, work: Path, home: Path, task_file: Path, handoff_file: Path
    ) -> Launch:
        """How to start it. Paths are absolute. BadInput when the order lacks what it needs."""
        ...

    def finish(self, exit_code: int, tail: str) -> FailureCode | None:
        """What its ending means: None when it did its work as far as it can tell."""
        ...


def clean_environment(
    order: AgentOrder, home: Path, task_file: Path, handoff_file: Path
) -> dict[str, str]:
    """PATH, HOME, LANG, where its task is, and of our own environment what the order names."""
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "AGENT_OS_TASK": str(task_file),
        "AGENT_OS_HANDOFF": str(handoff_file),
    }
    env.update({name: os.environ[name] for name in order.env if name in os.environ})
    return env


def visible_paths(order: AgentOrder) -> tuple[Path, ...]:
    """The order's `read_only` paths, `~` being the runner's own home."""
    return tuple(Path(name).expanduser() for name in order.read_only)
