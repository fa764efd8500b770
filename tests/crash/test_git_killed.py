"""git goes on after the job that started it was killed, or is killed itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent_os.domain.tasks import Status
from agent_os.workspace.proctable import Process, alive, descendants

from .aftermath import merged_once
from .conftest import Make
from .ground import Drives, Ground, until

pytestmark = pytest.mark.long

DONE, BLOCKED = Status.DONE, Status.BLOCKED
#: A push first asks what is there, and gets no answer for so long: time enough to stop it.
_ASKING_SECONDS = 1.0
#: A machine that stands still for that long lets it through all the same.
_TRIES = 5


def _signal(pid: int, number: signal.Signals) -> None:
    """A git of ours may end at any moment by itself."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _stop_tree(pid: int) -> Iterator[Process]:
    """Stop every process below `pid`, the later born ones too, and tell which."""
    stopped: dict[int, Process] = {}
    while new := {p: q for p, q in descendants(pid).items() if p not in stopped}:
        for child in new.values():
            _signal(child.pid, signal.SIGSTOP)
        stopped |= new
    return iter(stopped.values())


def _pushes(pid: int) -> bool:
    """Whether a git below `pid` is at a push, and not at what we do before it."""
    for child in descendants(pid).values():
        with suppress(OSError):
            if b"\0push\0" in Path(f"/proc/{child.pid}/cmdline").read_bytes():
                return True
    return False


def _is_done(ground: Ground, effect: str) -> bool:
    return f"{effect}.performed#1" in ground.reached()


def _arrived(ground: Ground, effect: str) -> bool:
    """Whether the hub has what the push wants, though nobody was told."""
    there = any(b["name"].startswith("agent-os/") for b in ground.ask("GET", "/branches"))
    return there == (effect == "push_branch")


@pytest.mark.parametrize("effect", ["push_branch", "delete_branch"])
def test_a_push_that_outlives_its_job(make: Make, drives: Drives, effect: str) -> None:
    """It arrives after the next job found that it had not happened, and did it itself."""
    for _ in range(_TRIES):
        ground = make()
        ground.hub.fault(
            "GET", f"/{ground.repo}.git/info/refs$", "latency", seconds=_ASKING_SECONDS, count=None
        )
        job = ground.start(drives)
        until(lambda ground=ground: f"{effect}.intended#1" in ground.reached(), ground)
        until(lambda ground=ground, job=job: _pushes(job) or _is_done(ground, effect), ground)
        stopped = list(_stop_tree(job))
        os.kill(job, signal.SIGKILL)
        assert drives.wait() == -signal.SIGKILL
        ground.hub.admin("DELETE", "/faults")
        if stopped and not _is_done(ground, effect) and not _arrived(ground, effect):
            break
        for process in stopped:
            _signal(process.pid, signal.SIGCONT)
    else:
        pytest.fail(f"its git was never caught at work in {_TRIES} tries")
    later: list[Process] = []
    try:
        job = ground.start(drives)
        until(lambda: ground.reached().count(f"{effect}.intended#1") == 2, ground)
        os.kill(job, signal.SIGSTOP)
        later += _stop_tree(job)
        for process in stopped:
            _signal(process.pid, signal.SIGCONT)
        until(lambda: not any(alive(p) for p in stopped), ground)
    finally:
        for process in (*stopped, *later):
            _signal(process.pid, signal.SIGCONT)
        _signal(job, signal.SIGCONT)
    assert drives.wait() == 0, ground.story()
    merged_once(ground)


def _ends(ground: Ground, drives: Drives, rounds: int) -> Status:
    """Where the task comes to in this round; what follows is of no interest here."""
    job = ground.start(drives)

    def over() -> Status | None:
        task = ground.task()
        ended = task is not None and task.round == rounds and task.status in (DONE, BLOCKED)
        return task.status if task and ended else None

    try:
        return until(over, ground)
    finally:
        os.kill(job, signal.SIGKILL)
        drives.wait()


def test_what_a_killed_fetch_leaves(make: Make, drives: Drives) -> None:
    """Its locks are nobody's any more: the next one does not fail on them for ever."""
    again = {"driver": "command", "command": "date +%N >> notes.txt; sed -i s/-/+/ calc.py"}
    ground = make(agents={"fixer": again}, limits={"backoff_seconds": 0.1})
    ground.finishes(drives)
    (mirror,) = ground.home.glob("mirrors/*.git")
    (mirror / "refs/heads/main.lock").touch()
    ground.ask("POST", f"/issues/{ground.number}/labels", {"labels": ["Ready"]})
    assert _ends(ground, drives, 2) is DONE, ground.story()


def test_what_a_killed_init_leaves(make: Make, drives: Drives) -> None:
    ground = make(limits={"backoff_seconds": 0.1})
    folder = ground.home / "mirrors" / f"{ground.ask('GET', '')['id']}.git"
    folder.mkdir(parents=True)
    (folder / "HEAD.lock").touch()
    assert _ends(ground, drives, 1) is DONE, ground.story()
