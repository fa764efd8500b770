"""Merges and refreshes of one repository are one at a time."""

from __future__ import annotations

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import MergePull, Record, Step
from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Hold, Waiting, Wanted
from agent_os.domain.tasks import Task
from agent_os.policy.steps import about, event, record
from agent_os.policy.turns import in_turn

from .making import NOW, at, in_review, pull, result, running, sha

HOLD = Hold(reason="conflict", detail="d", next_step="n", since=NOW)
REFRESH = Wanted(kind=Kind.REFRESH, why="its base moved")


def nth(number: int, **more: object) -> Task:
    opened = pull(number=40 + number, opened_at=at(number))
    return in_review(**{"number": number, "pull": opened, **more})


def refresh(task: Task) -> Record:
    data = {"kind": Kind.REFRESH.value, "why": "its base moved", "feedback": ""}
    return record(task, event(task, EventKind.WORK_WANTED, NOW, **data))


def merge(task: Task) -> MergePull:
    assert task.pull is not None
    return MergePull(
        **about(task, "ready"), pull=task.pull.number, sha=sha("c"), method="squash", title="t"
    )


def said(step: Step) -> str:
    if not isinstance(step, Record):
        return step.kind
    data = step.events[0].data
    return str(data.get("reason") or data.get("kind"))


def turns(*steps: tuple[Task, Step], others: tuple[Task, ...] = (), base: str = "b") -> list[str]:
    tasks = [task for task, _ in steps] + list(others)
    decided = [(step, 1) for _, step in steps]
    kept = in_turn(decided, tasks, sha(base), NOW)
    return [f"{step.key.number} {said(step)}" for step, _ in kept]


def test_only_the_first_one_is_brought_onto_the_new_base() -> None:
    tasks = [nth(n) for n in (1, 2, 3)]
    found = turns(*((t, refresh(t)) for t in tasks))
    assert found == ["1 refresh", "2 merge_queue", "3 merge_queue"]


def test_a_merge_goes_before_refreshes_and_there_is_one() -> None:
    one, two, three = nth(1), nth(2), nth(3)
    found = turns((one, refresh(one)), (two, merge(two)), (three, merge(three)))
    assert found == ["2 merge_pull", "3 merge_queue", "1 merge_queue"]


def test_priority_decides_who_is_first() -> None:
    one, two = nth(1), nth(2, priority=2)
    assert turns((one, refresh(one)), (two, refresh(two))) == ["2 refresh", "1 merge_queue"]


def test_one_at_work_or_nearly_merged_keeps_the_turn() -> None:
    asked = nth(1)
    waits = Waiting(reason=Reason.CI_RUNNING, since=NOW)
    holders = [
        nth(2, wanted=REFRESH),
        nth(2, attempts=(running(kind=Kind.REFRESH),)),
        nth(2, result=result(base="b"), waiting=waits),
    ]
    for holder in holders:
        assert turns((asked, refresh(asked)), others=(holder,)) == ["1 merge_queue"]


def test_one_that_stands_still_for_a_person_gives_its_turn_away() -> None:
    asked = nth(1)
    person = Waiting(reason=Reason.REVIEW_REQUIRED, since=NOW)
    others = [
        nth(2, wanted=REFRESH, hold=HOLD),
        nth(2, result=result(base="b"), waiting=person),
        nth(2, result=result(base="a"), waiting=Waiting(reason=Reason.CI_RUNNING, since=NOW)),
        nth(2, attempts=(running(kind=Kind.FIX),)),
    ]
    for other in others:
        assert turns((asked, refresh(asked)), others=(other,)) == ["1 refresh"]


def test_what_moves_no_base_is_not_held_up() -> None:
    one, two = nth(1), nth(2)
    data = {"kind": Kind.FIX.value, "why": "CI failed", "feedback": ""}
    fix = record(two, event(two, EventKind.WORK_WANTED, NOW, **data))
    assert turns((one, refresh(one)), (two, fix)) == ["1 refresh", "2 fix"]


def test_a_wait_is_written_once() -> None:
    waits = Waiting(reason=Reason.MERGE_QUEUE, since=NOW)
    one, two = nth(1), nth(2, waiting=waits)
    assert turns((one, refresh(one)), (two, refresh(two))) == ["1 refresh"]
