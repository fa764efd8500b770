"""The default branch after our merges: red means nothing more is merged, and a revert."""

from __future__ import annotations

import pytest

from agent_os.domain.errors import BadInput
from agent_os.domain.events import EventKind
from agent_os.domain.tasks import Status
from agent_os.jobs import registry, watching

from .conftest import Build
from .town import CALC, FIX, GREEN, WORK, Town

#: What a pull request may do, and the default branch may not.
CI = """on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: test "$GITHUB_REF" != refs/heads/main || test ! -e bad.txt
"""
FILES = {**GREEN, ".github/workflows/ci.yml": CI}


def _reds(town: Town) -> list[EventKind]:
    with town.world.store.read() as tx:
        from agent_os.store import log

        kinds = (EventKind.MAIN_RED, EventKind.MAIN_GREEN)
        return [event.kind for _, event in log.history(tx, kinds=kinds)]


def _green_base(town: Town) -> None:
    """CI has been seen on the base before anything is merged."""
    sha = town.branches()["main"]
    town.until(lambda: _states(town, sha) == {"success"})


def _states(town: Town, sha: str) -> set[str]:
    runs = town.ask("GET", f"/commits/{sha}/check-runs")["check_runs"]
    return {run["conclusion"] for run in runs}


def test_a_merge_that_turns_main_red_stops_merging_and_is_to_be_reverted(build: Build) -> None:
    town = build(files=FILES, agents={"worker": WORK, "bad": "echo x > bad.txt"})
    town.push("main", {"more.txt": "so that there is a check before\n"})
    _green_base(town)
    town.config["routing"]["default"] = ["bad"]
    town.open()
    first = town.ready("Break it")
    town.until(lambda: _reds(town) == [EventKind.MAIN_RED])
    town.until(lambda: any(p["title"].startswith("Revert") for p in town.pulls()))
    revert = next(p for p in town.pulls() if p["title"].startswith("Revert"))
    town.until(lambda: any("is red since" in c for c in town.comments_of(first)))
    town.config["routing"]["default"] = ["worker"]
    town.open()
    second = town.ready("Work on")
    task = town.waits(second, "main_red")
    assert task.waiting and f"since #{first}" in task.waiting.detail
    for _ in range(3):
        registry.run(town.world, "pr-monitor")
    assert len([p for p in town.pulls() if p["title"].startswith("Revert")]) == 1
    assert sum("is red since" in c for c in town.comments_of(first)) == 1
    town.merge(revert["number"])
    town.reaches(second, Status.DONE)
    assert _reds(town) == [EventKind.MAIN_RED, EventKind.MAIN_GREEN]
    assert town.file("bad.txt") is None


@pytest.mark.long
def test_a_branch_that_others_turned_red_is_no_fault_of_ours(build: Build) -> None:
    town = build(files=FILES, agents={"worker": WORK})
    number = town.ready("Work")
    town.reaches(number, Status.DONE)
    town.push("main", {"bad.txt": "by a person\n"})
    sha = town.branches()["main"]
    town.until(lambda: _states(town, sha) == {"failure"})
    town.rests()
    assert _reds(town) == [] and not [p for p in town.pulls() if "Revert" in p["title"]]


@pytest.mark.long
def test_undo_opens_the_revert_once(build: Build) -> None:
    town = build(agents={"fixer": FIX})
    number = town.ready("Mend add")
    task = town.settles(number, Status.DONE)
    town.config["repositories"][0]["mode"] = "dry-run"
    with pytest.raises(BadInput, match="its mode is dry-run"):
        watching.undo(town.open(), task)
    assert not [p for p in town.pulls() if p["title"].startswith("Revert")]
    town.config["repositories"][0]["mode"] = "auto-merge"
    town.open()
    said = watching.undo(town.world, task)
    again = watching.undo(town.world, task)
    assert said == again
    reverts = [p for p in town.pulls() if p["title"] == 'Revert "Mend add"']
    assert len(reverts) == 1 and f"pull request #{reverts[0]['number']}" in said
    assert task.pull and task.pull.merged_sha in reverts[0]["body"]
    assert town.file("calc.py", reverts[0]["head"]["ref"]) == CALC


@pytest.mark.long
def test_what_was_not_merged_or_conflicts_is_not_undone(build: Build) -> None:
    town = build(agents={"fixer": FIX})
    number = town.ready("Mend add")
    task = town.settles(number, Status.DONE)
    town.push("main", {"calc.py": CALC.replace("a - b", "b + a")})
    with pytest.raises(BadInput, match="without a conflict"):
        watching.undo(town.world, task)
    other = town.ready("Another")
    waiting = town.until(lambda: town.task(other))
    with pytest.raises(BadInput, match="was not merged"):
        watching.undo(town.world, waiting)
