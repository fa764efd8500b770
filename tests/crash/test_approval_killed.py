"""Killed while an approval that does not count is taken off: that is done once, and who may approve
still can."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from agent_os.domain.rules import LabelRules
from agent_os.domain.tasks import Status

from .aftermath import sent_once
from .conftest import Make
from .fates import STAGES
from .ground import Drives, Ground

pytestmark = pytest.mark.long

LABEL = LabelRules().approved
#: An act so soon after a commit counts as before it.
_LATER_SECONDS = 4.0


@contextmanager
def people(ground: Ground) -> Generator[None]:
    """Bob, who may not, sets the label at once; Alice when his is gone, after some time."""
    over = threading.Event()

    def labels() -> list[str] | None:
        found = ground.pulls()
        return [label["name"] for label in found[0]["labels"]] if found else None

    def set_label(user: str) -> None:
        (pull,) = ground.pulls()
        path = f"/repos/{ground.repo}/issues/{pull['number']}/labels"
        assert ground.hub.api("POST", path, {"labels": [LABEL]}, user=user).ok

    def run() -> None:
        while labels() is None:
            if over.wait(0.05):
                return
        set_label("bob")
        while LABEL in (labels() or ()):
            if over.wait(0.05):
                return
        if not over.wait(_LATER_SECONDS):
            set_label("alice")

    thread = threading.Thread(target=run, name="people")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at(make: Make, drives: Drives, stage: str) -> None:
    ground = make(approvals={"changed_lines": 0}, people={"deny": ["bob"]})
    with people(ground):
        point = f"take_approval.{stage}#1"
        assert ground.drive(drives, point=point) == -signal.SIGKILL, ground.story()
        ground.finishes(drives)
    sent_once(ground)
    task = ground.task()
    assert task and task.status is Status.DONE and task.settled, ground.story()
    assert task.pull and task.pull.approved_by == "alice"
    (pull,) = ground.pulls()
    assert pull["merged_at"]
    told = ground.ask("GET", f"/issues/{ground.number}/comments")
    assert sum("needs a person's approval before" in c["body"] for c in told) == 1
    events = ground.ask("GET", f"/issues/{task.pull.number}/events?per_page=100")
    acts = [(e["event"], e["actor"]["login"]) for e in events if e.get("label")]
    assert [kind for kind, _ in acts] == ["labeled", "unlabeled", "labeled"], acts
