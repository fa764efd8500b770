"""What each event does to a task."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain import approvals
from agent_os.domain.attempts import Kind
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.folding import fold
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Answered, Cancelled, Child, Hold, Shown, Waiting, Wanted
from agent_os.domain.requests import Asked, CommentRequest
from agent_os.domain.tasks import Status, Task

from .making import (
    NOW,
    at,
    attempt,
    event,
    evidence,
    folded,
    in_review,
    pull,
    requested,
    result,
    running,
    sha,
    spec,
    task,
)

HOLD = Hold(reason="ci_failed", detail="d", next_step="n", since=NOW)
WAITS = Waiting(reason=Reason.BACKOFF, since=NOW)
LATER = at(60)
RESULT = {
    "head": sha("d"),
    "base": sha("b"),
    "text_hash": "t2",
    "attempt": 1,
    "summary": "s",
    "evidence": evidence("d", "b").model_dump(mode="json"),
}
SAID = CommentRequest(kind="comment", text="t")
ASKED = Asked(attempt=1, place=0, what="a comment", request=SAID)
DEAR = approvals.Ask(rule=approvals.Rule.USD, what="dear")
HELD = {"reason": "r", "detail": "d", "next_step": "n"}
SPEC2 = spec(title="New", text_hash="t2").model_dump(mode="json")

#: (event, its data, the task before, the fields that change)
CASES: list[tuple[EventKind, dict[str, Any], Task, dict[str, Any]]] = [
    (
        EventKind.TEXT_CHANGED,
        {"spec": SPEC2},
        task(),
        {"spec": spec(title="New", text_hash="t2"), "title": "New"},
    ),
    (EventKind.TEXT_IGNORED, {"text_hash": "x"}, task(), {"ignored_text": "x"}),
    (
        EventKind.LABELS_SEEN,
        {"labels": ["a", "B"], "priority": 2, "tests_may_change": "bob", "agent_label": "codex"},
        task(),
        {"labels": ("a", "B"), "priority": 2, "tests_may_change": "bob", "agent_label": "codex"},
    ),
    (EventKind.HELD, HELD, task(waiting=WAITS), {"hold": Hold(since=LATER, **HELD)}),
    (EventKind.HOLD_ENDED, {"by": "a"}, task(hold=HOLD), {"hold": None}),
    (
        EventKind.CANCELLED,
        {"reason": "r", "by": "a"},
        task(hold=HOLD, waiting=WAITS),
        {"cancelled": Cancelled(reason="r", by="a", at=LATER), "hold": None},
    ),
    (EventKind.ISSUE_CLOSED, {"by": "a"}, task(), {"issue_open": False}),
    (
        EventKind.ISSUE_REOPENED,
        {"by": "a"},
        task(issue_open=False, settled=True),
        {"issue_open": True, "reopened": True, "settled": False},
    ),
    (EventKind.NOTED, {"notes": "n"}, task(), {"notes": "n"}),
    (EventKind.REQUEST_REPEATED, {"actor": "alice"}, task(own=True), {"own": False}),
    (EventKind.PRIORITY_SET, {"priority": 1, "why": "w"}, task(), {"planned_priority": 1}),
    (EventKind.REPO_RENAMED, {"repo": "new/name"}, task(), {"repo": "new/name"}),
    (
        EventKind.CLAIMED,
        {},
        task(claimed_at=None, waiting=WAITS),
        {"claimed_at": LATER, "wanted": Wanted(kind=Kind.IMPLEMENT, why="asked for")},
    ),
    (
        EventKind.WAITING,
        {"reason": "backoff", "detail": "d", "until": at(90).isoformat()},
        task(),
        {"waiting": Waiting(reason=Reason.BACKOFF, detail="d", since=LATER, until=at(90))},
    ),
    (EventKind.WAITING, {"reason": ""}, task(waiting=WAITS), {}),
    (
        EventKind.WORK_WANTED,
        {"kind": "refresh", "why": "w", "feedback": ""},
        in_review(waiting=WAITS),
        {"wanted": Wanted(kind=Kind.REFRESH, why="w")},
    ),
    (
        EventKind.ATTEMPT_STARTED,
        {"attempt": running(2).model_dump(mode="json")},
        task(
            attempts=(attempt(1),),
            waiting=WAITS,
            wanted=Wanted(kind=Kind.FIX, why="w", feedback="f"),
        ),
        {"attempts": (attempt(1), running(2)), "wanted": None, "feedback": "f"},
    ),
    (
        EventKind.ATTEMPT_ENDED,
        {"_attempt": 1, "head": sha("d"), "result": RESULT},
        task(attempts=(running(1),), feedback="f"),
        {
            "attempts": (running(1).model_copy(update={"ended_at": LATER, "head": sha("d")}),),
            "result": result("d", "b", text_hash="t2", summary="s"),
            "feedback": "",
        },
    ),
    (
        EventKind.RESULT_REJECTED,
        {"attempt": 1, "code": "ci_failed", "detail": "d", "signature": "s"},
        in_review(),
        {
            "attempts": (
                attempt(
                    1,
                    FailureCode.CI_FAILED,
                    detail="d",
                    signature="s",
                    head=sha("c"),
                ),
            ),
            "result": None,
        },
    ),
    (EventKind.BRANCH_PUSHED, {"sha": sha("d")}, task(), {"branch_head": sha("d")}),
    (
        EventKind.BRANCH_PUSHED,
        {"sha": sha("d")},
        in_review(),
        {"branch_head": sha("d"), "pull": pull("d", pushed_at=LATER, head_at=LATER)},
    ),
    (EventKind.BRANCH_DELETED, {}, in_review(), {"branch_gone": True}),
    (
        EventKind.CHILD_OPENED,
        {"place": 0, "number": 13, "title": "t"},
        task(),
        {"children": (Child(place=0, number=13, title="t"),)},
    ),
    (
        EventKind.PULL_OPENED,
        {"number": 40, "head": sha("c"), "body_hash": "h"},
        task(waiting=WAITS),
        {"pull": pull(body_hash="h", opened_at=LATER)},
    ),
    (EventKind.PULL_EDITED, {"body_hash": "h"}, in_review(), {"pull": pull(body_hash="h")}),
    (
        EventKind.PULL_HEAD_MOVED,
        {"sha": sha("e"), "github_at": at(90).isoformat()},
        in_review(),
        {"pull": pull("e", head_at=at(90)), "branch_head": sha("e"), "result": None},
    ),
    (
        EventKind.PULL_MERGED,
        {"sha": sha("f"), "by": "bob"},
        in_review(hold=HOLD),
        {
            "pull": pull(merged_sha=sha("f"), merged_by="bob", merged_at=LATER),
            "hold": None,
        },
    ),
    (EventKind.PULL_CLOSED, {"by": "a"}, in_review(), {"pull": pull(closed=True)}),
    (EventKind.REVIEW_ASKED, {"login": "a"}, in_review(), {"pull": pull(review_asked=True)}),
    (
        EventKind.APPROVAL_ASKED,
        {"head": sha("c"), "asks": [{"rule": "usd", "what": "dear"}], "rules": "usd"},
        in_review(),
        {"pull": pull(asked=approvals.Asked(head=sha("c"), asks=(DEAR,)))},
    ),
    (
        EventKind.APPROVED,
        {"head": sha("c"), "by": "bob", "how": "label", "at": LATER.isoformat()},
        in_review(),
        {"pull": pull(approved_head=sha("c"), approved_by="bob")},
    ),
    (EventKind.REVIEW_SEEN, {"ids": [4, 5]}, task(seen_reviews=(3,)), {"seen_reviews": (3, 4, 5)}),
    (
        EventKind.ANSWERED,
        {"comment": 5, "at": LATER.isoformat()},
        task(),
        {"answered": Answered(comment=5, at=LATER)},
    ),
    (
        EventKind.REQUEST_ENDED,
        {"asked": "1.0", "done": "#13"},
        task(asked=(ASKED, ASKED.model_copy(update={"place": 1}))),
        {
            "asked": (
                ASKED.model_copy(update={"done": "#13"}),
                ASKED.model_copy(update={"place": 1}),
            )
        },
    ),
    (EventKind.FINISHED, {}, in_review(hold=HOLD), {"finished_at": LATER, "hold": None}),
    (EventKind.SETTLED, {}, task(), {"settled": True}),
    (
        EventKind.LABELS_SET,
        {"label": "In Progress", "add": ["In Progress"], "remove": ["Ready"]},
        task(labels=("Ready", "bug")),
        {"labels": ("In Progress", "bug"), "shown": Shown(label="In Progress")},
    ),
    (
        EventKind.COMMENT_WRITTEN,
        {"id": 9, "hash": "h"},
        task(),
        {"shown": Shown(comment_id=9, comment_hash="h")},
    ),
    (EventKind.COMMENT_GONE, {}, task(), {"shown": Shown(comment_gone=True)}),
    (EventKind.TOLD, {"state": "done"}, task(), {"shown": Shown(told="done")}),
]


@pytest.mark.parametrize(("kind", "data", "before", "changes"), CASES)
def test_each_event(
    kind: EventKind, data: dict[str, Any], before: Task, changes: dict[str, Any]
) -> None:
    """Every case but a label's clears or keeps `waiting` as its kind says; all else stays."""
    after = folded(before, event(kind, LATER, **data))
    if before.waiting is not None:
        assert after.waiting is None
    expected = before.model_copy(update={"waiting": after.waiting, **changes})
    if kind is EventKind.HOLD_ENDED:
        expected = expected.model_copy(update={"renewed": len(before.attempts)})
    assert after == expected
    assert Task.model_validate_json(after.model_dump_json(exclude_defaults=True)) == after


