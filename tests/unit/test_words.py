"""Closed sets are complete: each member is explained, and used or known not to be yet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import agent_os
from agent_os.domain.attempts import Kind
from agent_os.domain.effects import EFFECTS, DeskEffect, Effect
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FAMILIES, WHAT_TO_DO, FailureCode, Family, charged, family
from agent_os.domain.folding import _CHANGES  # pyright: ignore[reportPrivateUsage]  # the table
from agent_os.domain.reasons import WHAT_ENDS_IT, Reason
from agent_os.effects.registry import PERFORMERS
from agent_os.policy import echoes, history
from agent_os.policy.retry import what_to_do

from .making import NOW, sha

ROOT = Path(agent_os.__file__).parent
PRODUCT = {
    path: path.read_text("utf-8")
    for path in ROOT.rglob("*.py")
    if "localhub" not in path.parts and path.name not in ("reasons.py", "failures.py", "events.py")
}

#: Facts about no task's state: they are history only.
NOT_FOLDED = {
    EventKind.REVERTED,  # counts against the agent, in a table of its own
    EventKind.WORK_MENDED,  # for figures
    EventKind.PROVIDER_SEEN,  # of a provider
    EventKind.API_USED,  # of GitHub's limits
    EventKind.REQUESTED,  # makes a task: not a change of one
    EventKind.DECLINED,
    EventKind.ACT_IGNORED,
    EventKind.ATTEMPT_STOPPED,
    EventKind.LESSON,
    EventKind.INCIDENT,
    EventKind.EFFECT_FAILED,
    EventKind.EFFECT_UNANSWERED,
    EventKind.EFFECT_RESOLVED,
    EventKind.SECRET_HIDDEN,
    EventKind.PAUSED,
    EventKind.RESUMED,
    EventKind.REPO_FROZEN,
    EventKind.REPO_THAWED,
    EventKind.REPO_OWNED,
    EventKind.APPROVAL_VOIDED,
    # about the repository, or an issue that need be no task
    EventKind.SIGNAL_SEEN,
    EventKind.ISSUE_FILED,
    EventKind.ISSUE_TOLD,
    EventKind.ISSUE_EDITED,
    EventKind.ISSUE_LABELLED,
    EventKind.ISSUE_RETIRED,
    EventKind.HYPOTHESIS_JUDGED,
    EventKind.PROPOSAL_PUSHED,
    EventKind.PROPOSAL_OPENED,
    EventKind.PROPOSAL_ENDED,
    EventKind.SPRINT_PLANNED,
    EventKind.SPRINT_APPROVED,
    EventKind.SPRINT_ENDED,
    EventKind.LESSON_USED,
    EventKind.LESSON_ENDED,
    EventKind.MAIN_RED,
    EventKind.MAIN_GREEN,
    EventKind.NOTICE_SENT,
    EventKind.REPORT_WRITTEN,
    EventKind.THOUGHT_STARTED,
    EventKind.THOUGHT_ENDED,
}


def used(word: str, *, besides: str = "") -> bool:
    pattern = re.compile(rf"\b{re.escape(word)}\b")
    return any(pattern.search(text) for path, text in PRODUCT.items() if path.name != besides)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_explained_and_used(reason: Reason) -> None:
    assert WHAT_ENDS_IT[reason].strip() == WHAT_ENDS_IT[reason] != ""
    assert used(f"Reason.{reason.name}")


@pytest.mark.parametrize("code", list(FailureCode))
def test_every_failure_code_says_what_to_do(code: FailureCode) -> None:
    assert what_to_do(code.value) == WHAT_TO_DO[code] != ""
    assert WHAT_TO_DO[code].endswith(".")


def test_other_words_have_no_failure_advice() -> None:
    assert what_to_do("held_by_person") == ""


@pytest.mark.parametrize(
    ("of", "first", "last", "counts"),
    [
        (Family.PROVIDER, FailureCode.RATE_LIMITED, FailureCode.MODEL_UNAVAILABLE, False),
        (Family.ENVIRONMENT, FailureCode.SETUP_FAILED, FailureCode.BASE_RED, False),
        (Family.TASK, FailureCode.NO_CHANGE, FailureCode.INCOMPLETE, True),
        (Family.PERSON, FailureCode.MISSING_CONTEXT, FailureCode.MANUAL_STEP, False),
    ],
)
def test_families(of: Family, first: FailureCode, last: FailureCode, counts: bool) -> None:
    codes = list(FailureCode)
    members = codes[codes.index(first) : codes.index(last) + 1]
    assert [c for c in codes if family(c) is of] == members
    assert {charged(c) for c in members} == {counts}


def test_every_code_has_a_family() -> None:
    assert set(FAMILIES) == set(FailureCode)


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_event_is_folded_or_known_as_history_and_has_a_line(kind: EventKind) -> None:
    assert (kind in _CHANGES) is (kind not in NOT_FOLDED)
    assert used(f"EventKind.{kind.name}", besides="history.py")
    event = Event(kind=kind, at=NOW, data={"request": {"actor": "a"}, "sha": sha("c")})
    event = event.model_copy(
        update={"data": {**event.data, "attempt": {"number": 1, "kind": "fix", "agent": "a"}}}
    )
    assert history.line(event).startswith("2026-01-05 12:00:00 ")
    assert len(history.what(event)) > 3


def test_a_line_of_history_is_one_bounded_line() -> None:
    data = {"reason": "tests_failed", "detail": "one\ntwo | <b> @alice " + "x" * 5000}
    line = history.what(Event(kind=EventKind.HELD, at=NOW, data=data))
    assert "\n" not in line and len(line) <= 400
    assert "@alice" not in line


def test_an_attempt_without_a_code_is_complete() -> None:
    ended = Event(kind=EventKind.ATTEMPT_ENDED, at=NOW, data={"detail": ""})
    assert history.what(ended).strip() == "attempt ended: complete"
    waits = Event(kind=EventKind.WAITING, at=NOW, data={"reason": ""})
    assert history.what(waits) == "goes on"


def test_a_line_of_history_names_only_what_there_is() -> None:
    def said(kind: EventKind, **data: object) -> str:
        return history.what(Event(kind=kind, at=NOW, data=data))

    assert said(EventKind.LABELS_SET, add=["Ready"], remove=[]) == "labels +Ready"
    assert said(EventKind.LABELS_SET, add=[], remove=["a", "b"]) == "labels -a -b"
    assert said(EventKind.ISSUE_CLOSED, by="ann") == "the issue was closed by ann"
    assert said(EventKind.CANCELLED, reason="issue_closed", by="") == "cancelled (issue_closed)"


def test_every_effect_has_a_performer_and_reads_back() -> None:
    assert set(PERFORMERS) == set(EFFECTS.values())
    made = {*Effect.__subclasses__(), *DeskEffect.__subclasses__()} - {DeskEffect}
    assert {cls.kind for cls in made} == set(EFFECTS)


def test_every_kind_of_attempt_is_known() -> None:
    assert {k.value for k in Kind} == {"implement", "fix", "refresh", "verify", "triage"}


def test_echoes_know_every_effect_that_leaves_a_trace() -> None:
    silent = {
        "own_repository",
        "start_attempt",
        "accept_outcome",
        "stop_attempt",
        "push_branch",
        "open_pull",
        "create_issue",
    }
    silent |= {"edit_pull", "ask_review", "write_comment", "edit_comment"}
    silent |= {"file_issue", "tell_issue", "edit_issue", "push_proposal", "open_proposal"}
    silent |= {"send_notice"}
    made = {
        kind: echoes.traces(cls.model_construct(add=("A",), remove=("B",)))
        for kind, cls in EFFECTS.items()
    }
    assert {kind for kind, left in made.items() if not left} == silent
