"""A runner may be killed anywhere: the next one goes on, and the agent never runs twice."""

from __future__ import annotations

import signal

import pytest

from agent_os.attempt.failpoints import FAILPOINTS, VARIABLE
from agent_os.domain.failures import FailureCode
from agent_os.workspace.proctable import alive, read_process

from .world import FIX, World, wait_for

#: Killed here the agent has started but its end was not seen.
LOST_AT = ("agent.claimed", "agent.running", "agent.ended")


@pytest.mark.long
@pytest.mark.parametrize(
    ("point", "sandbox"),
    [*((point, "auto") for point in FAILPOINTS), *((point, "none") for point in LOST_AT)],
)
def test_killed_at(world: World, point: str, sandbox: str) -> None:
    command = f"echo once >> runs.txt; git add -A; git commit -qm one; {FIX}"
    attempt = world.attempt(command, sandbox=sandbox)
    assert attempt.popen(**{VARIABLE: point}).wait(timeout=30) == -signal.SIGKILL
    outcome = attempt.run()
    if point in LOST_AT:
        assert outcome.code is FailureCode.LOST
    else:
        assert outcome.code is None, outcome.detail
    kept = {ref.ref.rsplit("/", 1)[-1]: ref.sha for ref in attempt.imported().kept}
    if point == "agent.ended" or point not in LOST_AT:
        assert world.mirror.read_file(kept["files"], "runs.txt") == b"once\n"
    assert sorted(path.name for path in attempt.path.glob(".*")) == []


def test_a_daemon_of_an_agent_whose_runner_was_killed_is_ended(world: World) -> None:
    """Without a pid namespace, too: it is found by what it was told and where it stands."""
    pid_file = world.root / "pid"
    command = f"setsid sh -c 'echo $$ > {pid_file}; sleep 300' & sleep 300"
    attempt = world.attempt(command, sandbox="none")
    runner = attempt.popen()
    wait_for(lambda: pid_file.exists() and pid_file.read_text().strip() != "")
    runner.kill()
    runner.wait()
    daemon = read_process(int(pid_file.read_text()))
    assert daemon is not None and alive(daemon)
    assert attempt.run().code is FailureCode.LOST
    assert not alive(daemon)


@pytest.mark.parametrize("how", ["file", "signal"])
def test_asked_to_stop_it_keeps_the_work(world: World, how: str) -> None:
    attempt = world.attempt("echo half > half.txt; echo ready; sleep 300")
    runner = attempt.popen()
    wait_for(lambda: "ready" in attempt.text("agent.log"))
    if how == "file":
        (attempt.path / "cancel").write_text("label removed\n")
    else:
        runner.terminate()
    assert runner.wait(timeout=20) == 0
    outcome = attempt.imported()
    assert outcome.code is FailureCode.LOST
    assert outcome.detail == ("stopped: label removed" if how == "file" else "stopped")
    kept = {ref.ref.rsplit("/", 1)[-1]: ref.sha for ref in outcome.kept}
    assert world.mirror.read_file(kept["files"], "half.txt") == b"half\n"


def test_asked_to_stop_during_the_gates(world: World) -> None:
    mark = world.root / "mark"
    attempt = world.attempt(checks={"slow": f"echo > {mark}; sleep 300"}, sandbox="none")
    runner = attempt.popen()
    wait_for(mark.exists)
    runner.terminate()
    assert runner.wait(timeout=20) == 0
    outcome = attempt.imported()
    assert outcome.code is FailureCode.LOST
    assert outcome.kept


def test_trap_31_only_one_runner_at_a_time(world: World) -> None:
    attempt = world.attempt("sleep 300")
    first = attempt.popen()
    wait_for((attempt.path / "agent.process").exists)
    assert attempt.popen().wait(timeout=20) == 3
    first.terminate()
    assert first.wait(timeout=20) == 0


def test_the_lock_is_not_inherited(world: World) -> None:
    listing = "ls -l /proc/self/fd > fds.txt; " + FIX
    attempt = world.attempt(listing, sandbox="none")
    outcome = attempt.run()
    assert outcome.code is None and outcome.head is not None
    attempt.imported()
    listed = world.mirror.read_file(outcome.head, "fds.txt") or b""
    assert b"-> " in listed
    assert b"/1.1/lock" not in listed
