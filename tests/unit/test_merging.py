"""The PR monitor's decisions: the first row that says something."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import MergePull, Record, Step
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.observed import Check, Checks, CheckState, PullSeen, Review
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Cancelled, Hold, Waiting, Wanted
from agent_os.domain.rules import LimitRules, Mode
from agent_os.domain.tasks import Task
from agent_os.policy.merging import decide
from agent_os.policy.pull_facts import PullFacts

from .making import NOW, at, attempt, folded, in_review, pull, result, rules, running, sha

HOLD = Hold(reason="r", detail="d", next_step="n", since=NOW)
CANCELLED = Cancelled(reason="label_removed", by="alice", at=NOW)
OK, PENDING = CheckState.SUCCESS, CheckState.PENDING
ASKS, BAD = CheckState.NEEDS_PERSON, CheckState.FAILURE
LATER = at(minutes=5)


def seen(**more: Any) -> PullSeen:
    given: dict[str, Any] = {
        "number": 40,
        "open": True,
        "draft": False,
        "merged": False,
        "merged_by": "",
        "head": sha("c"),
        "head_ref": "agent-os/12",
        "base_ref": "main",
        "body": "",
        "mergeable": True,
        "mergeable_state": "clean",
        "author": "bot",
        "updated_at": NOW,
    }
    return PullSeen(**{**given, **more})


def checks(letter: str = "c", **states: CheckState) -> Checks:
    made = tuple(Check(name=n, state=s, summary=f"{n} says") for n, s in states.items())
    return Checks(sha=sha(letter), checks=made)


def facts(of: Task | None = None, **more: Any) -> PullFacts:
    """Green, on the base that was verified, in a repository that merges by itself."""
    given: dict[str, Any] = {
        "rules": rules(),
        "limits": LimitRules(),
        "now": LATER,
        "pull": seen(),
        "default_branch": "main",
        "base_head": sha("a"),
        "head_checks": checks(test=OK),
        "base_checks": checks("a", test=OK),
        "active_workflows": 1,
    }
    return PullFacts(task=of or in_review(), **{**given, **more})


def kinds(step: Step | None) -> list[EventKind]:
    assert isinstance(step, Record), step
    return [e.kind for e in step.events]


def waits(step: Step | None) -> tuple[Reason, str]:
    assert kinds(step) == [EventKind.WAITING] and isinstance(step, Record)
    return Reason(step.events[0].data["reason"]), step.events[0].data["detail"]


def wants(step: Step | None) -> Kind:
    assert isinstance(step, Record)
    [wanted] = [e for e in step.events if e.kind is EventKind.WORK_WANTED]
    return Kind(wanted.data["kind"])


def review(number: int = 5, state: str = "changes_requested", **more: Any) -> Review:
    given = {"author": "alice", "body": "rename it", "commit": sha("c"), "at": LATER}
    return Review(id=number, state=state, **{**given, **more})


def test_what_is_verified_and_green_is_merged_at_the_verified_commit() -> None:
    step = decide(facts(method="rebase"))
    assert isinstance(step, MergePull)
    assert (step.pull, step.sha, step.method) == (40, sha("c"), "rebase")
    assert step.title.endswith("(#40)")


# The rows, in the order in which they are asked: each pair shows that the earlier one wins.

NO_RESULT = in_review(result=None, attempts=(attempt(1, FailureCode.CI_FAILED),))
ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("merged", {"pull": {"merged": True, "open": False}, "issue_open": False}, "pull_merged"),
    ("closed", {"pull": {"open": False}, "closed_by": "bob"}, "pull_closed"),
    ("paused", {"paused": True}, "nothing"),
    ("retargeted", {"pull": {"base_ref": "dev"}}, "held:retargeted"),
    ("head moved", {"pull": {"head": sha("e")}}, "wanted:verify"),
    ("draft", {"pull": {"draft": True}}, "wait:draft"),
    ("review", {"reviews": (review(),)}, "wanted:fix"),
    ("conflict", {"pull": {"mergeable": False}}, "wanted:refresh"),
    ("red", {"head_checks": checks(test=BAD)}, "wanted:fix"),
    ("base moved", {"base_head": sha("b")}, "wanted:refresh"),
    ("review required", {"pull": {"mergeable_state": "blocked"}}, "wait:review_required"),
    ("person merges", {"rules": rules(Mode.PULL_REQUEST)}, "wait:person_merges"),
]


def said(step: Step | None) -> str:
    if step is None:
        return "nothing"
    if isinstance(step, MergePull):
        return "merge"
    assert isinstance(step, Record)
    names = {e.kind: e for e in step.events}
    if EventKind.WORK_WANTED in names:
        return f"wanted:{Kind(names[EventKind.WORK_WANTED].data['kind'])}"
    if EventKind.WAITING in names:
        return f"wait:{Reason(names[EventKind.WAITING].data['reason'])}"
    if EventKind.HELD in names:
        return f"held:{names[EventKind.HELD].data['reason']}"
    return step.events[0].kind.value


def merged_facts(*parts: dict[str, Any]) -> PullFacts:
    """Both situations at once; the earlier one's fields of the pull request win."""
    more: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for part in reversed(parts):
        fields |= part.get("pull", {})
        more |= {k: v for k, v in part.items() if k != "pull"}
    return facts(pull=seen(**fields), **more)


