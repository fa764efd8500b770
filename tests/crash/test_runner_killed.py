"""The attempt's runner is killed in its stages: the task still ends merged, and no work is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from agent_os.attempt.failpoints import FAILPOINTS
from agent_os.domain.failures import FailureCode
from agent_os.domain.tasks import Status
from agent_os.workspace.mirror import Mirror

from .aftermath import created_once, merged_once, sent_once
from .conftest import Make
from .fates import LOST_AT
from .ground import Drives, Ground, until

#: One of each stage by default: how a runner goes on from each point is tested by itself, too.
ONE_OF_EACH = ("prepare.done", "agent.running", "snapshot.half", "gates.half", "outcome.half")
POINTS = FAILPOINTS if os.environ.get("AGENT_OS_CRASH_ALL") == "1" else ONE_OF_EACH


def resumed(ground: Ground) -> bool:
    """Whether a second runner took over the first attempt."""
    lines = (ground.attempts()[0] / "events.jsonl").read_text().splitlines()
    said = [(line["stage"], line["event"]) for line in map(json.loads, lines)]
    return ("attempt", "resumed") in said


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
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


@pytest.mark.long
def test_one_that_dies_each_time_is_given_up(make: Make, drives: Drives) -> None:
    """Killed by the kernel for its memory, say: every loop has a bound, and a person is told."""
    ground = make()
    ground.start(drives, runner_point="outcome.half*")
    until(lambda: (t := ground.task()) and t.shown.told and t.shown.label == "Blocked", ground)
    ground.ask("DELETE", f"/issues/{ground.number}/labels/Blocked")
    ground.ask("POST", f"/issues/{ground.number}/comments", {"body": "Not now."})
    ground.ask("PATCH", f"/issues/{ground.number}", {"state": "closed"})
    assert drives.wait() == 0, ground.story()
    task = ground.task()
    assert task is not None and task.status is Status.CANCELLED
    assert [(a.code, a.charged) for a in task.attempts] == [(FailureCode.LOST, False)] * 2
    told = ground.ask("GET", f"/issues/{ground.number}/comments")
    assert sum("@alice" in c["body"] for c in told) == 1
    (path,) = ground.home.glob("mirrors/*.git")
    for attempt in (1, 2):
        kept = Mirror(path).resolve(f"refs/agent-os/attempts/{task.slug}/1.{attempt}/files")
        assert kept, "what it had kept before it died is ours"
