"""git goes on after the job that started it was killed, or is killed itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_os.workspace.proctable import Process, descendants

from .aftermath import commits_are_kept, merged_once
from .conftest import Make
from .ground import Drives, Ground


def _until(met: Callable[[], bool], ground: Ground, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"waited too long:\n{ground.story()}"
        time.sleep(0.001)


def _stop_tree(pid: int) -> Iterator[Process]:
    """Stop every process below `pid`, the later born ones too, and tell which."""
    stopped: dict[int, Process] = {}
    while new := {p: q for p, q in descendants(pid).items() if p not in stopped}:
        for child in new.values():
            os.kill(child.pid, signal.SIGSTOP)
        stopped |= new
    return iter(stopped.values())


@pytest.mark.parametrize("effect", ["push_branch", "delete_branch"])
def test_a_push_that_outlives_its_job(make: Make, drives: Drives, effect: str) -> None:
    """It arrives after the next job found that it had not happened, and did it itself."""
    ground = make()
    job = ground.start(drives)
    _until(lambda: f"{effect}.intended#1" in ground.reached(), ground)
    _until(lambda: bool(descendants(job)), ground)
    stopped = list(_stop_tree(job))
    os.kill(job, signal.SIGKILL)
    assert drives.wait() == -signal.SIGKILL
    assert f"{effect}.performed#1" not in ground.reached(), "it was killed too late"
    try:
        ground.start(drives)
        _until(lambda: ground.reached().count(f"{effect}.intended#1") == 2, ground)
    finally:
        for process in stopped:
            os.kill(process.pid, signal.SIGCONT)
    assert drives.wait() == 0, ground.story()
    merged_once(ground)


LEFT = ("packed-refs.lock", "refs/heads/main.lock", "HEAD.lock")


@pytest.mark.parametrize("name", LEFT)
def test_the_locks_of_a_killed_git(make: Make, drives: Drives, name: str) -> None:
    """They are nobody's any more: the next fetch does not fail on them for ever."""
    ground = make()
    assert ground.drive(drives, point="start_attempt.performed") == 0 or True
    merged_once(ground)
    (mirror,) = ground.home.glob("mirrors/*.git")
    _leave(mirror / name)
    commits_are_kept(ground)


def _leave(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