@pytest.mark.parametrize("index", range(len(ROWS)))
def test_each_row_and_that_it_comes_before_all_later_ones(index: int) -> None:
    name, situation, expected = ROWS[index]
    assert said(decide(merged_facts(situation))) == expected, name
    for later, other, _ in ROWS[index + 1 :]:
        if (name, later) == ("base moved", "person merges"):
            continue  # where people merge, a base that moved is theirs to judge
        assert said(decide(merged_facts(situation, other))) == expected, (name, later)


# Merged, closed, deleted: by a person or by us.


def test_a_merge_by_hand_names_who_and_what() -> None:
    step = decide(
        facts(pull=seen(merged=True, open=False), merge_sha=sha("f"), merged_by="bob"),
    )
    assert isinstance(step, Record)
    assert (step.events[0].data["sha"], step.events[0].data["by"]) == (sha("f"), "bob")


def test_what_github_closed_with_the_merge_is_noted() -> None:
    known = in_review(pull=pull(merged_sha=sha("f")))
    merged = facts(known, pull=seen(merged=True, open=False), issue_open=False)
    assert kinds(decide(merged)) == [EventKind.ISSUE_CLOSED]
    done = in_review(pull=pull(merged_sha=sha("f")), issue_open=False)
    assert decide(facts(done, pull=seen(merged=True, open=False))) is None


@pytest.mark.parametrize(
    ("more", "reason", "by"),
    [
        ({"closed_by": "bob"}, "pull_closed", "bob"),
        ({"closed_by": "bob", "branch_deleted_by": "eve"}, "branch_deleted", "eve"),
    ],
)
def test_a_persons_close_is_final(more: dict[str, str], reason: str, by: str) -> None:
    step = decide(facts(pull=seen(open=False), **more))
    assert kinds(step) == [EventKind.PULL_CLOSED, EventKind.CANCELLED]
    assert isinstance(step, Record)
    assert (step.events[1].data["reason"], step.events[1].data["by"]) == (reason, by)
    after = folded(in_review(), *step.events)
    assert decide(facts(after, pull=seen(open=False), **more)) is None


def test_our_own_close_cancels_nothing_anew() -> None:
    step = decide(facts(in_review(cancelled=CANCELLED), pull=seen(open=False)))
    assert kinds(step) == [EventKind.PULL_CLOSED]


@pytest.mark.parametrize("of", [in_review(cancelled=CANCELLED), in_review(hold=HOLD)])
def test_cancelled_and_blocked_tasks_are_not_moved(of: Task) -> None:
    assert decide(facts(of)) is None


def test_a_retargeted_pull_request_blocks_once() -> None:
    step = decide(facts(pull=seen(base_ref="dev")))
    assert isinstance(step, Record)
    assert decide(facts(folded(in_review(), *step.events), pull=seen(base_ref="dev"))) is None


# Commits that we did not push.


def test_a_persons_push_is_kept_and_verified() -> None:
    step = decide(facts(pull=seen(head=sha("e"))))
    assert kinds(step) == [EventKind.PULL_HEAD_MOVED, EventKind.WORK_WANTED]
    assert isinstance(step, Record)
    after = folded(in_review(), *step.events)
    assert (after.result, after.branch_head) == (None, sha("e"))


@pytest.mark.parametrize(("minutes", "expected"), [(1, "nothing"), (3, "wanted:verify")])
def test_a_read_older_than_our_own_push_is_no_persons_push(minutes: int, expected: str) -> None:
    pushed = in_review(
        attempts=(attempt(1, head=sha("c")), attempt(2, head=sha("d"))),
        pull=pull("d"),
        result=result("d"),
    )
    assert said(decide(facts(pushed, now=at(minutes=minutes)))) == expected


