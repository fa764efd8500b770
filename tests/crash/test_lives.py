"""Whole lives full of kills: whatever is killed, and however often, the task is merged once.

A process is killed at one point, the next one at the next point, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub import HubProcess

from .blows import Blow
from .ground import Drives
from .lives import SLOW, Life, live, moments, sweep

#: At most one in a life: an attempt that is lost twice is a person's to look at.
EVERYTHING = Blow(seconds=0.5, everything=True)
#: An effect that is found not done is done again: a kill at its fact lets the life go on.
ROUND = (r".*\.intended#1", r".*\.performed#1", r".*\.recorded#1")
#: GitHub closes an issue by itself: a kill before we look at it hides what follows.
LAST = (r"close_issue\.recorded", r"delete_branch\.intended", r"delete_branch\.recorded")
LIVES = [
    # These have every point of the main path. An outcome that was taken over is taken over again.
    Life("every change made", sweep(r"(?!accept_outcome).*\.performed#1")),
    Life("every intent and fact", sweep(ROUND[0], ROUND[2])),
    Life("the last steps", [Blow(at=rf"{point}#1") for point in LAST]),
    Life(
        "third point, before the agent",
        sweep(".*#3"),
        ("prepare.half", "agent.claimed", "snapshot.half"),
        attempts=2,
    ),
    Life(
        "fourth point, agent at work",
        sweep(".*#4"),
        ("prepare.done", "agent.running", "snapshot.done"),
        attempts=2,
    ),
    Life(
        "fifth point, agent ended",
        sweep(".*#5"),
        ("lock.taken", "agent.ended", "outcome.half"),
        attempts=2,
    ),
    Life("seventh point, gates", sweep(".*#7"), ("agent.done", "gates.half", "gates.done")),
    Life("outcome there", sweep(".*#6"), ("outcome.done",)),
    Life("cut before", sweep(".*record.*#2"), cut="drop_before"),
    Life("cut after", sweep(".*record.*#3"), cut="drop_after"),
    Life("any moment", [*moments(1, 12), EVERYTHING], attempts=None),
    Life("the hub", [Blow(at=".*#7", hub_after=after) for after in (1, 2, 3, 4, 5, 6)]),
    Life(
        "the agent, and everything",
        [Blow(at=r"accept_outcome\.intended#1", agent=True), EVERYTHING],
        agents=SLOW,
        attempts=None,
    ),
    Life("three issues", sweep(".*#5"), issues=3, attempts=None),
]


LONG = [
    Life("after each fact", sweep(".*record.*#1")),
    Life("second and third point", sweep(".*#2", ".*#3")),
    Life("intended performed recorded", sweep(*ROUND)),
    Life("performed recorded intended", sweep(*ROUND[1:], ROUND[0])),
    Life("three issues, often", sweep(".*#3"), issues=3, attempts=None),
    Life("recorded intended performed", sweep(ROUND[2], *ROUND[:2])),
]
#: The others run in CI: these have each point of the main path, a runner, the hub and chance.
DEFAULT = ("every intent and fact", "seventh point, gates", "the hub")
CASES = [
    life if life.name in DEFAULT else pytest.param(life, marks=pytest.mark.long)
    for life in (*LIVES, *LONG)
]


@pytest.mark.parametrize("life", CASES, ids=lambda life: life.name)
def test_life(
    hub: HubProcess,
    mortal_hub: HubProcess,
    drives: Drives,
    tmp_path: Path,
    life: Life,
    record_property: Callable[[str, object], None],
) -> None:
    used = mortal_hub if life.has_hub_killed else hub
    repo = f"acme/{life.name.replace(' ', '-').replace(',', '')}"
    fallen = live(life, used, drives, tmp_path / "g", repo)
    assert sum(name.startswith("runner ") for name in fallen) == len(life.runner)
    assert any(name.startswith("drop_") for name in fallen) == bool(life.cut)
    for name in fallen:
        record_property("killed_at", name)
