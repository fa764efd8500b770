"""`kill -9` of the job process before and after each effect's intent, performance and fact.

The points are those that an undisturbed run reaches, not a list made by hand.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from agent_os.domain.effects import EFFECTS, DeskEffect
from tests.hub import HubProcess

from .aftermath import created_once, merged_once, sent_once
from .conftest import Make
from .fates import STAGES
from .ground import Drives, Ground

#: Not needed when nothing goes wrong and nobody is asked: `test_turns_killed.py` has them; that of
#: epics is in `test_epics_killed.py`, of approvals in `test_approval_killed.py`, of what is about a
#: whole repository in `test_desk_killed.py`.
OFF_THE_PATH = {
    *("ask_review", "stop_attempt", "close_pull", "edit_pull", "create_issue", "take_approval"),
    *(cls.kind for cls in DeskEffect.__subclasses__()),
}
KINDS = [kind for kind in EFFECTS if kind not in OFF_THE_PATH]
NAMES = ["record", *(f"{kind}.{stage}" for kind in KINDS for stage in STAGES)]
ALL = os.environ.get("AGENT_OS_CRASH_ALL") == "1"


@pytest.fixture(scope="session")
def undisturbed(
    hub: HubProcess, drives: Drives, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """Every point that a run without any trouble reaches."""
    ground = Ground(hub, tmp_path_factory.mktemp("ground") / "first", "acme/undisturbed")
    ground.finishes(drives)
    merged_once(ground)
    sent_once(ground)
    created_once(ground)
    return ground.reached()


def test_every_effect_of_the_main_path_is_tried(undisturbed: list[str]) -> None:
    assert {point.partition("#")[0] for point in undisturbed} == set(NAMES)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_killed_at(
    make: Make,
    drives: Drives,
    undisturbed: list[str],
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    found = [point for point in undisturbed if point.startswith(f"{name}#")]
    assert found, f"{name} was not reached"
    for point in found if ALL else found[:1]:
        ground = make()
        assert ground.drive(drives, point=point) == -signal.SIGKILL, ground.story()
        assert ground.killed() == [name]
        ground.finishes(drives)
        merged_once(ground)
        sent_once(ground)
        created_once(ground)
        record_property("killed_at", point)


@pytest.mark.long
def test_what_a_killed_drawing_leaves(make: Make, drives: Drives) -> None:
    """The temporary file of a task that has moved on meanwhile is removed, too."""
    ground = make()
    assert ground.drive(drives, point="accept_outcome.intended#1") == -signal.SIGKILL
    left = ground.home / "mailbox" / "processing" / f"{ground.repo.replace('/', '-')}-1.tmp"
    assert left.with_suffix(".md").exists()
    left.write_text("half a li")
    ground.finishes(drives)
    merged_once(ground)
