"""What the control plane asks of a place where attempts run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from agent_os.domain.attempts import Outcome

Liveness = Literal["alive", "ended", "lost", "unknown", "absent"]


class Executor(Protocol):
    """Attempts by their directory. `unknown` is no reason to do anything."""

    def start(self, dir: Path, env: Mapping[str, str]) -> None:
        """Start or resume it, and return once that is a fact; if it is alive, nothing happens.

        `env` is the runner's whole environment. SandboxError if it does not start.
        """
        ...

    def poll(self, dir: Path) -> Liveness:
        """ended: outcome.json is there. alive: its lock is held. lost: it was started, but
        neither. absent: it was never started."""
        ...

    def stop(self, dir: Path, reason: str) -> None:
        """Ask it to stop; call again until it has: later calls ask harder."""
        ...

    def collect(self, dir: Path) -> Outcome:
        """The outcome of an ended attempt. BadInput if it can't be read."""
        ...

    def events(self, dir: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Whole lines of events.jsonl from byte `offset` on, and the next offset."""
        ...
