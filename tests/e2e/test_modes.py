"""From the label to the merge, in each mode."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status

from .conftest import Build
from .town import GREEN, WORK, Town


def _one_of_each(town: Town, number: int) -> None:
    """Exactly one branch's work, one pull request, one status comment."""
    assert len(town.pulls()) == 1
    comments = town.comments_of(number)
    assert sum("Agent OS:" in c for c in comments) == 1, comments


def test_a_ready_issue_is_merged_and_closed(build_as: Build) -> None:
    town = build_as()
    number = town.ready()
    task = town.settles(number, Status.DONE)
    assert "a + b" in town.file("calc.py")
    assert town.seen(number)["state"] == "closed"
    assert town.labels(number) == set()
    pull = town.pulls()[0]
    assert pull["merged_at"] and pull["head"]["ref"] == f"agent-os/{number}"
    assert set(town.branches()) == {"main"}
    _one_of_each(town, number)
    assert "was merged as" in town.comments_of(number)[0]
    assert task.pull and task.pull.merged_by == town.login
    assert len(task.attempts) == 1
    town.hub.reset_requests()
    town.rests()
    assert town.writes() == []


def test_pull_request_mode_waits_for_a_person_who_merges(build_as: Build) -> None:
    town = build_as(mode="pull-request")
    number = town.ready()
    task = town.waits(number, "person_merges")
    town.rests()
    assert town.labels(number) == {"In Review"}
    assert "a - b" in town.file("calc.py")
    assert task.pull
    body = town.pull(task.pull.number)["body"]
    assert f"Closes #{number}" in body and "Failed before, passes after" in body
    sha = town.merge(task.pull.number)
    task = town.settles(number, Status.DONE)
    assert task.pull and (task.pull.merged_by, task.pull.merged_sha) == ("alice", sha)
    assert town.seen(number)["state"] == "closed" and town.labels(number) == set()
    _one_of_each(town, number)


def test_dry_run_writes_nothing_and_says_why(build: Build) -> None:
    town = build(mode="dry-run")
    number = town.ready()
    town.hub.reset_requests()
    task = town.waits(number, "dry_run")
    assert task.waiting and "fixer" in task.waiting.detail
    town.people.label(number, "Blocked")
    town.rests()
    assert town.writes() == []


@pytest.mark.long
def test_a_repository_that_becomes_dry_run_gets_no_more_writes(build: Build) -> None:
    town = build(mode="pull-request")
    number = town.ready()
    town.waits(number, "person_merges")
    town.rests()
    town.config["repositories"][0]["mode"] = "dry-run"
    town.open()
    town.hub.reset_requests()
    town.unlabel(number, "In Review")
    town.rests()
    assert town.writes() == []
    assert town.pulls()[0]["state"] == "open"


@pytest.mark.long
def test_ready_on_done_begins_a_round_with_its_own_branch_and_comment(build: Build) -> None:
    town = build(files=GREEN, agents={"fixer": WORK})
    number = town.ready()
    town.settles(number, Status.DONE)
    town.label(number, "Ready")
    town.until(lambda: (t := town.task(number)) and t.round == 2)
    task = town.settles(number, Status.DONE)
    assert task.round == 2
    assert [p["head"]["ref"] for p in town.pulls()] == [
        f"agent-os/{number}",
        f"agent-os/{number}.2",
    ]
    assert all(p["merged_at"] for p in town.pulls())
    assert town.labels(number) == set() and town.seen(number)["state"] == "closed"
    assert sum("Agent OS:" in c for c in town.comments_of(number)) == 2
