"""What people do on the issue, by label, close, reopen and delete: rows of the event table."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.domain.tasks import Status

from .conftest import Build
from .town import FIX, GREEN, WORK, Town

SLOW = f"while [ ! -e go ]; do sleep 0.05; done; {FIX}"


def _running(town: Town) -> int:
    """A task whose agent runs until it is stopped."""
    number = town.ready()
    town.reaches(number, Status.RUNNING)
    town.until(lambda: town.labels(number) == {"In Progress"})
    return number


def _in_review(build: Build, **more: object) -> tuple[Town, int]:
    """A task whose pull request waits for a person."""
    town = build(mode="pull-request", files=GREEN, agents={"worker": WORK}, **more)
    number = town.ready()
    town.waits(number, "person_merges")
    town.until(lambda: town.labels(number) == {"In Review"})
    return town, number


@pytest.mark.long
def test_ready_on_cancelled_begins_a_round(build: Build) -> None:
    town, number = _in_review(build)
    town.unlabel(number, "In Review")
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled and (task.cancelled.reason, task.cancelled.by) == (
        "label_removed",
        "alice",
    )
    town.label(number, "Ready")
    task = town.until(lambda: (t := town.task(number)) and t.round == 2 and t.pull and t)
    states = [(p["head"]["ref"], p["state"]) for p in town.pulls()]
    assert states == [(f"agent-os/{number}", "closed"), (f"agent-os/{number}.2", "open")]


@pytest.mark.long
def test_ready_on_blocked_renews_the_attempts_of_the_round(build: Build) -> None:
    town = build(agents={"lazy": "true"}, limits={"attempts": 2, "backoff_seconds": 0.2})
    number = town.ready()
    task = town.reaches(number, Status.BLOCKED)
    assert [a.code for a in task.attempts] == ["no_change", "no_change"]
    town.until(lambda: town.labels(number) == {"Blocked"})
    town.config["agents"]["lazy"]["command"] = FIX
    town.open()
    town.label(number, "Ready")
    task = town.settles(number, Status.DONE)
    assert task.round == 1 and len(task.attempts) == 3
    assert town.labels(number) == set()
    assert "done after all" in town.comments_of(number)[-1]


@pytest.mark.long
def test_ready_again_while_it_runs_changes_nothing(build: Build) -> None:
    town = build(agents={"slow": SLOW})
    number = _running(town)
    town.label(number, "Ready")
    town.until(lambda: "request_repeated" in town.kinds(number))
    town.until(lambda: town.labels(number) == {"In Progress"})
    task = town.task(number)
    assert task and task.round == 1 and len(task.attempts) == 1


@pytest.mark.long
def test_ready_again_in_review_changes_nothing(build: Build) -> None:
    town, number = _in_review(build)
    town.label(number, "Ready")
    town.until(lambda: town.labels(number) == {"In Review"})
    town.rests()
    task = town.task(number)
    assert task and task.round == 1 and len(task.attempts) == 1 and len(town.pulls()) == 1


def test_taking_the_state_label_off_stops_the_attempt(build_as: Build) -> None:
    town = build_as(agents={"slow": SLOW})
    number = _running(town)
    town.unlabel(number, "In Progress")
    task = town.settles(number, Status.CANCELLED)
    assert task.attempts[0].ended_at and town.labels(number) == set()
    assert town.pulls() == [] and town.seen(number)["state"] == "open"


def test_taking_ready_off_before_the_claim_cancels(build: Build) -> None:
    town = build(mode="dry-run")
    number = town.ready()
    town.waits(number, "dry_run")
    town.unlabel(number, "Ready")
    task = town.reaches(number, Status.CANCELLED)
    assert task.attempts == ()


@pytest.mark.long
def test_closing_the_issue_closes_the_pull_request_and_keeps_the_branch(build_as: Build) -> None:
    town, number = _in_review(build_as)
    town.close(number)
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled and task.cancelled.reason == "issue_closed"
    pull = town.pulls()[0]
    assert pull["state"] == "closed" and "issue_closed" in pull["body"]
    assert f"agent-os/{number}" in town.branches()
    assert town.labels(number) == set()


@pytest.mark.long
def test_reopening_alone_is_answered_once(build: Build) -> None:
    town, number = _in_review(build)
    town.close(number)
    town.settles(number, Status.CANCELLED)
    for _ in range(2):
        town.reopen(number)
        town.until(lambda: any("Reopening alone" in c for c in town.comments_of(number)))
        town.rests()
        town.close(number)
        town.rests()
    assert sum("Reopening alone" in c for c in town.comments_of(number)) == 1
    task = town.task(number)
    assert task and task.round == 1 and task.status is Status.CANCELLED


@pytest.mark.long
def test_a_done_issue_that_a_person_reopens_stays_open(build_as: Build) -> None:
    town = build_as()
    number = town.ready()
    town.settles(number, Status.DONE)
    town.reopen(number)
    town.until(lambda: any("Reopening alone" in c for c in town.comments_of(number)))
    town.rests()
    assert town.seen(number)["state"] == "open"


@pytest.mark.long
def test_a_deleted_issue_cancels(build: Build) -> None:
    town, number = _in_review(build)
    town.delete(number)
    town.resync()
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled and task.cancelled.reason == "issue_gone"
    assert town.pulls()[0]["state"] == "closed"


@pytest.mark.long
def test_a_deleted_issue_is_noticed_by_what_fails(build: Build) -> None:
    town = build(agents={"slow": SLOW}, mode="pull-request")
    number = _running(town)
    town.delete(number)
    attempt = town.task(number).running
    assert attempt
    (Path(attempt.directory) / "work" / "go").touch()
    town.settles(number, Status.CANCELLED)
    assert len(town.kinds(number)) < 40


@pytest.mark.long
@pytest.mark.parametrize("where", ["running", "review"])
def test_blocked_holds_until_it_is_taken_off(build: Build, where: str) -> None:
    if where == "running":
        town = build(agents={"slow": f"test -e /tmp/nothing || sleep 1; {FIX}"})
        number = _running(town)
    else:
        town, number = _in_review(build)
    town.label(number, "Blocked")
    task = town.reaches(number, Status.BLOCKED)
    assert task.hold and task.hold.reason == "held_by_person"
    town.until(lambda: town.labels(number) == {"Blocked"})
    town.until(lambda: not town.task(number).running)
    town.rests()
    assert not any("needs you" in c for c in town.comments_of(number))
    town.unlabel(number, "Blocked")
    if where == "running":
        town.settles(number, Status.DONE)
    else:
        town.reaches(number, Status.IN_REVIEW)
        town.until(lambda: town.labels(number) == {"In Review"})


@pytest.mark.long
def test_stop_and_ready_between_two_looks_leave_one_open_pull_request(build_as: Build) -> None:
    town, number = _in_review(build_as)
    town.unlabel(number, "In Review")
    town.label(number, "Ready")
    town.until(lambda: (t := town.task(number)) and t.round == 2 and t.pull)
    town.rests()
    states = [(p["head"]["ref"], p["state"]) for p in town.pulls()]
    assert states == [(f"agent-os/{number}", "closed"), (f"agent-os/{number}.2", "open")]


@pytest.mark.long
def test_stop_and_ready_while_it_runs(build: Build) -> None:
    town = build(agents={"slow": SLOW})
    number = _running(town)
    town.unlabel(number, "In Progress")
    town.label(number, "Ready")
    task = town.until(lambda: (t := town.task(number)) and t.round == 2 and t.running and t)
    assert len(task.attempts) == 1


@pytest.mark.long
def test_a_stranger_is_declined_with_a_row_and_a_maintainer_may_label(build: Build) -> None:
    town = build(people={"deny": ["bob"]})
    number = town.issue("add", "## Goal\nFix add.\n", user="bob")
    town.label(number, "Ready", user="bob")
    town.until(lambda: town.declined())
    row = town.declined()[0]
    assert row.reason == "untrusted_actor" and "bob" in row.detail
    assert town.task(number) is None
    town.rests()
    assert town.kinds(number).count("declined") == 1
    town.unlabel(number, "Ready")
    town.label(number, "Ready")
    task = town.settles(number, Status.DONE)
    assert (task.request.actor, task.author) == ("alice", "bob")
    assert town.declined() == []


@pytest.mark.long
def test_a_strangers_acts_on_a_task_are_ignored(build: Build) -> None:
    town, number = _in_review(build, people={"deny": ["bob"]})
    town.label(number, "Blocked", user="bob")
    town.until(lambda: "act_ignored" in town.kinds(number))
    task = town.task(number)
    assert task and task.status is Status.IN_REVIEW
    town.rests()
