"""Kills at moments that nobody has named: in a request, in git, in the store, in an import."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from .aftermath import created_once, merged_once, processes, sent_once
from .conftest import Make
from .ground import FIX, Drives, Ground, until

pytestmark = pytest.mark.long

SEEDS = range(20 if os.environ.get("AGENT_OS_CRASH_ALL") == "1" else 1)
KILLS = 12


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_again_and_again(
    make: Make, drives: Drives, seed: int, record_property: Callable[[str, object], None]
) -> None:
    ground = make()
    chance = random.Random(seed)
    kills = 0
    for _ in range(KILLS):
        job = ground.start(drives)
        time.sleep(chance.uniform(0.02, 0.4))
        with suppress(ProcessLookupError):
            os.kill(job, signal.SIGKILL)
        kills += drives.wait() == -signal.SIGKILL
    assert kills, "it was over before the first kill"
    ground.finishes(drives)
    merged_once(ground)
    sent_once(ground)
    created_once(ground)
    record_property("killed_at", f"{kills} moments of seed {seed}")


#: File of the attempt that is there when the power goes, and how many attempts it takes then.
MOMENTS = {"order.json": 1, "agent.process": 2, "outcome.json": 1}


@pytest.mark.parametrize("name", MOMENTS)
def test_everything_is_killed_at_once(
    make: Make, drives: Drives, name: str, record_property: Callable[[str, object], None]
) -> None:
    """As when the machine loses its power: job, runner, agent and git."""
    ground = make(agents={"fixer": {"driver": "command", "command": f"{FIX}; sleep 0.5"}})
    job = ground.start(drives)
    until(lambda: any((a / name).exists() for a in ground.attempts()), ground)
    os.kill(job, signal.SIGKILL)
    _kill_all(ground)
    assert drives.wait() == -signal.SIGKILL
    ground.finishes(drives)
    merged_once(ground, attempts=MOMENTS[name])
    sent_once(ground)
    created_once(ground)
    record_property("killed_at", f"everything {name}")


def _kill_all(ground: Ground) -> None:
    while found := processes(ground.root):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
