"""Sprints on a real hub: planned, changed by people, approved, run, looked back at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_os.domain.events import EventKind
from agent_os.domain.tasks import Status
from agent_os.jobs import registry
from agent_os.policy import approving
from tests import planted
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Say

from .conftest import Build
from .town import FILES, Town

OBJECTIVES = """objectives:
  - name: tests
    weight: 2
    goal: higher
    target: 4
    read: {command: "grep -c 'def test_' test_calc.py"}
    serves: {keywords: [tests]}
  - name: coverage
    goal: higher
    target: 90
    read: {file: {path: coverage.json, pointer: /totals/percent}}
    serves: {paths: ["calc.py"]}
  - name: bugs
    goal: lower
    target: 0
    read: {github: {count: open_issues, label: bug}}
    serves: {labels: [bug]}
"""
WITH_OBJECTIVES = {
    **FILES,
    "objectives.yaml": OBJECTIVES,
    "coverage.json": json.dumps({"totals": {"percent": 60}}),
}
DAY = 86_400
WORK = "date +%N >> log.txt; sed -i 's/a - b/a + b/' calc.py"


def sprint_town(build: Build, **more: Any) -> Town:
    sprint = {"days": 7, "approval_hours": 48, **more.pop("sprint", {})}
    town = build(
        files=WITH_OBJECTIVES,
        agents=more.pop("agents", {"fixer": WORK}),
        improvement={"sprint": sprint},
        **more,
    )
    registry.run(town.world, "dispatcher")
    return town


def plan(town: Town) -> None:
    registry.run(town.world, "strategic-planner")


def issue_of(town: Town, number: int) -> dict[str, Any]:
    found = town.ask("GET", "/issues?state=all&per_page=100")
    return next(i for i in found if i["title"] == f"Sprint {number}")


def recorded(town: Town, kind: EventKind) -> list[dict[str, Any]]:
    return [e.data for e in town.events() if e.kind is kind]


def tick(town: Town, sprint: int, number: int, *, on: bool, user: str = "alice") -> None:
    issue = issue_of(town, sprint)
    before, after = ("[ ]", "[x]") if on else ("[x]", "[ ]")
    line = next(x for x in issue["body"].splitlines() if x.startswith(f"- {before} #{number} "))
    text = issue["body"].replace(line, line.replace(before, after, 1))
    town.edit(issue["number"], user, body=text)


def test_a_sprint_from_plan_to_retrospective(build_alone: Build) -> None:
    town = sprint_town(build_alone)
    bug = town.issue("add is wrong in calc.py", "## Goal\nFix add.\n", labels=("bug",))
    tests = town.issue("More tests", f"## Goal\nWrite tests.\n\nDepends on #{bug}\n")
    other = town.issue("A nicer greeting", "## Goal\nBe nice.\n")
    plan(town)
    sprint = issue_of(town, 1)
    body = sprint["body"]
    for number in (bug, tests, other):
        assert f"- [x] #{number} " in body
    assert "| tests | 2 | at least 4 | 2 |" in body
    assert "| coverage | 60 | at least 90 | 1 |" in body
    assert "| bugs | 1 | at most 0 | 1 |" in body
    assert "serves tests (2, target 4)" in body and "3 points in 7 days" in body
    assert not town.tasks(), "nothing is begun before it is approved"

    # A person takes one out, and writes a note below; a stranger's wish is none.
    tick(town, 1, other, on=False)
    noted = issue_of(town, 1)["body"].replace("is kept.\n", "is kept.\n\nMind the gap.\n")
    town.edit(sprint["number"], body=noted)
    town.reader("bob")
    town.comment(sprint["number"], approving.COMMAND, user="bob")
    plan(town)
    body = issue_of(town, 1)["body"]
    assert f"- [ ] #{other} " in body and "unticked by alice" in body and "Mind the gap." in body
    assert not recorded(town, EventKind.SPRINT_APPROVED)

    town.comment(sprint["number"], approving.COMMAND)
    plan(town)
    assert [(a["by"], a["first"]) for a in recorded(town, EventKind.SPRINT_APPROVED)] == [
        ("alice", [bug, tests])
    ]
    assert {t.number: t.request.actor for t in town.tasks()} == {bug: "alice", tests: "alice"}
    assert not any(task.own for task in town.tasks())
    first = town.task(bug)
    assert first is not None and first.planned_priority == 1
    why = [d["why"] for d in recorded(town, EventKind.PRIORITY_SET)]
    assert f"sprint 1: #{tests} wait for it" in why
    assert "**State: running**" in issue_of(town, 1)["body"]

    def closed() -> bool:
        plan(town)
        return issue_of(town, 1)["state"] == "closed"

    town.until(closed, 60)
    ended = recorded(town, EventKind.SPRINT_ENDED)
    assert [(e["how"], e["done"], e["spilled"]) for e in ended] == [("done", [bug, tests], [])]
    said = town.comments_of(sprint["number"])[-1]
    assert "| done | 2 of 2 | 2 |" in said and "Forecast: 3 points" in said
    assert town.seen(other)["state"] == "open" and town.task(other) is None
    # What was left out comes up for the next one.
    plan(town)
    assert f"- [x] #{other} " in issue_of(town, 2)["body"]
    assert "Mind the gap." in issue_of(town, 1)["body"]


def test_a_plan_that_nobody_approves_is_dropped_once(build_alone: Build) -> None:
    town = sprint_town(build_alone)
    number = town.issue("Something", "x")
    plan(town)
    sprint = issue_of(town, 1)
    town.advance(2 * DAY + 60)
    plan(town)
    assert (issue_of(town, 1)["state"], issue_of(town, 1)["state_reason"]) == (
        "closed",
        "not_planned",
    )
    assert "Nobody approved it in time" in town.comments_of(sprint["number"])[-1]
    assert town.task(number) is None
    plan(town)
    assert len(recorded(town, EventKind.SPRINT_PLANNED)) == 1, "nobody is asked again at once"
    town.advance(5 * DAY)
    plan(town)
    assert issue_of(town, 2)["state"] == "open"


@pytest.mark.long
def test_a_sprint_whose_issue_was_deleted_is_over(build_alone: Build) -> None:
    """Nothing can be told there any more, and the next one is planned in its time."""
    town = sprint_town(build_alone)
    town.issue("add is wrong", "## Goal\nFix add.\n")
    plan(town)
    town.delete(issue_of(town, 1)["number"])
    plan(town)
    assert recorded(town, EventKind.SPRINT_ENDED)[-1]["how"] == "closed"
    town.advance(8 * DAY)
    plan(town)
    assert issue_of(town, 2)["state"] == "open"
    assert "effect_failed" not in town.kinds()


def test_dry_run_writes_nothing_and_says_why(build: Build) -> None:
    town = sprint_town(build, mode="dry-run")
    town.issue("Something", "x")
    town.hub.reset_requests()
    plan(town)
    plan(town)
    assert town.writes() == []
    assert [d["reason"] for d in recorded(town, EventKind.SIGNAL_SEEN)] == ["its mode is dry-run"]


def test_trap_39_a_sprint_of_nothing_says_why_once(build: Build) -> None:
    town = sprint_town(build)
    for _ in range(2):
        plan(town)
    number = town.issue("Not now", "x", labels=("Blocked",))
    for _ in range(2):
        plan(town)
    first, second = [d["reason"] for d in recorded(town, EventKind.SIGNAL_SEEN)]
    assert first == "none of 0 open issues that are no tasks can be chosen"
    assert "none of 1 open issues" in second and f"#{number}: it is labelled `Blocked`" in second
    assert not recorded(town, EventKind.SPRINT_PLANNED)
    town.issue("Now", "x")
    plan(town)
    assert recorded(town, EventKind.SPRINT_PLANNED)


@pytest.mark.long
def test_a_preview_shows_the_plan_and_writes_nothing(build: Build) -> None:
    town = sprint_town(build)
    town.issue("Something", "x")
    shown: list[Any] = []
    town.hub.reset_requests()
    registry.run(town.world, "strategic-planner", shown.append)
    assert [type(step).__name__ for step in shown] == ["Record", "FileIssue"]
    assert town.writes() == [] and not recorded(town, EventKind.SPRINT_PLANNED)


@pytest.mark.long
def test_a_box_that_is_unticked_during_the_sprint_ends_that_work(build_alone: Build) -> None:
    town = sprint_town(build_alone, sprint={"goes_on": True})
    kept = town.issue("One", "x")
    gone = town.issue("Two", "x")
    plan(town)
    assert {t.number for t in town.tasks()} == {kept, gone}
    assert all(task.own for task in town.tasks()), "nobody approved it"
    tick(town, 1, gone, on=False)
    plan(town)
    task = town.task(gone)
    assert task is not None and task.status is Status.CANCELLED
    assert task.cancelled is not None and task.cancelled.reason == "unticked"
    tick(town, 1, gone, on=True)
    plan(town)
    task = town.task(gone)
    assert task is not None and task.round == 2 and task.request.actor == "alice" and not task.own


@pytest.mark.long
def test_own_work_waits_for_its_share_until_a_person_asks_for_it(build: Build) -> None:
    town = sprint_town(build, sprint={"goes_on": True}, agents={"slow": "sleep 60"})
    one, two = town.issue("One", "x"), town.issue("Two", "x")
    plan(town)
    # Of two slots one stays free for what people ask.
    town.waits(two, "waits_for_share")
    assert town.task(one).running  # pyright: ignore[reportOptionalMemberAccess]  # it has begun
    town.label(two, "Ready")
    town.until(lambda: (task := town.task(two)) and task.running)


@pytest.mark.long
def test_with_the_owners_token_a_label_approves_and_what_is_not_done_spills(
    build_alone: Build,
) -> None:
    town = sprint_town(build_alone, login="alice", agents={"lazy": "true"})
    one, two = town.issue("One", "x"), town.issue("Two", "x")
    plan(town)
    sprint = issue_of(town, 1)["number"]
    tick(town, 1, two, on=False)
    town.label(sprint, "agent-os: approved")
    plan(town)
    assert [t.number for t in town.tasks()] == [one]
    town.advance(7 * DAY + 60)
    plan(town)
    (ended,) = recorded(town, EventKind.SPRINT_ENDED)
    assert (ended["how"], ended["spilled"]) == ("over", [one])
    assert ended["past"] == {"planned": 1.0, "done": 0.0}
    assert "| spilled | 1 of 1 | 1 |" in town.comments_of(sprint)[-1]
    assert "by the forecasts of 1 sprints" in issue_of(town, 2)["body"]


@pytest.mark.long
def test_objectives_that_cant_be_read_are_told_and_stop_nothing(build: Build) -> None:
    town = sprint_town(build)
    town.issue("One", "x")
    broken = OBJECTIVES.replace("grep -c", "exit 3; grep -c").replace("/totals", "/nothing")
    town.push("main", {"objectives.yaml": broken})
    plan(town)
    body = issue_of(town, 1)["body"]
    assert "| tests | not known | at least 4 | 2 | it ended with exit code 3" in body
    assert "there is nothing at `/nothing/percent`" in body
    other = sprint_town(build)
    other.issue("One", "x")
    other.push("main", {"objectives.yaml": "objectives:\n  - nmae: x\n"})
    plan(other)
    assert "None are used: objectives.yaml, line 2" in issue_of(other, 1)["body"]


@pytest.mark.long
def test_a_model_changes_words_only(build: Build) -> None:
    said = {
        "goal": "Ship it @bob.",
        "reasons": [{"number": 1, "reason": "It pays."}, {"number": 99, "reason": "Me too."}],
    }
    with ModelServer(Scenario((Say(),), answer=said)) as server:
        account = {"api": "anthropic", "base_url": server.url, "api_key": "$THINK_KEY"}
        price = {"input": 1.0, "output": 5.0}
        model = {"provider": "lab", "model": "claude-haiku-4-5", "price": price}
        town = sprint_town(
            build,
            providers={"lab": account},
            models={"planner": model},
            vendors=["lab"],
            keys={"THINK_KEY": planted.TRIAGE_KEY},
        )
        town.issue("One", "x")
        town.issue("Two", "x", labels=("wontfix",))
        plan(town)
        plan(town)
        assert server.count == 1
    body = issue_of(town, 1)["body"]
    assert "- [x] #1 One — It pays. (1 point, low risk)" in body
    assert "- [ ] #2 Two — it is labelled `wontfix`" in body
    assert "Ship it" in body and "@bob" not in body and "#99" not in body


@pytest.mark.long
def test_strangers_issues_are_not_begun_where_nobody_approves(build: Build) -> None:
    town = sprint_town(build, sprint={"goes_on": True})
    town.reader("bob")
    own = town.issue("By alice", "x")
    strange = town.issue("By bob", "x", user="bob")
    plan(town)
    assert [t.number for t in town.tasks()] == [own]
    assert f"- [ ] #{strange} " in issue_of(town, 1)["body"]
