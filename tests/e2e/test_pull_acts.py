"""What people do on the pull request and its branch: rows of the event table."""

from __future__ import annotations

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.tasks import Status

from .conftest import Build
from .town import CALC, FIX, GREEN, WORK, Town

SLOW = f"while [ ! -e go ]; do sleep 0.05; done; {FIX}"


def _waiting(build: Build, **more: object) -> tuple[Town, int, int]:
    """(town, issue, pull request that waits for a person)."""
    town = build(**{"mode": "pull-request", "files": GREEN, "agents": {"worker": WORK}, **more})
    number = town.ready()
    task = town.waits(number, "person_merges")
    assert task.pull
    return town, number, task.pull.number


def test_trap_07_a_pull_request_that_a_person_closed_stays_closed(build_as: Build) -> None:
    town, number, pull = _waiting(build_as)
    town.edit_pull(pull, state="closed")
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled and (task.cancelled.reason, task.cancelled.by) == ("pull_closed", "alice")
    town.resync()
    town.rests()
    assert [p["state"] for p in town.pulls()] == ["closed"]
    assert town.labels(number) == set() and town.seen(number)["state"] == "open"
    assert f"agent-os/{number}" in town.branches()


@pytest.mark.long
def test_a_person_deletes_our_branch(build: Build) -> None:
    town, number, _ = _waiting(build)
    town.delete_branch(f"agent-os/{number}")
    task = town.settles(number, Status.CANCELLED)
    assert task.cancelled
    assert (task.cancelled.reason, task.cancelled.by) == ("branch_deleted", "alice")
    town.resync()
    town.rests()
    assert set(town.branches()) == {"main"}


@pytest.mark.long
def test_merged_by_hand_during_an_attempt(build_as: Build) -> None:
    town, number, pull = _waiting(build_as)
    town.config["agents"]["worker"]["command"] = SLOW
    town.open()
    town.review(pull, "REQUEST_CHANGES", "Say it louder.", user="bob")
    task = town.until(lambda: (t := town.task(number)) and t.running and t)
    assert task.running.kind == "fix"
    sha = town.merge(pull)
    task = town.settles(number, Status.DONE)
    assert task.pull and (task.pull.merged_by, task.pull.merged_sha) == ("alice", sha)
    assert task.running is None and town.seen(number)["state"] == "closed"
    assert set(town.branches()) == {"main"} and town.labels(number) == set()


@pytest.mark.long
def test_retargeted_is_blocked(build: Build) -> None:
    town, number, pull = _waiting(build)
    town.push("release", {"other.txt": "x"})
    town.edit_pull(pull, base="release")
    task = town.reaches(number, Status.BLOCKED)
    assert task.hold and task.hold.reason == "retargeted"
    town.rests()
    assert sum("needs you" in c for c in town.comments_of(number)) == 1
    town.edit_pull(pull, base="main")
    town.label(number, "Ready")
    town.waits(number, "person_merges")


@pytest.mark.long
def test_a_draft_waits(build: Build) -> None:
    town, number, pull = _waiting(build)
    town.draft(pull, on=True)
    town.waits(number, "draft")
    town.draft(pull, on=False)
    town.waits(number, "person_merges")


@pytest.mark.long
def test_a_draft_is_not_merged(build: Build) -> None:
    town = build(files=GREEN, agents={"worker": WORK})
    town.hub.admin("POST", "/ci", {"paused": True})
    try:
        number = town.ready()
        task = town.until(lambda: (t := town.task(number)) and t.pull and t)
        town.draft(task.pull.number, on=True)
        town.waits(number, "draft")
    finally:
        town.hub.admin("POST", "/ci", {"paused": False})
    town.rests()
    assert not town.pulls()[0]["merged_at"]
    town.draft(task.pull.number, on=False)
    town.settles(number, Status.DONE)


def test_a_commit_of_a_person_is_kept_verified_and_merged(build_as: Build) -> None:
    town, number, _ = _waiting(build_as)
    branch = f"agent-os/{number}"
    sha = town.push(branch, {"by_alice.txt": "mine\n"})
    town.until(lambda: (t := town.task(number)) and t.result and t.result.head == sha)
    task = town.waits(number, "person_merges")
    assert [a.kind for a in task.attempts] == ["implement", "verify"]
    assert town.branches()[branch] == sha
    town.config["repositories"][0]["mode"] = "auto-merge"
    town.open()
    town.settles(number, Status.DONE)
    assert town.file("by_alice.txt") == "mine\n"


@pytest.mark.long
def test_a_commit_that_breaks_the_tests_goes_back_as_a_fix(build: Build) -> None:
    town, number, _ = _waiting(build, agents={"worker": f"{FIX}; {WORK}"})
    town.push(f"agent-os/{number}", {"calc.py": CALC})
    task = town.until(lambda: (t := town.task(number)) and len(t.attempts) == 3 and t.result and t)
    assert [a.kind for a in task.attempts] == ["implement", "verify", "fix"]
    assert task.attempts[1].code == "tests_failed"
    town.waits(number, "person_merges")
    town.rests()
    assert "a + b" in town.file("calc.py", f"agent-os/{number}")


@pytest.mark.long
def test_a_push_while_a_fix_runs_is_kept(build: Build) -> None:
    town, number, pull = _waiting(build)
    town.config["agents"]["worker"]["command"] = f"while [ ! -e go ]; do sleep 0.05; done; {WORK}"
    town.open()
    town.review(pull, "REQUEST_CHANGES", "More.", user="bob")
    task = town.until(lambda: (t := town.task(number)) and t.running and t)
    sha = town.push(f"agent-os/{number}", {"by_alice.txt": "mine\n"})
    town.until(lambda: "pull_head_moved" in town.kinds(number))
    (town.attempt_path(number, task.running.number) / "work" / "go").touch()
    town.until(lambda: (t := town.task(number)) and t.result and t.result.head == sha)
    assert town.branches()[f"agent-os/{number}"] == sha


@pytest.mark.long
def test_a_comment_of_ours_that_a_person_deletes_stays_deleted(build: Build) -> None:
    town, number, _ = _waiting(build)
    town.until(lambda: town.comments(number))
    town.rests()
    town.ask("DELETE", f"/issues/comments/{town.comments(number)[0]['id']}")
    town.label(number, "Blocked")
    town.reaches(number, Status.BLOCKED)
    town.rests()
    assert town.comments(number) == []
    assert "comment_gone" in town.kinds(number)


@pytest.mark.long
def test_work_on_an_old_base_is_brought_onto_the_new_one_before_it_is_merged(build: Build) -> None:
    """A check of what a person pushed says nothing about a base that it does not contain."""
    town = build(mode="pull-request")
    number = town.ready("Mend add", "It subtracts.")
    task = town.waits(number, "person_merges")
    assert task.pull is not None
    base = town.push("main", {"other.txt": "meanwhile\n"})
    town.push(task.branch, {"more.txt": "by hand\n"})
    town.config["repositories"][0]["mode"] = "auto-merge"
    town.open()
    done = town.reaches(number, Status.DONE)
    kinds = [attempt.kind for attempt in done.attempts]
    assert kinds == [Kind.IMPLEMENT, Kind.VERIFY, Kind.REFRESH]
    assert done.result is not None and done.result.base == base