def test_the_table_covers_every_change() -> None:
    from agent_os.domain.folding import _CHANGES  # pyright: ignore[reportPrivateUsage]  # the table

    assert {case[0] for case in CASES} == set(_CHANGES)


@pytest.mark.parametrize("kind", [k for k in EventKind if k is not EventKind.REQUESTED])
def test_without_a_task_no_event_makes_one(kind: EventKind) -> None:
    assert fold(None, event(kind)) is None


def test_a_request_makes_the_first_round() -> None:
    made = folded(None, requested())
    assert (made.status, made.round, made.author) == (Status.READY, 1, "stranger")
    assert made.request.actor == "alice"


@pytest.mark.parametrize(
    "over",
    [
        {"finished_at": NOW},
        {"cancelled": Cancelled(reason="r", by="a", at=NOW)},
    ],
)
def test_a_request_after_the_end_makes_the_next_round_with_nothing_but_the_notes(
    over: dict[str, Any],
) -> None:
    old = in_review(**over, notes="keep", shown=Shown(label="x", comment_id=3), settled=True)
    fresh = folded(old, requested(LATER))
    assert (fresh.status, fresh.round, fresh.notes) == (Status.READY, 2, "keep")
    assert fresh == folded(None, requested(LATER)).model_copy(update={"round": 2, "notes": "keep"})


