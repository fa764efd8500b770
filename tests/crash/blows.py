"""A blow is one process of the jobs and its end; a life is a task's, with blow after blow."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from agent_os.attempt.states import AgentProcess, load
from agent_os.workspace.proctable import Process, alive, read_process

from .aftermath import processes
from .ground import POLL_SECONDS, Drives, Ground

#: The hub is away so long before it starts again.
DOWN_SECONDS = 0.05
#: Then what a blow waits for has not come.
LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Blow:
    """How one process of the jobs ends, and what else is killed meanwhile."""

    at: str = ""
    """Killed at this point: a pattern of names, `#`, and at which match."""
    seconds: float = 0
    """Or killed after this time."""
    everything: bool = False
    """With it all other processes of the home: runner, agent, git."""
    hub_after: int = 0
    """Not 0: the hub is killed and started again when so many points more have been passed."""
    agent: bool = False
    """The agent that runs, or the next one, is killed."""


def suffer(ground: Ground, drives: Drives, blows: Iterable[Blow]) -> list[str]:
    """One blow after the other, until nothing is left to do; what was really killed."""
    killed: list[str] = []
    for blow in blows:
        fallen, over = strike(ground, drives, blow)
        killed += fallen
        if over:
            break
    return killed


def strike(ground: Ground, drives: Drives, blow: Blow) -> tuple[list[str], bool]:
    """Run the jobs until the blow falls: (what was really killed, whether all was over before)."""
    passed, struck = len(ground.reached()), len(ground.killed())
    job = read_process(ground.start(drives, point=blow.at))
    fallen: list[str] = []
    if blow.hub_after and _comes(job, lambda: len(ground.reached()) >= passed + blow.hub_after):
        ground.hub.kill()
        time.sleep(DOWN_SECONDS)
        ground.hub.start()
        fallen.append("hub")
    if blow.agent and _comes(job, lambda: _kill_agent(ground)):
        fallen.append("agent")
    if blow.seconds:
        time.sleep(blow.seconds)
        _kill(job)
    if blow.everything:
        kill_all(ground)
    status = drives.wait()
    assert status in (0, -signal.SIGKILL), ground.story()
    if status == 0:
        return fallen, True
    moment = "everything" if blow.everything else "moment"
    names = ground.killed()[struck:] or [moment]
    assert len(names) == 1, names
    return [*fallen, *names], False


def kill_all(ground: Ground) -> None:
    """As when the machine loses its power."""
    while found := processes(ground.root):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _kill(process: Process | None) -> bool:
    """Whether it was there to be killed."""
    if process is None or not alive(process):
        return False
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
        return True
    return False


def _kill_agent(ground: Ground) -> bool:
    attempts = [a for a in ground.attempts() if not (a / "agent.done").exists()]
    noted = [n for a in attempts if (n := load(a / "agent.process", AgentProcess))]
    found = [(n, read_process(n.pid)) for n in noted]
    return any([_kill(p) for n, p in found if p and p.started == n.pid_started])


def _comes(job: Process | None, met: Callable[[], bool]) -> bool:
    """Whether it came before the jobs' process ended."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while job is not None and alive(job) and time.monotonic() < deadline:
        if met():
            return True
        time.sleep(POLL_SECONDS)
    return False
