"""The attempt's runner is killed in its stages: the task still ends merged, and no work is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agent_os.attempt.failpoints import FAILPOINTS
from agent_os.domain.failures import FailureCode
from agent_os.workspace.mirror import Mirror

from .aftermath import created_once, merged_once, sent_once
from .conftest import Make
from .ground import Drives, Ground

#: The agent had begun: it does not run twice, its attempt is lost, and the next one goes on.
LOST_AT = ("agent.claimed", "agent.running", "agent.ended")


def resumed(ground: Ground) -> bool:
    """Whether a second runner took over the first attempt."""
    lines = (ground.attempts()[0] / "events.jsonl").read_text().splitlines()
    said = [(line["stage"], line["event"]) for line in map(json.loads, lines)]
    return ("attempt", "resumed") in said


@pytest.mark.parametrize("point", FAILPOINTS)
def test_killed_at(
    make: Make, drives: Drives, point: str, record_property: Callable[[str, object], None]
) -> None:
    ground = make()
    ground.finishes(drives, runner_point=point)
    lost = point in LOST_AT
    merged_once(ground, attempts=2 if lost else 1)
    sent_once(ground)
    created_once(ground)
    task = ground.task()
    assert task is not None
    if lost:
        assert task.attempts[0].code is FailureCode.LOST
        assert not task.attempts[0].charged, "a lost runner is no fault of the agent's"
    if point not in ("lock.taken", "outcome.done"):
        assert resumed(ground)
    if point == "agent.ended":
        (path,) = ground.home.glob("mirrors/*.git")
        kept = f"refs/agent-os/attempts/{task.slug}/1.1/files"
        mirror = Mirror(path)
        sha = mirror.resolve(kept)
        assert sha and mirror.read_file(sha, "notes.txt") == b"done\n"
    record_property("killed_at", f"runner {point}")


def test_one_that_dies_each_time_is_given_up(make: Make, drives: Drives) -> None:
    """Killed by the kernel for its memory, say: every loop has a bound."""
    ground = make()
    ground.finishes(drives, runner_point="gates.half*")
