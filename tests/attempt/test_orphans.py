"""No process of an agent outlives its attempt, however the attempt ends.

The agent's daemon here has forked twice, has a session of its own, and has forgotten environment,
directory and open files. Timeouts and floods of output are in `test_trees.py`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from agent_os.attempt.states import AgentProcess, load
from agent_os.domain.failures import FailureCode

from .test_trees import DAEMON, SANDBOXES, living
from .world import Attempt, World, wait_for

Runner = subprocess.Popen[bytes]
End = Callable[[Attempt, Runner], None]


def with_daemon(world: World, sandbox: str) -> tuple[str, Attempt, Runner]:
    """(the daemon's mark, the attempt, its runner): the daemon is there, the agent goes on."""
    mark = f"agent-daemon-{world.root.name}-{time.time_ns()}"
    (world.origin / "daemon.py").write_text(DAEMON.format(mark=mark).replace("'", '"'))
    world.base = world.commit({})
    world.sync()
    attempt = world.attempt("python3 daemon.py; sleep 300", sandbox=sandbox)
    runner = attempt.popen()
    wait_for(lambda: living(mark) != [])
    return mark, attempt, runner


def cancelled(attempt: Attempt, runner: Runner) -> None:
    (attempt.path / "cancel").write_text("label removed\n")
    assert runner.wait(timeout=20) == 0


def asked(attempt: Attempt, runner: Runner) -> None:
    runner.terminate()
    assert runner.wait(timeout=20) == 0


def agent_killed(attempt: Attempt, runner: Runner) -> None:
    noted = load(attempt.path / "agent.process", AgentProcess)
    assert noted is not None
    os.kill(noted.pid, signal.SIGKILL)
    assert runner.wait(timeout=20) == 0


def runner_killed(attempt: Attempt, runner: Runner) -> None:
    runner.kill()
    runner.wait()
    attempt.run()


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("end", [cancelled, asked, agent_killed])
def test_none_after(world: World, sandbox: str, end: End) -> None:
    mark, attempt, runner = with_daemon(world, sandbox)
    end(attempt, runner)
    assert attempt.outcome().code in (FailureCode.LOST, FailureCode.AGENT_FAILED)
    assert living(mark) == []


@pytest.mark.needs("bwrap")
def test_none_after_the_runner_was_killed(world: World) -> None:
    """Its namespace ends with it: nobody has to come and clean up."""
    mark, _, runner = with_daemon(world, "bwrap")
    runner.kill()
    runner.wait()
    wait_for(lambda: living(mark) == [])


def test_what_is_not_covered_without_bubblewrap(world: World) -> None:
    """The runner is killed, and a process of the agent's has hidden every trace of where it comes
    from: without a namespace nothing tells it from a stranger's. The design page says so."""
    mark, attempt, runner = with_daemon(world, "none")
    runner_killed(attempt, runner)
    (left,) = living(mark)
    os.kill(left, signal.SIGKILL)
    assert attempt.outcome().code is FailureCode.LOST
