"""The same for effects that need a person's act: a review, and the word to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_os.domain.tasks import Status

from . import desk
from .aftermath import sent_once, settled
from .conftest import Make
from .fates import STAGES
from .ground import Drives, Ground
from .test_jobs_killed import OFF_THE_PATH

#: Mends at first; sent back once it notes that; sent back again it works for a very long time.
AGENT_SECONDS = 300
AGENT = f"""sh -c 'if grep -q again notes.txt; then echo more >> notes.txt
sleep {AGENT_SECONDS}; fi
if [ -e notes.txt ]; then echo again >> notes.txt; exit; fi
sed -i "s/a - b/a + b/" calc.py; git commit -qam mended; echo done > notes.txt'"""
CONFIG = {"agents": {"fixer": {"driver": "command", "command": AGENT}}}
#: In the order of the task's life. Killed at each of these in one task, or at one in each.
KINDS = ("ask_review", "edit_pull", "stop_attempt", "close_pull")
#: Killed in test_epics_killed, test_approval_killed and test_desk_killed.
ELSEWHERE = ("create_issue", "take_approval", *(effect.kind for effect in desk.KINDS))
TOGETHER = tuple(f"{kind}.{stage}" for kind in KINDS for stage in ("intended", "performed"))
EACH = [(f"{kind}.{stage}",) for kind in KINDS for stage in STAGES]
CASES = [TOGETHER, *(pytest.param(points, marks=pytest.mark.long) for points in EACH)]


class Alice(threading.Thread):
    """Reviews twice and then takes the label away; each when she sees that it is time to."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(name="alice")
        self.ground = ground
        self.over = threading.Event()

    def run(self) -> None:
        for ready, act in (
            (self._described(1), self._ask_again),
            (self._described(2), self._ask_again),
            (self._slow, self._unlabel),
        ):
            while not ready():
                if self.over.wait(0.05):
                    return
            act()

    def _described(self, results: int) -> Callable[[], bool]:
        """The description on GitHub has the evidence of so many results."""

        def met() -> bool:
            task = self.ground.task()
            ended = [a for a in task.attempts if a.ended_at] if task else []
            edited = task.result.head[:10] in self._body() if task and task.result else False
            return len(ended) == results and edited

        return met

    def _body(self) -> str:
        return "".join(p["body"] or "" for p in self.ground.pulls())

    def _ask_again(self) -> None:
        (pull,) = self.ground.pulls()
        body = {"event": "REQUEST_CHANGES", "body": "Once more, please."}
        self.ground.ask("POST", f"/pulls/{pull['number']}/reviews", body)

    def _slow(self) -> bool:
        attempts = self.ground.attempts()
        if len(attempts) < 3 or "more" not in _text(attempts[-1] / "work" / "notes.txt"):
            return False
        labels = self.ground.ask("GET", f"/issues/{self.ground.number}")["labels"]
        return [label["name"] for label in labels] == ["In Review"]

    def _unlabel(self) -> None:
        self.ground.ask("DELETE", f"/issues/{self.ground.number}/labels/In%20Review")


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@contextmanager
def reviewed(ground: Ground) -> Generator[None]:
    """Alice is there while it runs."""
    alice = Alice(ground)
    alice.start()
    try:
        yield
    finally:
        alice.over.set()
        alice.join(30)


def cancelled(ground: Ground) -> None:
    """Stopped by a person: closed by us with a note, the branch kept, the issue left open."""
    (task,) = settled(ground, Status.CANCELLED)
    assert [a.kind.value for a in task.attempts] == ["implement", "fix", "fix"]
    (pull,) = ground.pulls()
    assert pull["state"] == "closed" and not pull["merged_at"]
    branches = {b["name"]: b["commit"]["sha"] for b in ground.ask("GET", "/branches")}
    assert branches[f"agent-os/{ground.number}"] == pull["head"]["sha"]
    assert ground.ask("GET", f"/issues/{ground.number}")["state"] == "open"
    sent_once(ground)


def test_these_are_what_the_main_path_lacks() -> None:
    assert {*KINDS, *ELSEWHERE} == OFF_THE_PATH


@pytest.mark.long
@pytest.mark.parametrize("points", CASES, ids=lambda points: points[0])
def test_killed_at(
    make: Make,
    drives: Drives,
    points: tuple[str, ...],
    record_property: Callable[[str, object], None],
) -> None:
    ground = make(mode="pull-request", **CONFIG)
    begun = time.monotonic()
    with reviewed(ground):
        for point in points:
            code = ground.drive(drives, point=f"{point}#1")
            # On a busy machine the jobs may come to rest before Alice has seen that it is her turn.
            while code == 0 and time.monotonic() - begun < AGENT_SECONDS / 2:
                code = ground.drive(drives, point=f"{point}#1")
            assert code == -signal.SIGKILL, ground.story()
            record_property("killed_at", f"{point}#1")
        ground.finishes(drives)
    assert time.monotonic() - begun < AGENT_SECONDS, "the slow agent was ended, not waited for"
    cancelled(ground)