def test_a_request_on_a_blocked_task_renews_the_attempts_of_the_same_round() -> None:
    old = in_review(hold=HOLD, waiting=WAITS, attempts=(attempt(1), attempt(2)))
    fresh = folded(old, requested(LATER))
    assert (fresh.round, fresh.hold, fresh.waiting, fresh.counted) == (1, None, None, ())
    assert (fresh.attempts, fresh.pull, fresh.result) == (old.attempts, old.pull, old.result)
    assert fresh.request.at == LATER


@pytest.mark.parametrize("code", list(FailureCode))
def test_a_failed_attempt_keeps_its_code_and_leaves_a_handoff(code: FailureCode) -> None:
    left = {"attempted": "a", "changed": "", "remains": "r", "failed": "", "next": "n"}
    data = {"code": code.value, "detail": "d", "signature": "s", "handoff": left}
    after = folded(
        task(attempts=(running(1),), feedback="f"),
        event(EventKind.ATTEMPT_ENDED, LATER, _attempt=1, **data),
    )
    ended = after.attempts[0]
    assert (ended.code, ended.ended_at, ended.signature) == (code, LATER, "s")
    assert after.handoff is not None and after.handoff.next == "n"
    assert (after.result, after.feedback) == (None, "f")


def test_a_success_forgets_the_handoff_before_it() -> None:
    after = folded(
        task(attempts=(running(1),), handoff={"attempted": "old"}),
        event(EventKind.ATTEMPT_ENDED, LATER, _attempt=1, result=RESULT),
    )
    assert after.handoff is None


@pytest.mark.parametrize("written", ["ready", "READY", "Ready"])
def test_labels_have_no_case(written: str) -> None:
    """Otherwise a label `ready` would be removed again at every turn."""
    data = {"label": "In Progress", "add": ("In Progress",), "remove": ("Ready",)}
    before = task(labels=(written, "in progress"))
    assert folded(before, event(EventKind.LABELS_SET, **data)).labels == ("In Progress",)


@pytest.mark.parametrize(
    ("kind", "keeps"), [(Kind.FIX, False), (Kind.REFRESH, True), (Kind.VERIFY, True)]
)
def test_a_wanted_fix_voids_the_result(kind: Kind, keeps: bool) -> None:
    """A failed fix must not bring the result back that the reviewer refused."""
    wanted = event(EventKind.WORK_WANTED, LATER, kind=kind, why="w", feedback="f")
    assert (folded(in_review(), wanted).result is not None) is keeps


def test_only_the_named_attempt_ends() -> None:
    before = task(attempts=(attempt(1, FailureCode.LOST), running(2)))
    after = folded(before, event(EventKind.ATTEMPT_ENDED, LATER, _attempt=2, code="timeout"))
    assert [a.code for a in after.attempts] == [FailureCode.LOST, FailureCode.TIMEOUT]


def test_events_about_no_task_change_none() -> None:
    paused = Event(kind=EventKind.PAUSED, at=NOW, data={"scope": "*"})
    assert fold(task(), paused) == task()
