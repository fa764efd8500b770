"""Many tasks at once over a wire that fails, among people who act at random.

`AGENT_OS_CHAOS=500/10` for so many tasks and repositories (by default fewer than in CI),
`AGENT_OS_CHAOS_SEED` for another story.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.hub import HubProcess

from .crowd import Crowd
from .verdicts import Verdict, nothing_is_left, rests
from .works import LOGIN, Works

_SIZE = "40/4" if os.environ.get("CI") == "true" else "8/2"
TASKS, _, REPOS = os.environ.get("AGENT_OS_CHAOS", _SIZE).partition("/")
SEED = int(os.environ.get("AGENT_OS_CHAOS_SEED", "1"))
#: A task of a busy machine; people go on for most of the time that the tasks take.
SECONDS_A_TASK = 10.0
ACTS_A_TASK = 1.5
_ISSUES_EVERY = 0.15


def test_every_task_ends_in_a_right_state(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tasks, repos = int(TASKS), int(REPOS)
    print(f"replay: AGENT_OS_CHAOS={tasks}/{repos} AGENT_OS_CHAOS_SEED={SEED}")
    with HubProcess(tmp_path / "hub", ["alice", "bob", LOGIN]) as hub:
        works = Works(hub, tmp_path / "works", repos, SEED)
        crowd = Crowd(works, SEED)
        hub.reset_requests()
        with works.daemon():
            works.misbehave()
            _live(works, crowd, tasks)
            asked, faults = works.behave()
            _settle(works, crowd, tasks)
        for task in works.tasks():
            Verdict(works, task).check()
        nothing_is_left(works)
        ends = Counter(task.status.value for task in works.tasks())
    record_property("chaos", f"{tasks} tasks over {repos} repositories, seed {SEED}: {dict(ends)}")
    record_property("chaos", f"{asked} requests, among them faults: {faults}")
    record_property("chaos", f"people's acts: {dict(crowd.acts)}")


def _live(works: Works, crowd: Crowd, tasks: int) -> None:
    """Issues come in, people act, until most of it is over."""
    acts = round(tasks * ACTS_A_TASK)
    deadline = time.monotonic() + tasks * SECONDS_A_TASK
    while len(crowd.issues) < tasks or sum(crowd.acts.values()) < acts:
        assert time.monotonic() < deadline, "the hub is too slow for people"
        if len(crowd.issues) < tasks:
            crowd.file_issue()
        if crowd.chance.random() < ACTS_A_TASK / 2 or len(crowd.issues) == tasks:
            crowd.act()
        time.sleep(_ISSUES_EVERY)


def _settle(works: Works, crowd: Crowd, tasks: int) -> None:
    """Nobody acts any more: every task comes to rest, and stays there."""
    calm = 0.0

    def met() -> bool:
        nonlocal calm
        found = works.tasks()
        known = {(task.repo, task.number) for task in found}
        # Who took `Ready` off again before anybody saw it asked for nothing.
        taken = all(not crowd.is_asked(*issue) for issue in crowd.issues if issue not in known)
        asleep = taken and all(rests(task) for task in found)
        calm = (calm or time.monotonic()) if asleep else 0.0
        return bool(calm) and time.monotonic() - calm > 3

    try:
        works.until(met, tasks * SECONDS_A_TASK, "every task rests")
    except AssertionError as error:
        restless = [works.story(task) for task in works.tasks() if not rests(task)]
        raise AssertionError("\n".join([str(error), *restless[:5]])) from error
