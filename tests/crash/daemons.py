"""`agent-os up` and `agent-os job` as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from agent_os.domain.clock import OFFSET_FILE

from .ground import ROOT, Ground

STOP_SECONDS = 5.0
Daemon = subprocess.Popen[bytes]


def start(ground: Ground, *command: str) -> Daemon:
    """Start `agent-os COMMAND` on this ground; it writes to the ground's log."""
    argv = [sys.executable, "-m", "agent_os", *command, "--config", str(ground.config)]
    env = {"PATH": os.environ["PATH"], **ground.environment}
    env |= {"AGENT_OS_FAILPOINT_LOG": str(ground.points), OFFSET_FILE: str(ground.clock)}
    with ground.log.open("a") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, env=env, cwd=ROOT)
    ground.pids.append(process.pid)
    return process


def stop(daemon: Daemon) -> float:
    """Ask it to stop; the seconds that it took."""
    begun = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(STOP_SECONDS + 5) == 0
    return time.monotonic() - begun
