"""Clocks that jump while a task is at work: it is merged once, nothing waits for the old time."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_os.workspace.proctable import alive, read_process
from tests.hub import HubProcess

from .aftermath import created_once, merged_once, sent_once
from .ground import FIX, Drives, Ground, until
from .lives import QUICK

HOUR, DAY = 3600, 86_400
#: Goes on when a file is there.
WAITING = {
    "fixer": {
        "driver": "command",
        "command": f'sh -c "while [ ! -e go ]; do sleep 0.03; done; rm go"; {FIX}',
    }
}
long = pytest.mark.long
#: (seconds, whether GitHub's clock jumps with ours)
JUMPS = [
    pytest.param(HOUR, True, id="an hour on", marks=long),
    pytest.param(-HOUR, True, id="an hour back"),
    pytest.param(DAY, True, id="a day on"),
    pytest.param(HOUR, False, id="ours an hour on", marks=long),
    pytest.param(-HOUR, False, id="ours an hour back"),
    pytest.param(DAY, False, id="ours a day on", marks=long),
    pytest.param(-DAY, True, id="a day back", marks=long),
    pytest.param(-DAY, False, id="ours a day back", marks=long),
]
POINTS = [
    "accept_outcome",
    "merge_pull",
    *(pytest.param(p, marks=long) for p in ("set_labels", "write_comment")),
]


@contextmanager
def jumped(ground: Ground, seconds: int, github_too: bool) -> Generator[None]:
    """The clocks are set meanwhile; the hub's is shared and set right again."""
    ground.jump(seconds)
    if github_too:
        ground.hub.admin("POST", "/clock", {"advance": seconds})
    try:
        yield
    finally:
        if github_too:
            ground.hub.admin("POST", "/clock", {"advance": -seconds})


@pytest.fixture
def waiting(mortal_hub: HubProcess, tmp_path: Path) -> Ground:
    name = f"acme/{tmp_path.name.replace('_', '-')}"
    return Ground(mortal_hub, tmp_path / "g", name, agents=WAITING, **QUICK)


@pytest.mark.long
@pytest.mark.parametrize(("seconds", "github_too"), JUMPS)
def test_while_the_agent_runs(
    waiting: Ground, drives: Drives, seconds: int, github_too: bool
) -> None:
    job = waiting.start(drives)
    until(lambda: "write_comment.recorded#1" in waiting.reached(), waiting)
    until(lambda: any((a / "agent.process").exists() for a in waiting.attempts()), waiting)
    with jumped(waiting, seconds, github_too):
        _let_go(waiting, job)
        assert drives.wait() == 0, waiting.story()
        _all_is_well(waiting, seconds)


@pytest.mark.long
#: Killed between a change and its fact: the next process looks it up, by times of the old clock.
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("seconds", [DAY, pytest.param(-DAY, marks=long)])
def test_set_right_after_a_crash(waiting: Ground, drives: Drives, point: str, seconds: int) -> None:
    waiting.jump(seconds)
    job = waiting.start(drives, point=rf"{point}\.performed#1")
    _let_go(waiting, job)
    assert drives.wait() == -signal.SIGKILL, waiting.story()
    assert waiting.held(), "it was killed with a lease"
    waiting.jump(0)
    _let_go(waiting, waiting.start(drives))
    assert drives.wait() == 0, waiting.story()
    _all_is_well(waiting, 0)


@pytest.mark.long
@pytest.mark.parametrize(("seconds", "github_too"), JUMPS)
def test_while_in_review(waiting: Ground, drives: Drives, seconds: int, github_too: bool) -> None:
    waiting.hub.ci(paused=True)
    try:
        job = waiting.start(drives)
        until(lambda: any((a / "agent.process").exists() for a in waiting.attempts()), waiting)
        (waiting.attempts()[0] / "work" / "go").touch()
        until(lambda: "edit_comment.recorded#1" in waiting.reached(), waiting)
        with jumped(waiting, seconds, github_too):
            waiting.hub.ci(paused=False)
            _let_go(waiting, job)
            assert drives.wait() == 0, waiting.story()
            _all_is_well(waiting, seconds)
    finally:
        waiting.hub.ci(paused=False)


def _let_go(ground: Ground, job: int) -> None:
    """Let the agent go on, and that of an attempt that follows when its time was over."""
    process = read_process(job)

    def over() -> bool:
        for attempt in ground.attempts():
            if (attempt / "agent.process").exists() and not (attempt / "agent.done").exists():
                (attempt / "work" / "go").touch()
        return process is None or not alive(process)

    until(over, ground, seconds=50)


def _all_is_well(ground: Ground, seconds: int) -> None:
    merged_once(ground, attempts=None)
    sent_once(ground)
    created_once(ground)
    task = ground.task()
    assert task is not None and task.finished_at is not None
    off = (task.finished_at - datetime.now(UTC)).total_seconds() - seconds
    assert abs(off) < HOUR / 2, "the clock really was set"
