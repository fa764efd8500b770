"""The queue engine's decisions: what ends, what is published, what starts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import (
    AcceptOutcome,
    AskReview,
    CloseIssue,
    ClosePull,
    DeleteBranch,
    EditPull,
    OpenPull,
    PushBranch,
    Record,
    StartAttempt,
    Step,
    StopAttempt,
)
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Cancelled, Hold, Waiting, Wanted
from agent_os.domain.rules import LimitRules, Mode
from agent_os.domain.tasks import Task
from agent_os.policy import descriptions, texts
from agent_os.policy.queue import Machine, TaskFacts, decide

from .making import (
    NOW,
    at,
    attempt,
    event,
    folded,
    in_review,
    pull,
    requested,
    result,
    rules,
    running,
    sha,
    task,
)

HOLD = Hold(reason="ci_failed", detail="d", next_step="n", since=NOW)
CANCELLED = Cancelled(reason="label_removed", by="alice", at=NOW)
WANTED = Wanted(kind=Kind.IMPLEMENT, why="asked for")


def facts(of: Task, **more: Any) -> TaskFacts:
    given: dict[str, Any] = {"rules": rules(), "default_branch": "main", "base_head": sha("a")}
    return TaskFacts(task=of, **{**given, **more})


def machine(**more: Any) -> Machine:
    given: dict[str, Any] = {"running": 0, "free_memory_mb": 8000, "now": NOW}
    return Machine(**{"limits": LimitRules(), **given, **more})


def only(of: Task, now: datetime = NOW, **more: Any) -> Step | None:
    """The one step for a task that is alone."""
    steps = decide([facts(of, **more)], machine(now=now))
    assert len(steps) <= 1
    return steps[0] if steps else None


def kinds(step: Step | None) -> list[EventKind]:
    assert isinstance(step, Record)
    return [e.kind for e in step.events]


# Running attempts.

ALIVE = task(attempts=(running(),))


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        ("alive", None),
        ("unknown", None),
        ("ended", AcceptOutcome),
        ("lost", StartAttempt),
        ("absent", StartAttempt),
    ],
)
def test_a_running_attempt(process: str, expected: type[Step] | None) -> None:
    step = only(ALIVE, process=process)
    assert type(step) is (expected or type(None))
    if isinstance(step, StartAttempt):
        assert step.resume and step.attempt == 1


STOPS: list[tuple[str, Task, dict[str, Any]]] = [
    ("cancelled: label_removed", task(attempts=(running(),), cancelled=CANCELLED), {}),
    ("blocked: ci_failed", task(attempts=(running(),), hold=HOLD), {}),
    ("its pull request is", in_review(attempts=(running(),), pull=pull(merged_sha="f")), {}),
    ("its pull request is", in_review(attempts=(running(),), pull=pull(closed=True)), {}),
    ("frozen: not in the config", ALIVE, {"rules": None}),
    ("frozen: it is archived", ALIVE, {"frozen": "it is archived"}),
    ("over its time", ALIVE, {"now": at(minutes=38)}),
]


@pytest.mark.parametrize(("why", "of", "more"), STOPS)
@pytest.mark.parametrize("process", ["alive", "unknown"])
def test_why_an_attempt_is_stopped(why: str, of: Task, more: dict[str, Any], process: str) -> None:
    step = only(of, process=process, **more)
    assert isinstance(step, StopAttempt)
    assert why in step.why
    assert isinstance(only(of, process="ended", **more), AcceptOutcome)


def test_the_runner_has_a_grace_to_end_the_attempt_itself() -> None:
    assert only(ALIVE, now=at(minutes=36), process="alive") is None


def test_a_pause_leaves_running_attempts_alone() -> None:
    assert only(ALIVE, process="alive", stopped=Reason.REPO_PAUSED) is None


# What is published, in order.


def published(**more: Any) -> Task:
    """Everything is on GitHub, as the task says."""
    base = in_review(**more)
    assert base.pull is not None
    shown = base.pull.model_copy(
        update={"body_hash": texts.digest(descriptions.pull_body(base)), "review_asked": True}
    )
    return base.model_copy(update={"pull": shown})


def test_a_result_is_pushed_then_opened_then_described_then_shown_to_the_requester() -> None:
    done = task(attempts=(attempt(1, head=sha("c")),), result=result())
    step = only(done)
    assert isinstance(step, PushBranch)
    assert (step.sha, step.expected, step.branch) == (sha("c"), "", "agent-os/12")

    pushed = folded(done, event(EventKind.BRANCH_PUSHED, sha=sha("c")))
    step = only(pushed)
    assert isinstance(step, OpenPull)
    assert (step.base, step.head, step.branch) == ("main", sha("c"), "agent-os/12")
    assert step.body.startswith("Closes #12\n")

    opened = folded(pushed, event(EventKind.PULL_OPENED, number=40, head=sha("c"), body_hash="old"))
    step = only(opened)
    assert isinstance(step, EditPull)

    edited = folded(opened, event(EventKind.PULL_EDITED, body_hash=texts.digest(step.body)))
    assert only(edited) is None, "what merges by itself is put before nobody"
    step = only(edited, rules=rules(Mode.PULL_REQUEST))
    assert isinstance(step, AskReview) and step.login == "alice"
    demanded = folded(edited, event(EventKind.WAITING, reason=Reason.REVIEW_REQUIRED))
    assert isinstance(only(demanded), AskReview)
    assert only(folded(edited, event(EventKind.REVIEW_ASKED, login="alice"))) is None


def test_a_later_result_is_pushed_onto_the_commit_we_left() -> None:
    step = only(in_review(result=result("d")))
    assert isinstance(step, PushBranch)
    assert (step.sha, step.expected) == (sha("d"), sha("c"))


def test_nothing_is_done_for_what_is_published() -> None:
    assert only(published()) is None


@pytest.mark.parametrize("more", [{"stopped": Reason.REPO_FROZEN}, {"stopped": Reason.ALL_PAUSED}])
@pytest.mark.parametrize(
    "of",
    [
        task(wanted=WANTED),
        task(attempts=(attempt(1),), result=result()),
        in_review(cancelled=CANCELLED),
        in_review(pull=pull(merged_sha="f")),
    ],
)
def test_a_paused_or_frozen_repository_gets_no_effects(more: dict[str, Any], of: Task) -> None:
    step = only(of, **more)
    if of.cancelled:
        assert step is None
    else:
        assert isinstance(step, Record)
        assert [e.data["reason"] for e in step.events] == [more["stopped"]]


def test_after_a_refused_effect_the_task_waits_until_its_time() -> None:
    waits = Waiting(reason=Reason.EFFECT_FAILED, since=NOW, until=at(60))
    done = task(attempts=(attempt(1),), result=result(), waiting=waits)
    assert only(done, now=at(59)) is None
    assert isinstance(only(done, now=at(60)), PushBranch)


# After the merge, and after a cancel.


def test_after_a_merge_the_issue_is_closed_the_branch_deleted_and_the_lesson_kept() -> None:
    merged = in_review(pull=pull(merged_sha=sha("f"), merged_by="bob"))
    assert isinstance(only(merged), CloseIssue)
    closed = folded(merged, event(EventKind.ISSUE_CLOSED, by=""))
    step = only(closed)
    assert isinstance(step, DeleteBranch)
    assert (step.branch, step.expected) == ("agent-os/12", sha("c"))
    gone = folded(closed, event(EventKind.BRANCH_DELETED))
    assert kinds(only(gone)) == [EventKind.FINISHED, EventKind.LESSON]


def test_an_issue_that_a_person_reopens_after_the_end_stays_open() -> None:
    over = in_review(
        pull=pull(merged_sha=sha("f")), finished_at=NOW, branch_gone=True, issue_open=True
    )
    assert only(over) is None


def test_a_merge_by_hand_during_an_attempt_or_after_a_cancel_is_still_finished() -> None:
    assert isinstance(only(in_review(cancelled=CANCELLED, pull=pull(merged_sha="f"))), CloseIssue)


def test_a_cancelled_task_closes_its_pull_request_once_and_says_why() -> None:
    cancelled = in_review(cancelled=CANCELLED)
    step = only(cancelled)
    assert isinstance(step, ClosePull)
    assert "label_removed" in step.body
    assert only(folded(cancelled, event(EventKind.PULL_CLOSED, by=""))) is None
    assert only(task(cancelled=CANCELLED)) is None


@pytest.mark.parametrize(
    "of",
    [
        task(hold=HOLD, wanted=WANTED),
        task(claimed_at=None),
        in_review(hold=HOLD, result=None, attempts=(attempt(1, FailureCode.CI_FAILED),)),
    ],
)
def test_blocked_and_unclaimed_tasks_are_left_alone(of: Task) -> None:
    assert only(of) is None


# Failures, and what follows a renewal.


def test_a_failed_fix_is_tried_again() -> None:
    """After a review asked for changes, the result of before must not pass for an answer."""
    fix = running(2, kind=Kind.FIX)
    after = folded(
        published(),
        event(EventKind.REVIEW_SEEN, ids=[5]),
        event(EventKind.WORK_WANTED, kind="fix", why="w", feedback="rename it"),
        event(EventKind.ATTEMPT_STARTED, attempt=fix.model_dump(mode="json")),
        event(EventKind.ATTEMPT_ENDED, _attempt=2, code="no_change", detail="nothing"),
    )
    step = only(after)
    assert isinstance(step, StartAttempt)
    assert (step.attempt, step.attempt_kind, step.agent) == (3, Kind.FIX, "second")
    assert "rename it" in step.feedback


@pytest.mark.parametrize("ends", [EventKind.HOLD_ENDED, EventKind.REQUESTED])
def test_a_blocked_task_with_a_pull_request_goes_on_when_renewed(ends: EventKind) -> None:
    failed = attempt(2, FailureCode.TESTS_FAILED, kind=Kind.FIX)
    blocked = in_review(hold=HOLD, result=None, attempts=(attempt(1), failed))
    renewal = requested() if ends is EventKind.REQUESTED else event(ends, by="alice")
    step = only(folded(blocked, renewal))
    assert isinstance(step, StartAttempt)
    assert (step.attempt, step.attempt_kind, step.agent) == (3, Kind.FIX, "first")


def test_a_person_is_needed_parks_with_the_next_step() -> None:
    step = only(task(attempts=(attempt(1, FailureCode.SECRET_FOUND),)))
    assert kinds(step) == [EventKind.HELD]
    assert isinstance(step, Record)
    assert step.events[0].data["next_step"].startswith("Remove the secret")


def test_trouble_of_the_environment_parks_with_an_incident() -> None:
    same = tuple(attempt(n, FailureCode.DISK_FULL, signature="s") for n in (1, 2))
    step = only(task(attempts=same), now=at(minutes=60))
    assert kinds(step) == [EventKind.HELD, EventKind.INCIDENT]
    assert isinstance(step, Record)
    assert step.events[1].data["signal"] == "incident:disk_full:s"


def test_a_wait_is_written_once() -> None:
    failed = task(attempts=(attempt(1, FailureCode.LOST),))
    step = only(failed)
    assert isinstance(step, Record)
    assert only(folded(failed, *step.events), now=at(30)) is None


# Admission.


def queued(number: int, **more: Any) -> TaskFacts:
    return facts(task(number=number, wanted=WANTED, **more))


def started(steps: list[Step]) -> list[int]:
    return [s.number for s in steps if isinstance(s, StartAttempt)]


def reasons(steps: list[Step]) -> dict[int, str]:
    return {
        s.key.number: e.data["reason"]
        for s in steps
        if isinstance(s, Record)
        for e in s.events
        if e.kind is EventKind.WAITING
    }


def test_admission_is_by_priority_then_by_age() -> None:
    waiting = [
        queued(1, priority=-1, claimed_at=at(-90)),
        queued(2, claimed_at=at(-10)),
        queued(3, claimed_at=at(-20)),
        queued(4, priority=2, claimed_at=at(-1)),
        queued(5, priority=1, claimed_at=at(-5)),
    ]
    steps = decide(waiting, machine(limits=LimitRules(concurrent_attempts=5)))
    assert started(steps) == [4, 5, 3, 2, 1]
    assert started(decide(waiting, machine(limits=LimitRules(concurrent_attempts=2)))) == [4, 5]


@pytest.mark.parametrize(
    ("in_use", "slots", "free"), [(0, 2, 2), (1, 2, 1), (2, 2, 0), (5, 2, 0), (0, 1, 1)]
)
def test_trap_32_admission_by_slots(in_use: int, slots: int, free: int) -> None:
    limits = LimitRules(concurrent_attempts=slots)
    steps = decide([queued(n) for n in (1, 2, 3)], machine(running=in_use, limits=limits))
    assert started(steps) == [1, 2, 3][:free]
    assert reasons(steps) == {n: "no_free_slot" for n in [1, 2, 3][free:]}


@pytest.mark.parametrize(
    ("memory", "admitted"), [(None, 3), (1500, 3), (1499, 2), (500, 1), (499, 0), (0, 0)]
)
def test_trap_32_admission_by_memory(memory: int | None, admitted: int) -> None:
    limits = LimitRules(concurrent_attempts=9, memory_mb_per_attempt=500)
    steps = decide([queued(n) for n in (1, 2, 3)], machine(free_memory_mb=memory, limits=limits))
    assert len(started(steps)) == admitted
    assert set(reasons(steps).values()) <= {"low_memory"}


def test_one_task_gets_one_step() -> None:
    steps = decide([queued(1), facts(ALIVE, process="ended"), queued(3)], machine())
    keys = [s.key for s in steps]
    assert len(keys) == len(set(keys)) == 3
