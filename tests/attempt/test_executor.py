"""The local executor: processes that outlive whoever started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent_os.attempt.failpoints import VARIABLE
from agent_os.domain.errors import BadInput, SandboxError
from agent_os.domain.failures import FailureCode
from agent_os.executor.local import LocalExecutor
from agent_os.workspace.proctable import read_process

from .world import FIX, World, wait_for


def runner_pid(path: Path) -> int:
    return int(json.loads((path / "started.json").read_text())["pid"])


def test_from_absent_to_ended(world: World) -> None:
    executor = LocalExecutor()
    attempt = world.attempt(f"{FIX}; while [ ! -e go ]; do sleep 0.02; done; rm go")
    assert executor.poll(attempt.path) == "absent"
    executor.start(attempt.path, attempt.environment())
    assert executor.poll(attempt.path) == "alive"
    wait_for((attempt.path / "agent.process").exists)
    pid = runner_pid(attempt.path)
    executor.start(attempt.path, attempt.environment())  # again: nothing happens
    assert runner_pid(attempt.path) == pid
    events, offset = executor.events(attempt.path, 0)
    assert [event["stage"] for event in events][:2] == ["attempt", "prepare"]
    (attempt.path / "work" / "go").touch()
    wait_for(lambda: executor.poll(attempt.path) == "ended")
    assert executor.collect(attempt.path).code is None
    later, _ = executor.events(attempt.path, offset)
    assert later and "agent" in {event["stage"] for event in later}
    executor.start(attempt.path, attempt.environment())
    assert executor.poll(attempt.path) == "ended"


def test_a_lost_attempt_is_resumed_by_starting_it_again(world: World) -> None:
    executor = LocalExecutor()
    attempt = world.attempt()
    executor.start(attempt.path, attempt.environment(**{VARIABLE: "snapshot.done"}))
    wait_for(lambda: executor.poll(attempt.path) == "lost")
    executor.start(attempt.path, attempt.environment())
    wait_for(lambda: executor.poll(attempt.path) == "ended")
    assert executor.collect(attempt.path).code is None


def test_it_outlives_its_starter(world: World) -> None:
    attempt = world.attempt("sleep 0.5; " + FIX)
    script = (
        "import os, sys; from pathlib import Path;"
        "from agent_os.executor.local import LocalExecutor;"
        "LocalExecutor().start(Path(sys.argv[1]), dict(os.environ)); os.kill(os.getpid(), 9)"
    )
    argv = [sys.executable, "-c", script, str(attempt.path)]
    done = subprocess.run(argv, env=attempt.environment(), timeout=20, check=False)
    assert done.returncode == -signal.SIGKILL
    executor = LocalExecutor()
    assert executor.poll(attempt.path) == "alive"
    wait_for(lambda: executor.poll(attempt.path) == "ended")
    assert executor.collect(attempt.path).code is None


def test_stopping(world: World) -> None:
    executor = LocalExecutor()
    attempt = world.attempt("sleep 300")
    executor.start(attempt.path, attempt.environment())
    wait_for((attempt.path / "agent.process").exists)
    executor.stop(attempt.path, "label removed")
    wait_for(lambda: executor.poll(attempt.path) == "ended")
    outcome = executor.collect(attempt.path)
    assert (outcome.code, outcome.detail) == (FailureCode.LOST, "stopped: label removed")


def test_stopping_one_that_does_not_listen(world: World) -> None:
    """The cancel file's age says how hard to ask; a runner that is stuck is killed in the end."""
    executor = LocalExecutor()
    attempt = world.attempt("sleep 300")
    executor.start(attempt.path, attempt.environment())
    wait_for((attempt.path / "agent.process").exists)
    runner = read_process(runner_pid(attempt.path))
    assert runner is not None
    os.kill(runner.pid, signal.SIGSTOP)
    executor.stop(attempt.path, "stuck")
    executor.stop(attempt.path, "stuck")
    assert executor.poll(attempt.path) == "alive"
    os.utime(attempt.path / "cancel", (1, 1))
    executor.stop(attempt.path, "stuck")
    wait_for(lambda: executor.poll(attempt.path) == "lost")
    executor.start(attempt.path, attempt.environment())
    wait_for(lambda: executor.poll(attempt.path) == "ended")


def test_what_can_not_start_says_why(world: World) -> None:
    executor = LocalExecutor()
    attempt = world.attempt()
    (attempt.path / "order.json").write_text("{}")
    with pytest.raises(SandboxError, match=r"order\.json is wrong"):
        for _ in range(5):  # a busy machine may take longer than a start is waited for
            executor.start(attempt.path, attempt.environment())
            wait_for(lambda: executor.poll(attempt.path) == "lost")
    with pytest.raises(BadInput):
        executor.collect(attempt.path)


#: In a process of its own: whoever has run a program is a subreaper, and gets orphans for good.
STARTER = """
import os, sys, time
from pathlib import Path
from agent_os.executor.local import LocalExecutor
path = Path(sys.argv[1])
executor = LocalExecutor()
executor.start(path, dict(os.environ))
deadline = time.monotonic() + 60
while executor.poll(path) != "ended" and time.monotonic() < deadline:
    time.sleep(0.05)
try:
    print("a child", os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child", executor.poll(path))
"""


def test_no_zombie_is_left_with_the_starter(world: World) -> None:
    attempt = world.attempt()
    argv = [sys.executable, "-c", STARTER, str(attempt.path)]
    said = subprocess.run(argv, env=attempt.environment(), capture_output=True, text=True)
    assert said.stdout.strip() == "no child ended", said.stderr