# While the engine works.


@pytest.mark.parametrize(
    "more",
    [
        {"attempts": (attempt(1), running(2))},
        {"wanted": Wanted(kind=Kind.FIX, why="w")},
        {"result": None},
        {"result": result("d")},
    ],
)
@pytest.mark.parametrize("draft", [False, True])
def test_while_the_engine_is_at_work_nothing_is_decided(more: dict[str, Any], draft: bool) -> None:
    """A draft too: its reason and the engine's would take turns, each waking the other."""
    busy = in_review(**more)
    if draft and busy.result == result("d"):
        return  # not busy: only not yet pushed, and a draft waits for a person
    assert decide(facts(busy, pull=seen(draft=draft))) is None


def test_a_review_during_an_attempt_waits_for_its_end() -> None:
    assert decide(facts(in_review(attempts=(running(),)), reviews=(review(),))) is None


def test_a_review_is_answered_once_with_its_text_and_comments() -> None:
    step = decide(facts(reviews=(review(),), comments={5: ("a.py:3: why?",)}))
    assert kinds(step) == [EventKind.REVIEW_SEEN, EventKind.WORK_WANTED]
    assert isinstance(step, Record)
    feedback = step.events[1].data["feedback"]
    assert "rename it" in feedback and "a.py:3: why?" in feedback and "alice" in feedback
    answered = in_review(seen_reviews=(5,))
    assert waits(decide(facts(answered, reviews=(review(),)))) == (
        Reason.REVIEW_REQUIRED,
        "of alice",
    )


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (review(6, "approved", at=at(minutes=9)), "merge"),
        (review(6, "dismissed", at=at(minutes=9)), "merge"),
        (review(6, "commented", at=at(minutes=9)), "wait:review_required"),
        (review(6, "approved", at=at(minutes=9), author="bob"), "wait:review_required"),
        (review(6, "approved", at=at(minutes=1)), "wait:review_required"),
    ],
)
def test_the_latest_word_of_each_reviewer_counts(after: Review, expected: str) -> None:
    answered = in_review(seen_reviews=(5,))
    assert said(decide(facts(answered, reviews=(after, review())))) == expected


def test_a_text_newer_than_the_verified_one_is_not_merged() -> None:
    assert wants(decide(facts(in_review(result=result(text_hash="old"))))) is Kind.FIX


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"mergeable": None}, "wait:mergeability_unknown"),
        ({"mergeable": False}, "wanted:refresh"),
        ({"mergeable": None, "mergeable_state": "dirty"}, "wanted:refresh"),
        ({"mergeable_state": "unstable"}, "merge"),
    ],
)
def test_mergeability(more: dict[str, Any], expected: str) -> None:
    assert said(decide(facts(pull=seen(**more)))) == expected


# CI: expected are the required checks, else all that were seen on the base and on the head.

CI: list[tuple[dict[str, CheckState], dict[str, CheckState], tuple[str, ...], str]] = [
    ({"test": OK}, {"test": OK}, (), "merge"),
    ({"test": OK, "new": OK}, {"test": OK}, (), "merge"),
    ({"test": PENDING}, {"test": OK}, (), "wait:ci_running"),
    ({}, {"test": OK}, (), "wait:ci_missing"),
    ({"other": OK}, {"test": OK}, (), "wait:ci_missing"),
    ({"test": BAD}, {"test": OK}, (), "wanted:fix"),
    ({"test": BAD}, {}, (), "wanted:fix"),
    ({"test": BAD, "lint": PENDING}, {}, (), "wanted:fix"),
    ({"test": BAD}, {"test": BAD}, (), "wait:base_red"),
    ({"test": BAD, "lint": BAD}, {"test": BAD, "lint": OK}, (), "wanted:fix"),
    ({"test": BAD}, {"test": PENDING}, (), "wait:ci_running"),
    ({"test": ASKS}, {"test": OK}, (), "wait:ci_needs_person"),
    ({"test": ASKS, "lint": BAD}, {}, (), "wanted:fix"),
    ({"test": ASKS, "lint": PENDING}, {}, (), "wait:ci_needs_person"),
    ({"test": OK, "slow": PENDING}, {}, ("test",), "merge"),
    ({"test": OK, "flaky": BAD}, {}, ("test",), "merge"),
    ({"slow": OK}, {}, ("test",), "wait:ci_missing"),
    ({}, {}, ("test",), "wait:ci_missing"),
    ({"test": OK}, {"test": BAD}, (), "merge"),
]


