"""Figures: what counts, what is left out, and that few samples decide nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.domain.attempts import Kind, Verdict
from agent_os.domain.failures import FailureCode, charged
from agent_os.policy.metrics import comparing, words
from agent_os.policy.metrics.comparing import Change, compare
from agent_os.policy.metrics.figures import FIGURES, Value, measure, value_of
from agent_os.policy.metrics.of_rounds import End, end_of
from agent_os.policy.metrics.parts import split, within
from agent_os.policy.metrics.rounds import AttemptRow, GateRow, RoundRow
from agent_os.policy.metrics.samples import shares
from agent_os.policy.metrics.tallies import tally

from .making import NOW, at

LATER = NOW + timedelta(days=30)


def tried(number: int = 1, code: str = "", **more: Any) -> AttemptRow:
    failed = FailureCode(code) if code else None
    given: dict[str, Any] = {
        "kind": Kind.IMPLEMENT,
        "agent": "first",
        "started_at": at(minutes=number),
        "ended_at": at(minutes=number + 1),
        "code": failed,
        "charged": failed is not None and charged(failed),
        "signature": f"{code}!" if code else "",
        "usd": 1.0,
        "tokens": 10,
    }
    return AttemptRow(number=number, **{**given, **more})


def row(*attempts: AttemptRow, **more: Any) -> RoundRow:
    """Asked for at NOW, claimed, one attempt that passed unless given."""
    given: dict[str, Any] = {
        "repo_id": 1,
        "repo": "acme/todo",
        "number": 12,
        "round": 1,
        "requested_at": NOW,
        "claimed_at": NOW,
        "attempts": attempts or (tried(),),
    }
    return RoundRow(**{**given, **more})


def merged(*attempts: AttemptRow, hours: float = 1, **more: Any) -> RoundRow:
    when = NOW + timedelta(hours=hours)
    return row(*attempts, **{"merged_at": when, "finished_at": when, "pull": 40, **more})


def blocked(code: str, *attempts: AttemptRow) -> RoundRow:
    return row(*(attempts or (tried(1, code),)), held=code, holds=((code, NOW),))


def value(name: str, *rows: RoundRow, now: datetime = LATER) -> Value:
    return measure(name, rows, now)


@pytest.mark.parametrize(
    ("one", "now", "end"),
    [
        (merged(), LATER, End.SURVIVED),
        (merged(), NOW + timedelta(days=13), End.YOUNG),
        (merged(reverted_at=at(minutes=90)), NOW + timedelta(days=2), End.FELL),
        (merged(reopened_at=at(minutes=90)), LATER, End.FELL),
        (merged(mended_at=at(minutes=90)), LATER, End.FELL),
        (merged(mended_at=NOW + timedelta(days=20)), LATER, End.SURVIVED),
        (merged(survival_days=60), LATER, End.YOUNG),
        (row(finished_at=at(9)), LATER, End.SURVIVED),  # answered
        (row(), LATER, End.OPEN),
        (row(cancelled="pull_closed", cancelled_at=at(9)), LATER, End.GIVEN_UP),
        (row(cancelled="label_removed", cancelled_at=at(9)), LATER, End.OPEN),
        (
            row(cancelled="label_removed", holds=(("tests_failed", NOW),)),
            LATER,
            End.GIVEN_UP,
        ),
        (blocked("tests_failed"), LATER, End.GIVEN_UP),
        (blocked("missing_context"), LATER, End.OPEN),
        (blocked("quota_exhausted"), LATER, End.TROUBLE),
        (blocked("setup_failed"), LATER, End.TROUBLE),
        (row(held="held_by_person", holds=(("held_by_person", NOW),)), LATER, End.OPEN),
        (row(tried(1, "no_change"), passed_on=True), LATER, End.GIVEN_UP),
        (row(tried(1, "overloaded"), passed_on=True), LATER, End.OPEN),
    ],
)
def test_what_became_of_a_round(one: RoundRow, now: datetime, end: End) -> None:
    assert end_of(one, now) is end


#: Three survivors, one reverted, one given up, one too young, one in trouble, one that goes on.
MIXED = (
    merged(hours=1),
    merged(tried(1, "tests_failed"), tried(2, agent="second"), hours=2),
    merged(tried(1, "overloaded"), tried(2), hours=3, ci_failures=("ci",)),
    merged(hours=4, reverted_at=at(minutes=300), changes_requested=1),
    blocked("tests_failed", tried(1, "tests_failed"), tried(2, "tests_failed")),
    merged(hours=24 * 29),
    blocked("auth_failed"),
    row(tried(1, ended_at=None)),
)


@pytest.mark.parametrize(
    ("name", "expected", "samples"),
    [
        ("merged", 5, 5),
        ("success", 3 / 5, 5),
        ("survival", 3 / 4, 4),
        ("first_attempt", 4 / 6, 6),  # what the provider refused is no attempt
        ("attempts_per_task", 7 / 5, 5),
        ("escalations", 2 / 8, 8),
        ("fallback_use", 1 / 8, 8),
        ("rework", 2 / 5, 5),
        ("ci_failures", 1 / 5, 5),
        ("lead_time_hours", 3, 5),
        ("lead_time_hours_p90", 24 * 29 - (24 * 29 - 4) * 0.4, 5),
        ("queue_wait_hours", 1 / 60, 8),
        ("queue_wait_hours_p90", 1 / 60, 8),
        ("usd", 11, 8),
        ("usd_per_merged", 10 / 5, 7),
        ("usd_per_surviving", 9 / 3, 6),
        ("attempt_failures", 3 / 8, 8),
        ("provider_failures", 2 / 10, 10),
        ("environment_failures", 0, 10),
        ("usd_per_attempt", 1, 10),
        ("usd_per_day", 10, 1),
        ("tokens", 110, 11),
    ],
)
def test_figures(name: str, expected: float, samples: int) -> None:
    found = value(name, *MIXED)
    assert (found.value, found.samples) == (pytest.approx(expected), samples)
    assert found.low is None or found.value is None or found.low <= found.value
    assert found.high is None or found.value is None or found.high >= found.value


def gated(*gates: GateRow, **more: Any) -> RoundRow:
    return row(tried(gates=gates, **more))


def gate(verdict: str = "pass", code: str = "", name: str = "test", **more: Any) -> GateRow:
    failed = FailureCode(code) if code else None
    return GateRow(name=name, verdict=Verdict(verdict), code=failed, **more)


GATED = (
    gated(gate(seconds=4.0), prompt="p1", setup_seconds=10),
    gated(gate("fail", "tests_failed", signature="s1"), prompt="p1", repaired=True),
    gated(gate("fail", "base_red"), prompt="p2", setup_seconds=30),
    gated(gate("unavailable", "setup_failed", name="lint"), prompt="p2"),
    gated(gate("none configured", name="checks"), code=None),
    gated(gate("fail", "gate_failed", name="lint", signature="s2"), code=None),
)


@pytest.mark.parametrize(
    ("name", "scope", "expected", "samples"),
    [
        ("gate_failures", {}, 2 / 5, 5),
        ("gate_failures", {"check": "lint"}, 1 / 2, 2),
        ("gate_failures", {"check": "test"}, 1 / 3, 3),
        ("gate_failures", {"signature": "s1"}, 1 / 5, 5),
        ("gate_failures", {"code": "gate_failed"}, 1 / 5, 5),
        ("gate_failures", {"check": "docs"}, None, 0),
        ("gates_unavailable", {}, 1 / 5, 5),
        ("repair_rate", {}, 1 / 4, 4),
        ("repair_rate", {"prompt": "p2"}, 0, 2),
        ("setup_seconds", {}, 20, 2),
        ("gate_seconds", {"check": "test"}, 4, 1),
        ("attempt_failures", {"repo": "ACME/todo", "type": "default"}, 0, 6),
        ("attempt_failures", {"repo": "acme/other"}, None, 0),
    ],
)
def test_figures_of_gates_and_prompts(
    name: str, scope: dict[str, str], expected: float | None, samples: int
) -> None:
    found = value(name, *within(GATED, scope))
    assert (found.value, found.samples) == (pytest.approx(expected), samples)


def test_a_scope_by_code_or_signature_leaves_the_denominator() -> None:
    rows = [row(tried(1, "timeout")), row(tried(1, "no_change")), merged(ci_failures=("a", "b"))]
    assert value("attempt_failures", *within(rows, {"code": "timeout"})).value == 1 / 3
    assert value("attempt_failures", *within(rows, {"signature": "no_change!"})).value == 1 / 3
    assert value("ci_failures", *within(rows, {"signature": "c"})).value == 0
    with pytest.raises(KeyError):
        within(rows, {"moon": "full"})


def test_a_round_of_two_agents_falls_into_parts() -> None:
    """Who failed first is not praised for who came after; each pays for its own attempts."""
    both = merged(tried(1, "tests_failed", usd=3.0), tried(2, agent="second", usd=1.0))
    parts = split([both, merged()], "agent")
    assert list(parts) == ["first", "second"]
    assert value("success", *parts["first"]).value == 1 / 2
    assert value("success", *parts["second"]).value == 1
    assert value("usd", *parts["first"]).value == 4
    assert value("usd_per_merged", *parts["first"]).value == 4
    assert value("first_attempt", *parts["first"]).value == 1 / 2
    assert value("first_attempt", *parts["second"]).samples == 0  # it never was the first
    assert value("lead_time_hours", *parts["first"]).samples == 1
    refused = merged(tried(1, "overloaded"), tried(2, agent="second"))
    assert value("success", *split([refused], "agent")["first"]).samples == 0


def test_other_dimensions_keep_rounds_whole() -> None:
    rows = [merged(type="docs"), merged(signal="s", hours=24 * 10), row(repo="acme/b", repo_id=2)]
    assert {k: len(v) for k, v in split(rows, "type").items()} == {"default": 2, "docs": 1}
    assert {k: len(v) for k, v in split(rows, "signal").items()} == {"own": 1, "people": 2}
    assert list(split(rows, "week")) == ["2026-W02", "2026-W03"]
    assert list(split(rows, "repo")) == ["acme/b", "acme/todo"]
    assert len(within(rows, {"repo_id": "2"})) == 1
    with pytest.raises(KeyError):
        split(rows, "moon")


@pytest.mark.parametrize("name", list(FIGURES))
def test_nothing_is_claimed_of_nothing(name: str) -> None:
    found = value(name)
    assert found.samples == 0 and not found.value
    spec = FIGURES[name]
    assert spec.title and spec.about.endswith(".")
    assert spec.unit in ("hours", "share", "attempts", "US$", "seconds", "count")
    shown = words.said(found)
    assert "0" in shown and "nan" not in shown


@given(st.lists(st.sampled_from(MIXED), max_size=30), st.sampled_from(list(FIGURES)))
def test_any_rounds_give_a_value_within_its_interval(rows: list[RoundRow], name: str) -> None:
    found = measure(name, rows, LATER)
    if found.value is not None:
        assert found.low is None or found.low <= found.value + 1e-9
        assert found.high is None or found.high >= found.value - 1e-9


def test_values_in_words() -> None:
    share = value_of("success", shares([True] * 41 + [False] * 9))
    assert words.said(share) == "41 of 50 (82%, 72–89%)"
    assert words.columns(value("lead_time_hours", *MIXED)) == ("3 hours", "1–696", "5")
    assert words.columns(value("usd_per_merged", *MIXED))[0] == "$2.00"
    assert words.said(value("success")) == "– (0 samples)"


def test_trap_14_a_rate_of_few_samples_decides_nothing() -> None:
    """One bad day is no verdict: below so many samples on a side the answer is `too early`, and
    says how many it takes; with enough the same shares are one."""
    bad, good = shares([False] * 3), shares([True] * 40)
    early = compare("success", bad, good)
    assert early is not None and early.change is Change.TOO_EARLY
    assert (early.low, early.high) == (None, None)
    assert early.needs >= comparing.ENOUGH > 3
    for count in range(comparing.ENOUGH):
        few = compare("success", shares([False] * count), good)
        assert few is not None and few.change is Change.TOO_EARLY
    told = compare("success", shares([False] * comparing.ENOUGH), good)
    assert told is not None and told.change is Change.WORSE


@pytest.mark.parametrize("code", ["overloaded", "auth_failed", "sandbox_failed", "base_red"])
def test_trap_14_failures_of_the_infrastructure_count_against_nobody(code: str) -> None:
    day = [row(tried(1, code), held=code, holds=((code, NOW),)) for _ in range(50)]
    rows = [*(merged() for _ in range(5)), *day]
    for name in ("success", "first_attempt", "attempt_failures"):
        assert value(name, *rows).samples == 5
    apart = value("provider_failures", *rows).value, value("environment_failures", *rows).value
    assert sum(part or 0 for part in apart) == 50 / 55


@pytest.mark.parametrize(
    ("name", "now", "before", "change"),
    [
        ("success", [1.0] * 30, [1.0] * 15 + [0.0] * 15, Change.BETTER),
        ("escalations", [1.0] * 30, [1.0] * 15 + [0.0] * 15, Change.WORSE),
        ("success", [1.0] * 15 + [0.0] * 15, [1.0] * 16 + [0.0] * 14, Change.ALIKE),
        ("lead_time_hours", [1.0, 2.0, 3.0] * 10, [5.0, 6.0, 7.0] * 10, Change.BETTER),
        ("lead_time_hours", [1.0, 2.0, 9.0] * 10, [2.0, 6.0, 1.0] * 10, Change.ALIKE),
        ("attempts_per_task", [1.0, 2.0] * 10, [2.0, 3.0] * 10, Change.BETTER),
    ],
)
def test_two_times_compared(
    name: str, now: list[float], before: list[float], change: Change
) -> None:
    kind = FIGURES[name].samples((), NOW).kind
    from agent_os.policy.metrics.samples import Samples

    found = compare(name, Samples(tuple(now), kind), Samples(tuple(before), kind))
    assert found is not None and found.change is change
    assert (found.needs > 0) is (change is Change.ALIKE)


def test_sums_and_ratios_compared() -> None:
    assert compare("usd", FIGURES["usd"].samples(MIXED, LATER), shares([])) is None
    cheap = FIGURES["usd_per_merged"].samples([merged(tried(usd=1.0))] * 20, LATER)
    dear = FIGURES["usd_per_merged"].samples([merged(tried(usd=2.0))] * 20, LATER)
    found = compare("usd_per_merged", cheap, dear)
    assert found is not None and found.change is Change.BETTER
    nothing = FIGURES["usd_per_merged"].samples([blocked("timeout")] * 20, LATER)
    unknown = compare("usd_per_merged", nothing, dear)
    assert unknown is not None and unknown.change is Change.ALIKE and unknown.low is None


def test_tallies_name_why() -> None:
    reasons = tally(MIXED, "reason")
    assert [(t.name, t.hits, t.samples) for t in reasons] == [
        ("auth_failed", 1, 8),
        ("tests_failed", 1, 8),
    ]
    assert reasons[0].examples == ("acme/todo#12",) and 0 < reasons[0].low < 1 / 8
    assert next(t.name for t in tally(MIXED, "code")) == "tests_failed"
    assert tally(MIXED, "signature")[0].hits == 2  # a round with it twice counts once
    assert {t.name for t in tally(GATED, "check")} == {"test", "lint"}
    assert len(tally(MIXED, "code", most=1)) == 1
