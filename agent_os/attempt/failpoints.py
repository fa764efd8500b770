"""Places where a test can kill the runner. They do nothing unless the environment names one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

VARIABLE = "AGENT_OS_ATTEMPT_FAILPOINT"
#: A file that gets a line when the runner is killed.
NOTE = "AGENT_OS_ATTEMPT_FAILPOINT_NOTE"
FAILPOINTS = (
    "lock.taken",
    "prepare.half",
    "prepare.done",
    "agent.claimed",
    "agent.running",
    "agent.ended",
    "agent.done",
    "snapshot.half",
    "snapshot.done",
    "gates.half",
    "gates.done",
    "outcome.half",
    "outcome.done",
)


def failpoint(name: str) -> None:
    """Kill this process, if the environment asks for it here."""
    if os.environ.get(VARIABLE) == name:
        assert name in FAILPOINTS
        if note := os.environ.get(NOTE):
            with Path(note).open("a", encoding="utf-8") as file:
                file.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)