@pytest.mark.parametrize(("head", "base", "required", "expected"), CI)
def test_ci(
    head: dict[str, CheckState],
    base: dict[str, CheckState],
    required: tuple[str, ...],
    expected: str,
) -> None:
    seen_checks = {"head_checks": checks(**head), "base_checks": checks("a", **base)}
    assert said(decide(facts(required=required, **seen_checks))) == expected


def test_feedback_carries_the_failing_check_and_its_log_tail() -> None:
    step = decide(facts(head_checks=checks(test=BAD), logs={"test": "line 1\nAssertionError: 3"}))
    assert kinds(step) == [EventKind.RESULT_REJECTED, EventKind.WORK_WANTED]
    assert isinstance(step, Record)
    assert step.events[0].data["code"] == "ci_failed"
    assert "AssertionError: 3" in step.events[1].data["feedback"]


def test_the_same_failure_of_ci_has_the_same_signature() -> None:
    def signature(log: str) -> str:
        step = decide(facts(head_checks=checks(test=BAD), logs={"test": log}))
        assert isinstance(step, Record)
        return step.events[0].data["signature"]

    assert signature("at 12:01:07 run 8 abc1234") == signature("at 13:02:08 run 9 def5678")
    assert signature("AssertionError") != signature("TypeError")


def test_a_red_base_opens_one_incident_and_charges_nobody() -> None:
    red = {"head_checks": checks(test=BAD), "base_checks": checks("a", test=BAD)}
    step = decide(facts(**red))
    assert kinds(step) == [EventKind.WAITING, EventKind.INCIDENT]
    assert isinstance(step, Record)
    assert step.events[1].data["signal"] == f"incident:base_red:{sha('a')}"
    after = folded(in_review(), *step.events)
    assert all(not a.charged for a in after.attempts)
    assert decide(facts(after, **red)) is None


def test_on_a_base_that_moved_a_red_base_is_refreshed() -> None:
    red = {"head_checks": checks(test=BAD), "base_checks": checks("b", test=BAD)}
    assert wants(decide(facts(base_head=sha("b"), **red))) is Kind.REFRESH


# A repository without CI.


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "wait:no_ci"),
        ({"rules": rules(merge_without_ci=True)}, "merge"),
        ({"rules": rules(merge_without_ci=True), "now": at(59)}, "wait:ci_missing"),
        ({"rules": rules(merge_without_ci=True), "active_workflows": 1}, "wait:ci_missing"),
        ({"rules": rules(Mode.PULL_REQUEST)}, "wait:person_merges"),
    ],
)
def test_that_there_is_no_ci_needs_proof_and_consent(more: dict[str, Any], expected: str) -> None:
    none = {"head_checks": checks(), "base_checks": checks("a"), "active_workflows": 0}
    assert said(decide(facts(**{**none, **more}))) == expected


# The base, and who merges.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rules(), "wanted:refresh"),
        (rules(allow_stale_base=True), "merge"),
        (rules(Mode.PULL_REQUEST), "wait:person_merges"),
    ],
)
def test_a_base_that_moved(given: Any, expected: str) -> None:
    assert said(decide(facts(rules=given, base_head=sha("b")))) == expected


# Waits.


@pytest.mark.parametrize(
    ("reason", "more", "limited"),
    [
        (Reason.CI_RUNNING, {"head_checks": checks(test=PENDING)}, True),
        (Reason.CI_MISSING, {"head_checks": checks()}, True),
        (Reason.CI_NEEDS_PERSON, {"head_checks": checks(test=ASKS)}, True),
        (Reason.MERGEABILITY_UNKNOWN, {"pull": seen(mergeable=None)}, True),
        (Reason.REVIEW_REQUIRED, {"pull": seen(mergeable_state="blocked")}, False),
        (Reason.PERSON_MERGES, {"rules": rules(Mode.PULL_REQUEST)}, False),
        (Reason.DRAFT, {"pull": seen(draft=True)}, False),
    ],
)
def test_a_wait_is_noted_once_and_for_machines_it_has_a_limit(
    reason: Reason, more: dict[str, Any], limited: bool
) -> None:
    assert said(decide(facts(**more))) == f"wait:{reason}"
    waiting = in_review(waiting=Waiting(reason=reason, since=NOW))
    assert decide(facts(waiting, now=at(minutes=119), **more)) is None
    after = decide(facts(waiting, now=at(minutes=121), **more))
    assert said(after) == (f"held:{reason}" if limited else "nothing")
