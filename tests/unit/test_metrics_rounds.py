"""The log as rows: what each event says of its round."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.attempts import Kind, Verdict
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.policy.metrics.rounds import KINDS, RoundRow, rounds

from .making import NOW, at, attempt, event, requested, sha, spec

GATES = [
    {"name": "lint", "verdict": "pass", "seconds": 1.5},
    {"name": "test", "verdict": "fail", "before": "pass", "code": "tests_failed", "signature": "t"},
]
FINDINGS = {"remaining": "the docs", "risks": "none", "manual_steps": "tell bob"}


def started(number: int = 1, when: float = 1, **more: Any) -> Event:
    made = attempt(number, ended=None, **more).model_dump(mode="json")
    begun = at(minutes=when)
    made["started_at"] = begun.isoformat()
    return event(EventKind.ATTEMPT_STARTED, begun, _attempt=number, attempt=made)


def ended(number: int = 1, when: float = 10, code: str = "", **more: Any) -> Event:
    failed = {"code": code, "signature": f"{code}!"} if code else {}
    data: dict[str, Any] = {"detail": "so", "seconds": 60.0, **failed, **more}
    return event(EventKind.ATTEMPT_ENDED, at(minutes=when), _attempt=number, **data)


def claimed(when: float = 0.5) -> Event:
    return event(EventKind.CLAIMED, at(minutes=when))


def merged(when: float = 20) -> list[Event]:
    opened = event(EventKind.PULL_OPENED, at(minutes=when - 1), number=40, head=sha("c"))
    merge = event(EventKind.PULL_MERGED, at(minutes=when), sha=sha("d"), by="us")
    return [opened, merge, event(EventKind.FINISHED, at(minutes=when + 1), sha=sha("d"), by="us")]


def one(*events: Event) -> RoundRow:
    [row] = rounds([requested(), *events])
    return row


def test_a_round_from_request_to_merge() -> None:
    measured: dict[str, Any] = {
        "gates": GATES[:1],
        "prompt": "0123456789ab",
        "repaired": True,
        "setup_seconds": 4.5,
        "changed_files": 2,
        "paths": ["a.py", "b.py"],
        "spent": {"usd": 0.5, "usage": {"input": 100, "output": 20}, "turns": 3},
        "findings": FINDINGS,
    }
    row = one(claimed(), started(model="m", provider="p"), ended(**measured), *merged())
    assert (row.requested_at, row.claimed_at) == (NOW, at(minutes=0.5))
    assert (row.merged_at, row.merged_sha, row.pull) == (at(minutes=20), sha("d"), 40)
    assert row.finished_at == at(minutes=21) and row.ended_at == row.merged_at
    assert (row.changed_files, row.paths, row.name) == (2, ("a.py", "b.py"), "acme/todo#12")
    [try_] = row.attempts
    assert (try_.agent, try_.model, try_.provider) == ("first", "m", "p")
    assert (try_.started_at, try_.ended_at) == (at(minutes=1), at(minutes=10))
    assert (try_.code, try_.charged, try_.repaired) == (None, False, True)
    assert (try_.prompt, try_.setup_seconds, try_.seconds) == ("0123456789ab", 4.5, 60.0)
    assert (try_.usd, try_.tokens, row.usd) == (0.5, 120, 0.5)
    assert (try_.remaining, try_.manual_steps) == ("the docs", "tell bob")
    [gate] = try_.gates
    assert (gate.name, gate.verdict, gate.seconds) == ("lint", Verdict.PASS, 1.5)


def test_a_failed_attempt_has_its_gates_and_counts_for_its_family() -> None:
    row = one(
        started(),
        ended(code="tests_failed", gates=GATES),
        started(2, 11),
        ended(2, 12, code="overloaded"),
    )
    first, second = row.attempts
    assert (first.code, first.charged, first.signature) == (
        FailureCode.TESTS_FAILED,
        True,
        "tests_failed!",
    )
    assert first.gates[1].signature == "t" and first.gates[1].before is Verdict.PASS
    assert (second.code, second.charged) == (FailureCode.OVERLOADED, False)


def test_an_older_log_lacks_what_is_new() -> None:
    """Gates are then known of results that passed; nothing else is made up."""
    log = {"name": "test", "verdict": "pass", "log": "x" * 99, "command": "t", "detail": "Passes."}
    result = {"evidence": {"gates": [log], "base": sha("a"), "head": sha("c"), "sandbox": "none"}}
    first = one(started(), ended(result=result), *merged()).attempts[0]
    assert [g.name for g in first.gates] == ["test"]
    assert (first.prompt, first.repaired, first.setup_seconds) == ("", False, 0.0)
    assert (first.usd, first.tokens) == (None, 0)  # no model was used
    failed = one(started(), ended(code="no_change"))
    assert failed.attempts[0].gates == () and failed.paths == ()


@pytest.mark.parametrize(
    ("spent", "usd"), [({"usd": None, "turns": 1}, None), ({"usd": 0.2}, 0.2), ({"turns": 1}, 0.0)]
)
def test_what_is_not_priced_is_not_free(spent: dict[str, Any], usd: float | None) -> None:
    assert one(started(), ended(spent=spent)).attempts[0].usd == usd


def test_ci_and_reviews_send_back() -> None:
    sent = {"attempt": 1, "code": "ci_failed", "signature": "ci1", "detail": "CI failed: test"}
    row = one(
        started(),
        ended(),
        *merged()[:1],
        event(EventKind.RESULT_REJECTED, at(minutes=12), **sent),
        event(EventKind.REVIEW_SEEN, at(minutes=13), ids=[1, 2]),
    )
    assert (row.ci_failures, row.changes_requested) == (("ci1",), 2)
    assert (row.attempts[0].code, row.attempts[0].charged) == (FailureCode.CI_FAILED, True)


def test_who_asks_again_for_a_blocked_task_renews_its_round() -> None:
    held = {"reason": "tests_failed", "detail": "d", "next_step": "n"}
    blocked = [claimed(), started(), ended(code="tests_failed")]
    blocked.append(event(EventKind.HELD, at(minutes=11), **held))
    row = one(*blocked)
    assert (row.held, row.holds) == ("tests_failed", (("tests_failed", at(minutes=11)),))
    row = one(*blocked, requested(at(minutes=30)), started(2, 31), ended(2, 40), *merged(50))
    assert (row.round, row.requested_at, row.held) == (1, NOW, "")
    assert len(row.attempts) == 2 and row.merged_at == at(minutes=50)
    assert len(row.holds) == 1
    ended_hold = one(*blocked, event(EventKind.HOLD_ENDED, at(minutes=20), by="alice"))
    assert ended_hold.held == "" and len(ended_hold.holds) == 1


def test_who_asks_again_for_a_finished_task_begins_a_round() -> None:
    reopened = event(EventKind.ISSUE_REOPENED, at(minutes=60), by="alice")
    first, second = rounds(
        [requested(), started(), ended(), *merged(), reopened, requested(at(minutes=61))]
    )
    assert (first.round, second.round) == (1, 2)
    assert first.reopened_at == at(minutes=60) and second.reopened_at is None
    assert second.attempts == () and second.requested_at == at(minutes=61)


def test_an_issue_that_is_reopened_under_way_says_nothing() -> None:
    assert one(started(), event(EventKind.ISSUE_REOPENED, at(1), by="a")).reopened_at is None


def test_reverts_and_mends() -> None:
    other = [
        e.model_copy(update={"number": 13})
        for e in (requested(at(minutes=30)), started(1, 31), ended(1, 35), *merged(40))
    ]
    traced = event(
        EventKind.WORK_MENDED, at(minutes=90), sha=sha("d"), round=1, issues=[12, 99], rounds=[1, 1]
    ).model_copy(update={"number": 13})
    reverted = event(EventKind.REVERTED, at(minutes=80), sha=sha("d"), by=sha("e"))
    first, second = rounds(
        [requested(), started(), ended(), *merged(), *other, reverted, reverted, traced]
    )
    assert first.reverted_at == at(minutes=80)
    assert first.mended_at == second.merged_at == at(minutes=40)  # not when we found it
    assert second.mended_at is None


def test_cancelled() -> None:
    row = one(claimed(), event(EventKind.CANCELLED, at(5), reason="pull_closed", by="bob"))
    assert (row.cancelled, row.cancelled_at, row.ended_at) == ("pull_closed", at(5), at(5))


def test_the_type_is_a_labels_else_the_models_who_read_it() -> None:
    read = {"answer": {"type": "docs"}, "of": "x", "attempt": 1}
    triage = [started(kind=Kind.TRIAGE), ended(triage=read)]
    row = one(*triage, started(2, 11), ended(2, 12, code="lost"))
    assert (row.type, row.first, len(row.tries)) == ("docs", 2, 1)
    labelled = spec(type="chore", labelled=True).model_dump(mode="json")
    [row] = rounds([requested(spec=labelled), *triage])
    assert row.type == "chore"
    changed = event(EventKind.TEXT_CHANGED, at(5), spec=spec(title="New").model_dump(mode="json"))
    row = one(*triage, changed)
    assert (row.title, row.type) == ("New", "default")


def test_a_renamed_repository_has_one_name() -> None:
    renamed = event(EventKind.REPO_RENAMED, at(5), repo="acme/done")
    late = requested(at(9), repo="acme/done").model_copy(update={"number": 13})
    assert {row.repo for row in rounds([requested(), renamed, late])} == {"acme/done"}


def test_what_the_organization_gave_itself_stays_so_in_the_next_round() -> None:
    first, second = rounds([requested(signal="s"), *merged(), requested(at(minutes=60))])
    assert (first.signal, second.signal) == ("s", "s")


def test_events_of_unknown_tasks_and_other_kinds_are_left_alone() -> None:
    lonely = [started(), ended(), event(EventKind.WAITING, reason="no_free_slot")]
    paused = Event(kind=EventKind.PAUSED, at=NOW, data={})
    assert rounds([*lonely, paused]) == []
    late = event(EventKind.ATTEMPT_ENDED, at(5), _attempt=9, detail="of no attempt")
    assert one(late).attempts == ()
    assert EventKind.WAITING not in KINDS  # of those there are too many


def test_lists_and_texts_are_bounded() -> None:
    many = [started(n, n) for n in range(1, 300)]
    row = one(*many, ended(299, 400, detail="x" * 9_000))
    assert len(row.attempts) == 200 and len(row.attempts[-1].detail) == 2_000
    assert row.survival_days == 14 and rounds([requested()], 3)[0].survival_days == 3


def test_a_hundred_thousand_events_take_seconds() -> None:
    """A tenth of it here; the bound is for a machine ten times slower than ours."""
    import time

    life = [requested(), claimed(), started(), ended(gates=GATES), *merged()]
    events = [
        e.model_copy(update={"number": n, "at": e.at + timedelta(hours=n)})
        for n in range(1_500)
        for e in life
    ]
    begun = time.process_time()
    assert len(rounds(events)) == 1_500
    assert time.process_time() - begun < 2
