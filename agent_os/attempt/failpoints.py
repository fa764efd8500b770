"""Places where a test can kill the runner. They do nothing unless the environment names one."""

from __future__ import annotations

import os
import signal

VARIABLE = "AGENT_OS_ATTEMPT_FAILPOINT"
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
        os.kill(os.getpid(), signal.SIGKILL)
