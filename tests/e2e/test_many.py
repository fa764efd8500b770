"""Several tasks: on one repository, on several, in order, and on each other."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status

from .conftest import Build
from .people import People
from .town import GREEN, WITHOUT_CI, WORK, Town

ONE = {"concurrent_attempts": 1, "backoff_seconds": 0.2, "memory_mb_per_attempt": 0}
OWN_FILE = 'f=$(head -1 "$AGENT_OS_TASK" | tr -dc 0-9); date +%N > "w$f.txt"'


def _started(town: Town) -> list[tuple[str, int]]:
    """(repository's task, issue) in the order in which attempts began."""
    return [
        (e.data["attempt"]["directory"], e.number or 0)
        for e in town.events()
        if e.kind == "attempt_started"
    ]


@pytest.mark.long
def test_two_tasks_on_one_repository_both_merge(build: Build) -> None:
    town = build(files=GREEN, agents={"w": OWN_FILE})
    first, second = town.ready("one"), town.ready("two")
    for number in (first, second):
        task = town.settles(number, Status.DONE)
        assert task.pull and town.pull(task.pull.number)["merged"]
    assert set(town.branches()) == {"main"} and len(town.pulls()) == 2


@pytest.mark.long
def test_tasks_on_several_repositories_run_at_once(build: Build) -> None:
    slow = "while [ ! -e go ]; do sleep 0.05; done; date +%N >> log.txt"
    town = build(files=GREEN, agents={"w": slow})
    other = f"{town.repo}b"
    town.hub.seed(other, GREEN)
    town.config["repositories"].append({"name": other, "mode": "auto-merge"})
    town.open()
    people = People(town.hub, other)
    mine, theirs = town.ready(), people.issue("x", labels=("Ready",))
    town.until(
        lambda: (
            (a := town.task(mine)) and (b := town.task(theirs, other)) and a.running and b.running
        )
    )
    for name, number in ((town.repo, mine), (other, theirs)):
        task = town.task(number, name)
        (town.directory(task) / "work" / "go").touch()
    town.reaches(mine, Status.DONE)
    town.reaches(theirs, Status.DONE, repo=other)


@pytest.mark.long
def test_urgent_goes_first_and_one_slot_runs_one(build: Build) -> None:
    town = build(
        mode="pull-request", files=WITHOUT_CI, agents={"w": f"sleep 0.3; {WORK}"}, limits=ONE
    )
    numbers = [town.issue(f"task {n}") for n in range(3)]
    town.label(numbers[2], "priority: urgent")
    town.label(numbers[0], "priority: low")
    for number in numbers:
        town.label(number, "Ready")
    town.until(lambda: len(_started(town)) == 3, 20)
    assert [n for _, n in _started(town)] == [numbers[2], numbers[1], numbers[0]]


@pytest.mark.long
def test_a_task_waits_for_the_one_it_depends_on(build: Build) -> None:
    town = build(files=GREEN, agents={"w": OWN_FILE})
    first = town.issue("first")
    second = town.issue("second", f"Depends on #{first}\n", labels=("Ready",))
    task = town.waits(second, "waits_for_dependency")
    assert task.waiting and task.waiting.detail == f"#{first}"
    town.label(first, "Ready")
    town.settles(first, Status.DONE)
    town.settles(second, Status.DONE)


def test_a_cycle_is_said(build: Build) -> None:
    town = build(mode="pull-request")
    first = town.issue("first")
    second = town.issue("second", f"Depends on #{first}\n", labels=("Ready",))
    town.edit(first, body=f"Depends on #{second}\n")
    town.label(first, "Ready")
    for number in (first, second):
        task = town.waits(number, "dependency_cycle")
        assert task.waiting and f"#{first}" in task.waiting.detail
    town.edit(first, body="No more.\n")
    town.until(lambda: (t := town.task(first)) and t.claimed_at)


def test_an_excluded_label_keeps_a_task_out_until_it_is_off(build: Build) -> None:
    town = build(mode="pull-request")
    number = town.issue("x", labels=("wontfix", "Ready"))
    town.waits(number, "excluded_label")
    town.unlabel(number, "wontfix")
    town.until(lambda: (t := town.task(number)) and t.claimed_at)


def test_trap_23_a_claimed_issue_is_not_dispatched_again_by_its_label(build: Build) -> None:
    """The picture fails to be drawn: `Ready` stays, and nothing is dispatched twice."""
    town = build(mode="pull-request", files=WITHOUT_CI)
    number = town.ready()
    town.fault_on_labels(status=422, count=3)
    town.until(lambda: (t := town.task(number)) and t.result)
    assert "Ready" in town.labels(number) or town.kinds(number).count("effect_failed")
    town.waits(number, "ci_missing")
    task = town.task(number)
    assert task and task.round == 1 and len(task.attempts) == 1
    assert town.kinds(number).count("requested") == 1
    town.until(lambda: town.labels(number) == {"In Review"})


def test_trap_21_labels_of_others_are_left_alone(build: Build) -> None:
    town = build(files=GREEN, agents={"w": WORK})
    number = town.issue("x", labels=("bug", "good first issue", "Ready"))
    town.settles(number, Status.DONE)
    assert town.labels(number) == {"bug", "good first issue"}


def test_trap_39_every_ready_issue_has_a_row_with_a_reason(build: Build) -> None:
    town = build(mode="dry-run", people={"deny": ["bob"]}, routing={"default": []})
    wanted = {
        town.issue("a", labels=("Ready",)): "no_agent",
        town.issue("b", labels=("wontfix", "Ready")): "excluded_label",
        town.issue("c", "Depends on #999\n", labels=("Ready",)): "waits_for_dependency",
    }
    stranger = town.issue("d")
    town.label(stranger, "Ready", user="bob")
    for number, reason in wanted.items():
        town.waits(number, reason)
    assert [d.key.number for d in town.declined()] == [stranger]
