"""What people's acts on an issue mean: the rows of the table of commands."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.effects import Record
from agent_os.domain.events import EventKind
from agent_os.domain.observed import Act
from agent_os.domain.records import Answered, Cancelled, Hold, Shown
from agent_os.domain.tasks import Status, Task
from agent_os.policy import specs
from agent_os.policy.commands import IssueFacts, decide

from .making import (
    LABELS,
    NOW,
    act,
    at,
    attempt,
    edits,
    folded,
    in_review,
    issue,
    pull,
    running,
    sha,
    spec,
    task,
)

MAY = {"alice": True, "stranger": False}
HOLD = Hold(reason="ci_failed", detail="d", next_step="n", since=NOW)
CANCELLED = Cancelled(reason="label_removed", by="alice", at=NOW)
TEXT = spec(text_hash=specs.text_hash("Mend it", "b"))
READY = act(1, "labeled", label="Ready")


def facts(*fresh: Act, **more: Any) -> IssueFacts:
    seen = more.pop("issue", issue())
    given: dict[str, Any] = {
        "repo_id": 1,
        "repo": "acme/todo",
        "issue": seen,
        "acts": fresh,
        "fresh": fresh,
        "echoes": (),
        "may": MAY,
        "edits": edits(),
        "labels": LABELS,
        "now": at(60),
    }
    return IssueFacts(**{**given, **more})


def known(of: Task) -> Task:
    """With the text and the labels that are on GitHub, so that they say nothing new."""
    return of.model_copy(update={"spec": TEXT, "labels": ("Ready",)})


def kinds(record: Record | None) -> list[EventKind]:
    return [e.kind for e in record.events] if record else []


def after(of: Task | None, *fresh: Act, **more: Any) -> tuple[list[EventKind], Task | None]:
    record = decide(facts(*fresh, **more), of)
    if record is None:
        return [], of
    assert record.consumes == tuple(a.id for a in fresh)
    return kinds(record), folded(of, *record.events) if of or record.events else None


def test_ready_by_someone_with_permission_makes_a_task() -> None:
    happened, made = after(None, READY)
    assert happened == [EventKind.REQUESTED]
    assert made is not None and made.status is Status.READY
    assert (made.request.actor, made.request.event_id) == ("alice", 1)


def test_ready_by_a_stranger_is_declined_by_name() -> None:
    record = decide(facts(act(1, "labeled", "stranger", label="Ready")), None)
    assert record is not None and record.consumes == (1,)
    assert kinds(record) == [EventKind.DECLINED]
    assert record.events[0].data["reason"] == "untrusted_actor"


def test_someone_whose_permission_is_unknown_has_none() -> None:
    record = decide(facts(act(1, "labeled", "nobody", label="Ready")), None)
    assert kinds(record) == [EventKind.DECLINED]


STATES: list[tuple[str, Task, EventKind]] = [
    ("done", in_review(finished_at=NOW, pull=pull(merged_sha="f")), EventKind.REQUESTED),
    ("cancelled", task(cancelled=CANCELLED), EventKind.REQUESTED),
    ("blocked", task(hold=HOLD), EventKind.REQUESTED),
    ("ready", task(claimed_at=None), EventKind.REQUEST_REPEATED),
    ("queued", task(), EventKind.REQUEST_REPEATED),
    ("running", task(attempts=(running(),)), EventKind.REQUEST_REPEATED),
    ("in_review", in_review(), EventKind.REQUEST_REPEATED),
]


@pytest.mark.parametrize(("status", "of", "expected"), STATES)
def test_ready_in_each_state(status: str, of: Task, expected: EventKind) -> None:
    assert of.status == status
    happened, later = after(known(of), READY)
    assert happened == [expected]
    assert later is not None
    assert later.round == (2 if status in ("done", "cancelled") else 1)


@pytest.mark.parametrize(("setter", "drawn_again"), [("agent-os", True), ("alice", False)])
def test_a_label_of_ours_that_is_left_on_what_is_over_is_taken_off(
    setter: str, drawn_again: bool
) -> None:
    """An old reading had made us believe that it was gone."""
    over = known(in_review(finished_at=NOW, pull=pull(merged_sha="f"), settled=True))
    over = over.model_copy(update={"labels": ("In Review",)})
    shown = act(1, "labeled", setter, label="In Review")
    seen = issue(labels=("In Review",))
    record = decide(facts(issue=seen, acts=(shown,), login="agent-os"), over)
    later = folded(over, *record.events) if record else over
    assert later is not None and later.settled is not drawn_again


CLOSED_PULL = Cancelled(reason="pull_closed", by="alice", at=at(50), acted_at=at(20))
DONE = in_review(finished_at=at(50), pull=pull(merged_sha="f"))
ANSWERED = Answered(comment=5, at=at(20))
#: (the task, the issue's timeline, seconds of `Ready`, whether it asks for another round)
LATE = [
    (DONE, [act(9, "closed", "agent-os", at(20))], 10, False),
    (DONE, [act(9, "closed", "agent-os", at(20))], 20, True),
    (DONE, [act(9, "closed", "agent-os", at(20))], 30, True),
    (task(cancelled=CLOSED_PULL), [], 10, False),
    (task(cancelled=CLOSED_PULL), [], 30, True),
    (task(finished_at=at(50), answered=ANSWERED), [], 10, False),
    (task(finished_at=at(50), answered=ANSWERED), [], 20, True),
]


@pytest.mark.parametrize(("of", "others", "seconds", "again"), LATE)
def test_ready_that_is_read_late_counts_by_when_it_was_set(
    of: Task, others: list[Act], seconds: int, again: bool
) -> None:
    ready = act(1, "labeled", when=at(seconds), label="Ready")
    _, later = after(known(of), ready, acts=(ready, *others))
    assert later is not None and later.round == (2 if again else 1)
    settled = of.model_copy(update={"settled": True})
    _, later = after(known(settled), ready, acts=(ready, *others))
    assert later is not None and not later.settled, "its label is taken off, or it is worked on"


@pytest.mark.parametrize(
    "of",
    [
        task(cancelled=CANCELLED, attempts=(running(),)),
        in_review(cancelled=CANCELLED),
    ],
)
def test_the_next_round_waits_until_the_old_one_is_wound_up(of: Task) -> None:
    """The empty record says: look at this issue again, the act is not consumed."""
    assert decide(facts(READY), known(of)) == Record(key=of.key, events=())


def test_stop_and_start_in_one_reading_is_a_stop_first() -> None:
    shown = known(in_review(shown=Shown(label="In Review")))
    stop = act(1, "unlabeled", label="In Review")
    start = act(2, "labeled", when=at(1), label="Ready")
    record = decide(facts(stop, start), shown)
    assert record is not None
    assert (kinds(record), record.consumes) == ([EventKind.CANCELLED], (1,))


ACTS: list[tuple[Act, dict[str, Any], list[EventKind]]] = [
    (act(1, "labeled", label="blocked"), {}, [EventKind.HELD]),
    (act(1, "labeled", label="Blocked"), {"hold": HOLD}, []),
    (act(1, "unlabeled", label="Blocked"), {"hold": HOLD}, [EventKind.HOLD_ENDED]),
    (act(1, "unlabeled", label="Blocked"), {}, []),
    (act(1, "unlabeled", label="Ready"), {"claimed_at": None}, [EventKind.CANCELLED]),
    (act(1, "unlabeled", label="Ready"), {}, [EventKind.CANCELLED]),
    (
        act(1, "unlabeled", label="IN PROGRESS"),
        {"shown": Shown(label="In Progress")},
        [EventKind.CANCELLED],
    ),
    (act(1, "unlabeled", label="Ready"), {"shown": Shown(label="In Progress")}, []),
    (act(1, "unlabeled", label="bug"), {}, []),
    (act(1, "labeled", label="bug"), {}, []),
    (act(1, "unlabeled", label="In Progress"), {"cancelled": CANCELLED}, []),
    (act(1, "closed"), {}, [EventKind.ISSUE_CLOSED, EventKind.CANCELLED]),
    (act(1, "closed"), {"hold": HOLD}, [EventKind.ISSUE_CLOSED, EventKind.CANCELLED]),
    (act(1, "closed"), {"cancelled": CANCELLED}, [EventKind.ISSUE_CLOSED]),
    (act(1, "closed"), {"pull": pull(merged_sha=sha("f"))}, [EventKind.ISSUE_CLOSED]),
    (act(1, "closed"), {"answered": ANSWERED}, [EventKind.ISSUE_CLOSED]),
    (act(1, "reopened"), {}, [EventKind.ISSUE_REOPENED]),
    (act(1, "renamed", was="a", text="Mend it"), {}, []),
    (
        act(1, "closed", "stranger"),
        {},
        [EventKind.ISSUE_CLOSED, EventKind.ACT_IGNORED],
    ),
    (act(1, "labeled", "stranger", label="Blocked"), {}, [EventKind.ACT_IGNORED]),
    (act(1, "unlabeled", "stranger", label="Ready"), {}, [EventKind.ACT_IGNORED]),
]


@pytest.mark.parametrize(("given", "more", "expected"), ACTS)
def test_each_act(given: Act, more: dict[str, Any], expected: list[EventKind]) -> None:
    happened, _ = after(known(task(**more)), given)
    assert happened == expected


@pytest.mark.parametrize("given", [a for a, _, _ in ACTS if "labeled" not in a.kind])
def test_acts_on_an_issue_without_a_task_are_consumed(given: Act) -> None:
    assert after(None, given) == ([], None)


def test_the_close_that_belongs_to_a_merge_cancels_nothing() -> None:
    happened, _ = after(known(in_review()), act(1, "closed"), merged_by_pull=True)
    assert happened == [EventKind.ISSUE_CLOSED]


def test_acts_are_read_in_their_order() -> None:
    acts = [
        act(3, "labeled", when=at(3), label="Ready"),
        act(1, "labeled", when=at(1), label="Ready"),
        act(2, "unlabeled", when=at(2), label="Ready"),
    ]
    record = decide(facts(*acts), None)
    assert record is not None and record.consumes == (1, 2, 3)
    wanted = [EventKind.REQUESTED, EventKind.CANCELLED, EventKind.REQUESTED]
    assert [k for k in kinds(record) if k is not EventKind.LABELS_SEEN] == wanted
    assert folded(None, *record.events).round == 2


def test_our_own_acts_are_used_up_without_a_word() -> None:
    record = decide(facts(echoes=(8, 9)), known(task()))
    assert record is not None and (record.events, record.consumes) == ((), (8, 9))


def test_nothing_new_is_nothing() -> None:
    assert decide(facts(), known(task())) is None
    assert decide(facts(issue=issue(labels=())), None) is None


# The issue's text.


def test_the_text_is_the_version_at_the_request() -> None:
    history = edits((at(-60), "stranger", "asked for"), (at(30), "stranger", "evil"))
    record = decide(facts(READY, issue=issue("evil"), edits=history), None)
    assert record is not None
    assert kinds(record) == [EventKind.REQUESTED, EventKind.TEXT_IGNORED]
    made = folded(None, *record.events)
    assert made.spec.body == "asked for"
    again = decide(facts(issue=issue("evil"), edits=history), made)
    assert again is None, "a text that is not used is noted once"


def test_a_later_text_by_someone_with_permission_is_used() -> None:
    made = folded(None, *(decide(facts(READY), None) or Record(key=task().key, events=())).events)
    history = edits((at(-60), "stranger", "b"), (at(30), "alice", "better"))
    record = decide(facts(issue=issue("better"), edits=history), made)
    assert kinds(record) == [EventKind.TEXT_CHANGED]
    assert record is not None and folded(made, *record.events).spec.body == "better"


@pytest.mark.parametrize("over", [{"finished_at": NOW}, {"cancelled": CANCELLED}])
def test_the_text_of_a_task_that_is_over_is_not_looked_at(over: dict[str, Any]) -> None:
    assert decide(facts(issue=issue("new")), known(task(**over))) is None


# Labels that say something.


@pytest.mark.parametrize(
    ("setter", "allowed"), [("alice", "alice"), ("stranger", ""), ("nobody", "")]
)
def test_who_allows_the_tests_to_change_needs_permission(setter: str, allowed: str) -> None:
    label = act(1, "labeled", setter, label="Tests may change")
    seen = issue(labels=("Ready", "tests may change", "priority: high", "agent: codex"))
    record = decide(facts(acts=(label,), issue=seen), known(task()))
    assert kinds(record) == [EventKind.LABELS_SEEN]
    assert record is not None
    later = folded(known(task()), *record.events)
    assert (later.tests_may_change, later.priority, later.agent_label) == (allowed, 1, "codex")


def test_the_newest_setter_of_that_label_counts() -> None:
    acts = (
        act(1, "labeled", "alice", label="tests may change"),
        act(2, "labeled", "stranger", at(1), label="tests may change"),
    )
    seen = issue(labels=("Ready", "tests may change"))
    record = decide(facts(acts=acts, issue=seen), known(task()))
    assert record is not None and record.events[0].data["tests_may_change"] == ""


def test_an_attempt_of_a_round_before_is_not_counted() -> None:
    old = known(task(cancelled=CANCELLED, attempts=(attempt(1),)))
    _, later = after(old, READY)
    assert later is not None and later.attempts == ()


@pytest.mark.parametrize("kinds_there", [(), ("labeled", "unlabeled")])
def test_a_ready_that_the_timeline_does_not_know_yet_is_looked_at_again(
    kinds_there: tuple[str, ...],
) -> None:
    acts = tuple(act(n, kind, label="Ready") for n, kind in enumerate(kinds_there, 1))
    record = decide(facts(acts=acts, issue=issue(labels=("Ready",))), None)
    assert record is not None and not record.events, "an empty record: look again"
