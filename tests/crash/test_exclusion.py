"""Of two processes that run one job for one key, the second does nothing, or the first one."""

from __future__ import annotations

import os
import signal

import pytest
import sqlalchemy as sa

from agent_os.store import schema

from . import daemons
from .aftermath import created_once, merged_once, sent_once
from .conftest import Make
from .ground import Drives, Ground, until

#: Longer than a lease is good for, in seconds.
OVERDUE = 600
#: Where the first one stands still; then there is work for a second one.
JOBS = [
    pytest.param("dispatcher", "record#1", marks=pytest.mark.long),
    ("queue-engine", r"start_attempt\.intended#1"),
]


def stands_still(ground: Ground, drives: Drives, point: str) -> int:
    job = ground.start(drives, point=point, number=signal.SIGSTOP)
    until(ground.killed, ground)
    return job


def events(ground: Ground) -> int:
    store = ground.store()
    try:
        with store.read() as tx:
            return tx.execute(sa.select(sa.func.count()).select_from(schema.events)).scalar_one()
    finally:
        store.close()


def run(ground: Ground, job: str) -> None:
    assert daemons.start(ground, "job", job).wait(60) == 0, ground.story()


def finishes(ground: Ground, drives: Drives, stopped: int) -> None:
    os.kill(stopped, signal.SIGCONT)
    assert drives.wait() == 0, ground.story()
    merged_once(ground, attempts=None)
    sent_once(ground)
    created_once(ground)


@pytest.mark.long
@pytest.mark.parametrize(("job", "point"), JOBS)
def test_while_the_first_is_at_work(make: Make, drives: Drives, job: str, point: str) -> None:
    ground = make()
    first = stands_still(ground, drives, point)
    try:
        ground.ask_for()
        if job != "dispatcher":
            run(ground, "dispatcher")
        before = events(ground)
        run(ground, job)
        assert events(ground) == before, "what the first one has taken is left to it"
    finally:
        finishes(ground, drives, first)
    assert "lease_lost" not in ground.story()


def test_trap_31_a_late_first_changes_nothing(make: Make, drives: Drives) -> None:
    """It stood still for longer than its lease: the second has done the work when it goes on."""
    ground = make()
    first = stands_still(ground, drives, "record#1")
    try:
        ground.ask_for()
        before = events(ground)
        ground.jump(OVERDUE)
        run(ground, "dispatcher")
        assert events(ground) > before, "the lease was over"
    finally:
        finishes(ground, drives, first)
    assert ground.story().count("lease_lost") == 1
