"""The pictures on GitHub: label, status comment, and a notice when a person is needed."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.effects import EditComment, Record, SetLabels, Step, WriteComment
from agent_os.domain.events import Event, EventKind
from agent_os.domain.records import Cancelled, Hold, Shown
from agent_os.domain.tasks import Status, Task
from agent_os.policy import picture, texts

from .making import LABELS, NOW, at, attempt, event, folded, in_review, pull, running, sha, task

HOLD = Hold(reason="secret_found", detail="a key in a.py", next_step="Rotate it.", since=NOW)
BY_PERSON = HOLD.model_copy(update={"reason": "held_by_person"})


def cancelled(reason: str) -> Cancelled:
    return Cancelled(reason=reason, by="alice", at=NOW)


def fact(step: Step) -> Event:
    """What the performer would record."""
    if isinstance(step, SetLabels):
        return event(EventKind.LABELS_SET, label=step.label, add=step.add, remove=step.remove)
    if isinstance(step, WriteComment) and step.purpose == "notice":
        return event(EventKind.TOLD, state=step.state)
    assert isinstance(step, WriteComment | EditComment)
    number = step.comment if isinstance(step, EditComment) else 99
    return event(EventKind.COMMENT_WRITTEN, id=number, hash=texts.digest(step.body))


def drawn(of: Task) -> tuple[Task, list[Step]]:
    """The task when its picture is up to date, and the changes that took."""
    steps: list[Step] = []
    while step := picture.decide(of, LABELS):
        steps.append(step)
        assert len(steps) < 10, "the picture is never finished"
        of = folded(of, fact(step))
    return of, steps


def labels(steps: list[Step]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(s.add, s.remove) for s in steps if isinstance(s, SetLabels)]


def notices(steps: list[Step]) -> list[str]:
    return [s.body for s in steps if isinstance(s, WriteComment) and s.purpose == "notice"]


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (Status.READY, "Ready"),
        (Status.QUEUED, "In Progress"),
        (Status.RUNNING, "In Progress"),
        (Status.IN_REVIEW, "In Review"),
        (Status.BLOCKED, "Blocked"),
        (Status.DONE, ""),
        (Status.CANCELLED, ""),
    ],
)
def test_the_label_of_each_state(status: Status, label: str) -> None:
    assert picture.label_of(status, LABELS) == label


CHANGES: list[tuple[Task, tuple[str, ...], list[tuple[tuple[str, ...], tuple[str, ...]]]]] = [
    (task(claimed_at=None), ("Ready",), []),
    (task(), ("Ready", "bug"), [(("In Progress",), ("Ready",))]),
    (task(), ("ready",), [(("In Progress",), ("Ready",))]),
    (task(), ("in progress",), [((), ())]),
    (in_review(), ("In Progress",), [(("In Review",), ("In Progress",))]),
    (
        task(hold=HOLD),
        ("Ready", "In Progress", "In Review"),
        [(("Blocked",), ("Ready", "In Progress", "In Review"))],
    ),
    (task(finished_at=NOW), ("In Review", "Ready"), [((), ("Ready", "In Review"))]),
    (task(cancelled=cancelled("label_removed")), ("Ready", "bug"), [((), ("Ready",))]),
    (task(attempts=(running(),), cancelled=cancelled("label_removed")), ("Ready",), []),
]


@pytest.mark.parametrize(("of", "there", "expected"), CHANGES)
def test_labels_converge_in_one_request(
    of: Task,
    there: tuple[str, ...],
    expected: list[tuple[tuple[str, ...], tuple[str, ...]]],
) -> None:
    after, steps = drawn(of.model_copy(update={"labels": there}))
    assert labels(steps) == expected
    assert "bug" in after.labels or "bug" not in there


def test_a_picture_that_is_up_to_date_stays() -> None:
    done, steps = drawn(in_review())
    assert steps and picture.decide(done, LABELS) is None


def test_the_status_comment_is_one_and_edited_in_place() -> None:
    first, steps = drawn(task(attempts=(running(),)))
    assert [type(s) for s in steps] == [SetLabels, WriteComment]
    _, steps = drawn(first.model_copy(update={"attempts": (attempt(1),)}))
    assert [(type(s), s.comment) for s in steps if isinstance(s, EditComment)] == [
        (EditComment, 99)
    ]


@pytest.mark.parametrize(
    "of",
    [
        task(claimed_at=None, attempts=(attempt(1),)),
        task(),
        task(attempts=(attempt(1),), shown=Shown(comment_gone=True)),
    ],
)
def test_no_comment_before_the_work_and_none_that_a_person_deleted(of: Task) -> None:
    _, steps = drawn(of)
    assert not [s for s in steps if isinstance(s, WriteComment | EditComment)]


def test_entering_blocked_is_told_once_with_what_to_do() -> None:
    blocked, steps = drawn(task(hold=HOLD))
    [notice] = notices(steps)
    assert notice.startswith("@alice: this needs you (`secret_found`)")
    assert "Rotate it." in notice and "`Ready`" in notice
    again, steps = drawn(folded(blocked, event(EventKind.HOLD_ENDED, by="alice")))
    assert notices(steps) == []
    hold = {"reason": "secret_found", "detail": "again", "next_step": "n"}
    _, steps = drawn(folded(again, event(EventKind.HELD, at(60), **hold)))
    assert len(notices(steps)) == 1


def test_a_person_who_held_it_knows() -> None:
    _, steps = drawn(task(hold=BY_PERSON))
    assert notices(steps) == []


@pytest.mark.parametrize("over", [{"finished_at": NOW}, {"cancelled": cancelled("label_removed")}])
def test_a_hold_on_a_task_that_is_over_tells_nobody(over: dict[str, Any]) -> None:
    """An effect that goes on failing after the end would mention the requester each time."""
    for minute in range(3):
        hold = HOLD.model_copy(update={"since": at(minutes=minute)})
        _, steps = drawn(task(hold=hold, issue_open=False, **over))
        assert notices(steps) == []


def test_done_after_blocked_is_told_once() -> None:
    merged = in_review(
        finished_at=NOW,
        issue_open=False,
        pull=pull(merged_sha=sha("f")),
        shown=Shown(told=f"blocked:{NOW.isoformat()}"),
    )
    after, steps = drawn(merged)
    assert notices(steps) == ["@alice: done after all; #40 is merged."]
    assert notices(drawn(after)[1]) == []


def test_done_without_trouble_is_not_told() -> None:
    assert notices(drawn(in_review(finished_at=NOW, issue_open=False))[1]) == []


@pytest.mark.parametrize(
    ("over", "answers"),
    [
        ({"finished_at": NOW}, 1),
        ({"cancelled": cancelled("issue_closed")}, 1),
        ({"cancelled": cancelled("label_removed")}, 0),
        ({"cancelled": cancelled("pull_closed")}, 0),
    ],
)
def test_reopening_alone_is_answered_once(over: dict[str, Any], answers: int) -> None:
    reopened = folded(in_review(**over, issue_open=False), event(EventKind.ISSUE_REOPENED, by="a"))
    after, steps = drawn(reopened)
    assert len(notices(steps)) == answers
    assert notices(drawn(after)[1]) == []


@pytest.mark.parametrize(
    ("of", "settles"),
    [
        (task(finished_at=NOW), True),
        (task(cancelled=cancelled("r")), True),
        (task(cancelled=cancelled("r"), attempts=(running(),)), False),
        (in_review(cancelled=cancelled("r")), False),
        (in_review(cancelled=cancelled("r"), pull=pull(closed=True)), True),
        (in_review(finished_at=NOW, pull=pull(merged_sha=sha("f"))), True),
        (in_review(), False),
        (task(hold=HOLD), False),
    ],
)
def test_a_task_settles_when_nothing_is_left_to_do(of: Task, settles: bool) -> None:
    step = picture.settle(of, NOW)
    assert (step is not None) is settles
    if isinstance(step, Record):
        assert [e.kind for e in step.events] == [EventKind.SETTLED]
