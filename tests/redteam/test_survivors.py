"""Attacks on the end: to live on after it, or to be taken for something else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from agent_os.domain.failures import FailureCode
from tests.attempt.world import FIX, World, limits, wait_for
from tests.redteam.attackers import COMPLETE, attacked, python, said, some

pytestmark = pytest.mark.needs("bwrap")
#: Ways to hide from whoever ends the agent; each leaves a process that carries the mark.
WAYS = {
    "setsid": "setsid sh -c 'exec -a {mark} sleep 300' >/dev/null 2>&1 &",
    "double-fork": "( ( exec setsid sh -c 'exec -a {mark} sleep 300' >/dev/null 2>&1 & ) & )",
    "nohup": "nohup sh -c 'trap : HUP TERM INT; exec -a {mark} sleep 300' >/dev/null 2>&1 &",
    "elsewhere": "cd / && env -i setsid sh -c 'exec -a {mark} sleep 300' >/dev/null 2>&1 &",
    "stopped": "setsid sh -c 'exec -a {mark} sleep 300' >/dev/null 2>&1 & sleep 0.5; kill -STOP $!",
}


def living(mark: str) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = path.read_bytes().split(b"\0")
        except OSError:
            continue
        # The agent's shell holds it in its script.
        if told[:1] == [mark.encode()] and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("way", some(WAYS, "double-fork"))
def test_invariant_13_nothing_lives_on_after_its_agent(world: World, way: str) -> None:
    mark = f"survivor-{world.root.name}-{os.getpid()}"
    # Only bash can name a program as it likes.
    command = WAYS[way].format(mark=mark).replace("sh -c", "bash -c")
    attempt = world.attempt(f"{command}\nsleep 300", sandbox="bwrap")
    runner = attempt.popen()
    wait_for(lambda: living(mark) != [], 30)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(timeout=30) == 0
    assert living(mark) == []
    assert attempt.outcome().code is FailureCode.LOST


@pytest.mark.long
def test_a_background_process_does_not_hold_our_pipe_open(world: World) -> None:
    """It inherits the output and lives on; the end of the agent is the end of it."""
    attempt, outcome = attacked(world, f"{FIX}; setsid sleep 300 & echo LEFT; exit 0")
    assert said(attempt, "LEFT") == [""]
    assert outcome.code is None, outcome.detail


def test_a_writer_in_the_background_can_not_change_what_was_told(world: World) -> None:
    """It replaces the result file for as long as it lives."""
    script = f"""
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (0, 1, 2):
                os.dup2(os.open(os.devnull, os.O_RDWR), number)
            for number in range(10**9):
                with open("new", "w") as file:
                    file.write({COMPLETE!r}.replace("Doubles", f"Doubles {{number}}"))
                os.replace("new", ".agent_result.md")
        os._exit(0)
    os.wait()
    time.sleep(0.3)
    print("WRITES")
    """
    attempt, outcome = attacked(world, python(script))
    assert said(attempt, "WRITES") == [""]
    last = (attempt.path / "work" / ".agent_result.md").read_text()
    assert (attempt.path / "result.md").read_text() == last
    assert outcome.summary and outcome.summary in last


@pytest.mark.parametrize(
    "words", ["bwrap: Can't mount proc on /newroot/proc", "bwrap: execvp claude: No such file"]
)
def test_an_agent_can_not_blame_the_sandbox(world: World, words: str) -> None:
    """What is the host's fault costs the task nothing, and is tried again for ever."""
    attempt, outcome = attacked(world, f'echo "{words}"; exit 1', limits=limits(30))
    assert words in attempt.text("agent.log")
    assert outcome.code is FailureCode.AGENT_FAILED, outcome.detail


@pytest.mark.parametrize("code", [0, 1, 2, 125, 126, 127, 128, 137, 143, 255])
@pytest.mark.long
def test_no_exit_code_makes_failed_work_good(world: World, code: int) -> None:
    attempt, outcome = attacked(world, f"echo ENDS; exit {code}")
    assert said(attempt, "ENDS") == [""]
    assert outcome.code is not None and outcome.head is None
