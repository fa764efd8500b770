"""How much memory the runner takes while a real program writes very much."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.agents.cells import begin, environment
from tests.agents.programs import Agent
from tests.attempt.world import World, limits
from tests.models import ModelServer
from tests.models.server import Chosen


@dataclass(frozen=True)
class Heard:
    """`peak` (VmHWM) and `written`: bytes; `seconds` of the whole attempt."""

    peak: int
    written: int
    seconds: float


def listen(world: World, agent: Agent, chosen: Chosen) -> Heard:
    """Run an attempt that may write a gigabyte, and watch its runner."""
    with ModelServer(chosen) as server:
        attempt = begin(world, agent, server.url, limits=limits(300, 120, output=1e9))
        began = time.monotonic()
        runner = attempt.popen(**environment())
        peak = _peak(runner)
        seconds = time.monotonic() - began
    assert runner.returncode == 0
    return Heard(peak, (attempt.path / "agent.log").stat().st_size, seconds)


def _peak(process: subprocess.Popen[bytes]) -> int:
    status, peak = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        match = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        peak = int(match[1]) * 1024 if match else peak
        time.sleep(0.02)
    return peak
