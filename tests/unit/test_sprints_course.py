"""The course of a sprint: what follows from its plan, its issue and its work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.effects import EditIssue, FileIssue, Record, RetireIssue, Step, TellIssue
from agent_os.domain.events import EventKind
from agent_os.domain.records import Cancelled
from agent_os.domain.tasks import Task
from agent_os.policy import texts
from agent_os.policy.sprints import course, face, priorities, retrospective
from agent_os.policy.sprints.choices import Choice
from agent_os.policy.sprints.course import Course, CourseFacts, Seen, decide
from agent_os.policy.sprints.face import Look, Standing
from agent_os.policy.sprints.objectives import Aim
from agent_os.policy.sprints.plan import Approved, Plan

from .making import NOW, at, in_review, running, task
from .test_sprints import item, plan

MARK = "<!-- agent-os signal=sprint:1:1 -->"
APPROVED = Approved(by="alice", how="a comment", at=NOW, event=7, until=NOW + timedelta(days=7))
DONE = task(number=1, finished_at=NOW)
OPEN = {1: "One", 2: "Two", 3: "Three"}


def look(of: Plan, **more: Any) -> Look:
    given = {"plan": of, "phase": "proposed", "label": "agent-os: approved", "mark": MARK}
    return Look.model_validate({**given, **more})


def facts(of: Plan | None = None, **more: Any) -> CourseFacts:
    made = of or plan(item(1), item(2, chosen=False))
    given: dict[str, Any] = {
        "repo_id": 1,
        "repo": "acme/todo",
        "plan": made,
        "titles": OPEN,
        "label": "agent-os: approved",
        "mark": MARK,
        "now": NOW,
        "login": "agent-os",
    }
    body = face.body(look(made)) + "\n\n<!-- agent-os effect=a -->"
    seen = Seen(number=40, title="Sprint 1", body=body, open=True)
    return CourseFacts.model_validate({**given, "issue": seen, **more})


def running_facts(of: Plan | None = None, **more: Any) -> CourseFacts:
    return facts(of, approved=APPROVED, first=(1,), **more)


def closed(**more: Any) -> CourseFacts:
    seen = facts().issue
    assert seen is not None
    return facts(issue=seen.model_copy(update={"open": False}), **more)


def names(found: Course) -> list[str]:
    return [_name(step) for step in found.steps]


def _name(step: Step) -> str:
    if isinstance(step, Record):
        data = step.events[0].data
        return f"{step.events[0].kind.value} {data.get('how', '')}".strip()
    return step.kind


CHOICE = Choice(number=2, chosen=True, by="alice", at=NOW)
LATE = NOW + timedelta(hours=72)
CASES: list[tuple[str, CourseFacts, list[str]]] = [
    ("not filed", facts(issue=None), ["file_issue"]),
    ("nothing new", facts(), []),
    ("a box was ticked", facts(choices=(CHOICE,)), ["sprint_planned"]),
    ("approved", facts(approval=APPROVED), ["sprint_approved a comment"]),
    (
        "approved in the last moment",
        facts(approval=APPROVED, now=LATE),
        ["sprint_approved a comment"],
    ),
    ("the config lets it go on", facts(goes_on=True), ["sprint_approved sprint.goes_on"]),
    (
        "a tick goes before the approval",
        facts(choices=(CHOICE,), approval=APPROVED),
        ["sprint_planned"],
    ),
    ("not approved in time", facts(now=LATE), ["sprint_ended dropped"]),
    ("closed by a person", closed(), ["sprint_ended closed"]),
    ("closed while it runs", closed(approved=APPROVED), ["sprint_ended closed"]),
    ("its time is over", running_facts(now=APPROVED.until), ["sprint_ended over"]),
    ("all of it is done", running_facts(tasks={1: DONE}), ["sprint_ended done"]),
    ("it begins", running_facts(), ["edit_issue"]),
]


@pytest.mark.parametrize(("case", "given", "expected"), CASES, ids=[c[0] for c in CASES])
def test_what_follows(case: str, given: CourseFacts, expected: list[str]) -> None:
    assert names(decide(given)) == expected, case


def test_after_the_end_it_is_drawn_told_and_closed_once() -> None:
    given = running_facts(tasks={1: DONE})
    (record,) = decide(given).steps
    assert isinstance(record, Record)
    data = record.events[0].data
    ended = retrospective.Figures.model_validate(
        {k: data[k] for k in retrospective.Figures.model_fields}
    )
    assert (ended.done, ended.spilled, ended.planned) == ((1,), (), (1,))
    after = given.model_copy(update={"ended": ended})
    (edit,) = decide(after).steps
    assert isinstance(edit, EditIssue) and "**State: ended.**" in edit.body
    assert after.issue is not None
    drawn = after.model_copy(update={"issue": after.issue.model_copy(update={"body": edit.body})})
    (tell,) = decide(drawn).steps
    assert isinstance(tell, TellIssue) and tell.purpose == "sprint:1" and tell.number == 40
    told = drawn.model_copy(update={"told": True})
    (retire,) = decide(told).steps
    assert isinstance(retire, RetireIssue) and retire.reason == "completed"
    assert decide(told.model_copy(update={"retired": True})).steps == ()


def test_the_filed_issue_is_what_is_drawn() -> None:
    (step,) = decide(facts(issue=None)).steps
    assert isinstance(step, FileIssue)
    assert (step.signal, step.title, step.start) == ("sprint:1:1", "Sprint 1", False)
    assert "- [x] #1 Issue 1 — because" in step.body and "- [ ] #2 Issue 2" in step.body
    assert MARK not in step.body


ACTIVE = {1: task(number=1)}
UNTICKED = Cancelled(reason="unticked", by="alice", at=NOW)


@pytest.mark.parametrize(
    ("tasks", "titles", "begin"),
    [
        ({}, OPEN, (1,)),
        ({}, {}, ()),
        (ACTIVE, OPEN, ()),
        ({1: DONE}, OPEN, ()),
        ({1: task(number=1, cancelled=UNTICKED)}, OPEN, (1,)),
        (
            {1: task(number=1, cancelled=Cancelled(reason="label_removed", by="alice", at=NOW))},
            OPEN,
            (),
        ),
    ],
)
def test_what_begins(
    tasks: dict[int, Task], titles: dict[int, str], begin: tuple[int, ...]
) -> None:
    assert decide(running_facts(tasks=tasks, titles=titles)).begin == begin


@pytest.mark.parametrize(
    ("of", "by", "begun", "cancels"),
    [
        (task(number=2), "alice", True, True),
        (task(number=2, attempts=(running(),)), "alice", True, True),
        (in_review(number=2), "alice", True, True),
        (task(number=2), "", True, False),
        (task(number=2), "alice", False, False),
        (task(number=2, finished_at=NOW), "alice", True, False),
        (task(number=2, cancelled=UNTICKED), "alice", True, False),
    ],
)
def test_work_that_a_person_takes_out(of: Task, by: str, begun: bool, cancels: bool) -> None:
    made = plan(item(1), item(2, chosen=False, by=by))
    given = running_facts(made, tasks={2: of}, begun=frozenset({2} if begun else ()))
    found = names(decide(given))
    assert ("cancelled" in found) is cancels


def test_drawing_keeps_peoples_notes_and_title() -> None:
    given = running_facts()
    assert given.issue is not None
    body = given.issue.body.replace("is kept.\n", "is kept.\n\nMind the gap.\n- [ ] #9 later\n", 1)
    seen = given.issue.model_copy(update={"body": body + "\nBelow.", "title": "My sprint"})
    (edit,) = decide(given.model_copy(update={"issue": seen})).steps
    assert isinstance(edit, EditIssue) and edit.title == "My sprint"
    assert "Mind the gap.\n- [ ] #9 later\n\n\nBelow." in edit.body
    assert edit.body.count(MARK) == 1 and "effect=" not in edit.body
    assert edit.body.count("is kept.") == 1


def test_what_was_drawn_and_came_out_otherwise_is_not_drawn_for_ever() -> None:
    given = running_facts()
    (edit,) = decide(given).steps
    assert isinstance(edit, EditIssue)
    again = given.model_copy(update={"last_drawn": texts.digest(edit.body)})
    assert decide(again).steps == ()
    assert len(decide(again.model_copy(update={"edited": True})).steps) == 1


@pytest.mark.parametrize(
    ("how", "planned_days", "now_days", "due"),
    [
        ("done", 7, 1, True),
        ("over", 7, 7, True),
        ("dropped", 7, 3, False),
        ("dropped", 7, 7, True),
        ("closed", 7, 1, False),
    ],
)
def test_when_the_next_is_planned(how: str, planned_days: int, now_days: float, due: bool) -> None:
    ended = retrospective.Figures.model_validate({"sprint": 1, "how": how, "days": 1})
    now = NOW + timedelta(days=now_days)
    made = plan(item(1), days=planned_days)
    assert course.next_is_due(made, ended, NOW, now) is due


@pytest.mark.parametrize(
    ("how", "days", "done", "past"),
    [
        ("over", 7, (1,), (2, 1)),
        ("done", 3.5, (1, 2), (2, 3)),
        ("done", 7, (1, 2), (2, 2)),
        ("closed", 3.5, (1,), (1, 1)),
        ("closed", 1, (), None),
    ],
)
def test_what_a_sprint_says_for_the_next(
    how: Any, days: float, done: tuple[int, ...], past: tuple[float, float] | None
) -> None:
    standing = {n: Standing(words="done", done=True) for n in done}
    end = NOW + timedelta(days=days)
    made = plan(item(1), item(2))
    found = retrospective.figures(made, APPROVED, (1, 2), standing, how, end)
    assert (found.past and (found.past.planned, found.past.done)) == past
    said = retrospective.comment(found, made, standing)
    assert f"| done | {len(done)} of 2 | {len(done)} |" in said
    assert "Forecast: 3 points (1 to 6)" in said


def test_what_people_changed_is_told() -> None:
    made = plan(item(1), item(3))
    found = retrospective.figures(made, APPROVED, (1, 2), {}, "over", at(0))
    assert (found.added, found.removed, found.spilled) == ((3,), (2,), (1, 3))


AIM = Aim(name="speed", target=1, goal="lower", value=9)


def wanted(of: Plan | None, *tasks: Task) -> list[tuple[int, int, str]]:
    found = priorities.decide(of, tasks, NOW)
    events = [(step.key.number, step.events[0]) for step in found]
    assert all(e.kind is EventKind.PRIORITY_SET for _, e in events)
    return [(n, e.data["priority"], e.data["why"]) for n, e in events]


def test_priorities_follow_the_plan_and_say_why() -> None:
    made = plan(
        item(1), item(2, needs=(1,)), item(3, serves=("speed",)), item(4), item(5, chosen=False)
    ).model_copy(update={"aims": (AIM,)})
    waiting = [task(number=n) for n in (1, 2, 3, 4, 5)]
    assert wanted(made, *waiting) == [
        (1, 1, "sprint 1: #2 wait for it"),
        (3, 1, "sprint 1: it serves speed (9, target 1)"),
    ]
    assert wanted(made, task(number=5, planned_priority=1)) == [(5, 0, "it is not in sprint 1")]
    assert wanted(None, task(number=1, planned_priority=1)) == [(1, 0, "no sprint is running")]
    assert wanted(made, task(number=1, planned_priority=1)) == []
    assert wanted(made, task(number=1, labels=("Priority: low",), priority=-1)) == []
    assert wanted(made, task(number=1, attempts=(running(),))) == [], "it is at work already"


def test_hostile_titles_are_harmless_in_the_face() -> None:
    title = texts.inline("@bob fixes #1 | <img src=x> ![x](http://x)", 120)
    made = plan(item(1).model_copy(update={"title": title}), problem="line 3: `@bob`")
    drawn = face.drawn(look(made))
    assert "@bob" not in drawn and "<img" not in drawn and "![" not in drawn
    assert "None are used" in drawn
