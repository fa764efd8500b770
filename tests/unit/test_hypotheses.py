"""Improvements judged by their figures: what it takes to say that one helped, or did harm."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.failures import FailureCode
from agent_os.domain.signals import Figure, Hypothesis, Verdict
from agent_os.policy import hypotheses
from agent_os.policy.analysis import reverting
from agent_os.policy.analysis.record import Managed
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

from .making import NOW

MERGED = NOW - timedelta(days=28)
FIRST = Figure(name="first_attempt", scope={"repo": "acme/app"}, goal="higher", expected=0.9)


def hypothesis(figure: Figure = FIRST, **more: Any) -> Hypothesis:
    given: dict[str, Any] = {
        "signal": "analyzer:failure:1:x",
        "repo_id": 1,
        "repo": "acme/app",
        "number": 40,
        "title": "Mend it",
        "filed_at": MERGED - timedelta(days=3),
        "merged_at": MERGED,
    }
    return Hypothesis(figure=figure, **{**given, **more})


def row(number: int, at: datetime, ok: bool = True, hours: float = 2, **more: Any) -> RoundRow:
    """A round of one attempt that began at a time, merged so many hours later if it went well."""
    end = at + timedelta(hours=hours)
    attempt = AttemptRow(
        number=1,
        kind=Kind.IMPLEMENT,
        agent="first",
        started_at=at,
        ended_at=end,
        code=None if ok else FailureCode.TESTS_FAILED,
        charged=not ok,
        usd=more.pop("usd", 1.0),
        tokens=5,
    )
    given: dict[str, Any] = {
        "repo_id": 1,
        "repo": "acme/app",
        "round": 1,
        "requested_at": at,
        "claimed_at": at,
        "merged_at": end if ok else None,
        "held": "" if ok else "tests_failed",
    }
    return RoundRow(number=number, attempts=(attempt,), **{**given, **more})


def work(before: str, after: str, days: float = 27) -> list[RoundRow]:
    """`o` went well, `x` did not; spread over so many days on each side of the merge."""
    rows: list[RoundRow] = []
    for start, told in ((MERGED - timedelta(days=days), before), (MERGED, after)):
        for n, one in enumerate(told):
            at = start + timedelta(days=days) * (n + 0.5) / len(told)
            rows.append(row(len(rows) + 1, at, one == "o", hours=0.5))
    return rows


def verdict(rows: Sequence[RoundRow], now: datetime = NOW, **more: Any) -> Hypothesis:
    return hypotheses.judged(hypothesis(**more), rows, now)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("ox" * 10, "o" * 20, Verdict.CONFIRMED),
        ("o" * 20, "ox" * 10, Verdict.REFUTED),
        ("ox" * 10, "ox" * 10, Verdict.TOO_EARLY),
        ("ooox" * 70, "ooox" * 70, Verdict.INCONCLUSIVE),
        ("x" * 9, "o" * 9, Verdict.TOO_EARLY),
        ("", "", Verdict.TOO_EARLY),
        ("x" * 20, "", Verdict.TOO_EARLY),
    ],
)
def test_the_verdict_follows_from_both_sides(before: str, after: str, expected: Verdict) -> None:
    one = verdict(work(before, after))
    assert one.verdict is expected
    assert one.samples == (len(before), len(after))
    assert (one.judged_at is not None) is (expected in hypotheses.FINAL)


def test_too_early_says_how_many_it_takes() -> None:
    one = verdict(work("ox" * 8, "oooox" * 3))
    assert one.verdict is Verdict.TOO_EARLY
    assert one.needs == 25, "from 50% to the 90% that were expected"
    assert "A verdict takes about 25 on each side." in hypotheses.sentence(one)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"merged_at": None}, Verdict.OPEN),
        ({"merged_at": NOW - timedelta(days=13)}, Verdict.TOO_EARLY),
        ({"figure": Figure(name="no_such_figure")}, Verdict.OPEN),
        ({"verdict": Verdict.REFUTED}, Verdict.REFUTED),
    ],
    ids=["not merged", "within two weeks", "unknown figure", "said for good"],
)
def test_what_decides_before_any_number(more: dict[str, Any], expected: Verdict) -> None:
    assert verdict(work("x" * 20, "o" * 20), **more).verdict is expected


def test_eight_weeks_are_the_end_with_few_samples_too() -> None:
    late = MERGED + hypotheses.LONGEST + timedelta(days=1)
    assert verdict(work("oxo", "oxo"), now=late).verdict is Verdict.INCONCLUSIVE


def test_work_of_other_kinds_its_own_round_and_what_straddles_the_merge_count_not() -> None:
    rows = work("ox" * 10, "o" * 20)
    others = [
        r.model_copy(update={"repo": "acme/other", "repo_id": 2}) for r in work("o" * 20, "x")
    ]
    own = row(900, MERGED - timedelta(days=1), ok=False, signal="analyzer:failure:1:x")
    across = [row(901 + n, MERGED - timedelta(hours=1), hours=9) for n in range(9)]
    one = verdict([*rows, *others, own, *across])
    assert one.samples == (20, 20)
    assert one.verdict is Verdict.CONFIRMED


def test_times_are_compared_by_their_ranks_and_lower_is_better() -> None:
    figure = Figure(name="lead_time_hours", scope={"repo": "acme/app"})
    start = MERGED - timedelta(days=27)
    rows = [row(n, start + timedelta(days=n), hours=10 + n % 5) for n in range(20)]
    rows += [row(50 + n, MERGED + timedelta(days=n), hours=4 + n % 5) for n in range(20)]
    assert verdict(rows, figure=figure).verdict is Verdict.CONFIRMED
    assert verdict(rows, figure=figure.model_copy(update={"goal": "higher"})).verdict is (
        Verdict.REFUTED
    )


def test_what_must_ripen_is_compared_when_it_had_the_time() -> None:
    """A merge that was reverted at once is known sooner than those that survive."""
    figure = Figure(name="success", scope={"repo": "acme/app"}, goal="higher")
    rows = work("o" * 28, "o" * 28)
    young = NOW - timedelta(days=5)
    fell = [
        row(200 + n, young, merged_at=young, reverted_at=young + timedelta(hours=3))
        for n in range(9)
    ]
    one = verdict([*rows, *fell], figure=figure)
    assert one.verdict is not Verdict.REFUTED
    assert one.after is not None
    assert one.after[1] == 1.0


def test_costs_are_ratios_with_the_failures_paid_for() -> None:
    figure = Figure(name="usd_per_merged", scope={"repo": "acme/app"})
    start = MERGED - timedelta(days=27)
    rows = [row(n, start + timedelta(days=n), usd=4 + n % 3) for n in range(24)]
    rows += [row(50 + n, MERGED + timedelta(days=n), usd=1 + n % 3) for n in range(24)]
    assert verdict(rows, figure=figure).verdict is Verdict.CONFIRMED
    total = Figure(name="usd", scope={"repo": "acme/app"})
    assert verdict(rows, figure=total).verdict is Verdict.TOO_EARLY, "a sum says nothing"


def test_nothing_changed_is_seldom_taken_for_a_change() -> None:
    """Weekly looks over eight weeks at work that stays as it is, in a hundred organizations."""
    wrong = 0
    for seed in range(100):
        rng = random.Random(seed)
        told = ["".join("x" if rng.random() < 0.3 else "o" for _ in range(40)) for _ in "ab"]
        rows = work(*told, days=56)
        one = hypothesis()
        for week in range(1, 9):
            one = hypotheses.judged(one, rows, MERGED + timedelta(weeks=week, hours=1))
        wrong += one.verdict in (Verdict.CONFIRMED, Verdict.REFUTED)
    assert wrong <= 6, f"{wrong} of 100"


def test_a_real_change_is_confirmed_within_eight_weeks() -> None:
    seen = 0
    for seed in range(50):
        rng = random.Random(seed)
        before = "".join("x" if rng.random() < 0.5 else "o" for _ in range(40))
        after = "".join("x" if rng.random() < 0.15 else "o" for _ in range(40))
        one = hypothesis()
        for week in range(1, 9):
            now = MERGED + timedelta(weeks=week, hours=1)
            one = hypotheses.judged(one, work(before, after, days=56), now)
        seen += one.verdict is Verdict.CONFIRMED
    assert seen >= 40, f"{seen} of 50"


def test_a_refuted_improvement_is_proposed_to_be_taken_back_once() -> None:
    place = Managed(repo_id=1, name="acme/app", url="https://example.org/acme/app")
    bad = verdict(work("o" * 20, "ox" * 10))
    good = verdict(work("ox" * 10, "o" * 20), signal="analyzer:failure:1:y")
    elsewhere = bad.model_copy(update={"repo_id": 2})
    undone = bad.model_copy(update={"signal": "analyzer:revert:1:z"})
    (signal,) = reverting.proposals([bad, good, elsewhere, undone], place)
    assert signal.id.startswith("analyzer:revert:1:")
    assert signal.title == "Take back #40: Mend it"
    assert "[acme/app#40](https://example.org/acme/app/issues/40)" in signal.evidence[0]
    assert signal.figure is not None
    assert signal.figure.expected == 1.0
    assert reverting.proposals([bad], place) == [signal]


@pytest.mark.parametrize(
    ("name", "goal", "now", "said", "expected"),
    [
        pytest.param("escalations", "lower", 0.5, None, 0.35, id="of a share that is to fall"),
        pytest.param("success", "higher", 0.5, None, 0.65, id="a part of what is missing"),
        pytest.param("success", "higher", 0, None, 0.3, id="from nothing"),
        pytest.param("merged", "higher", 10, None, 13, id="of a number that is to grow"),
        pytest.param("gate_seconds", "lower", 10, 4.0, 4.0, id="what is said stays"),
        pytest.param("escalations", "lower", 0, None, None, id="nothing can be less"),
        pytest.param("success", "higher", None, None, None, id="not known"),
    ],
)
def test_an_improvement_says_what_effect_is_expected(
    name: str, goal: Any, now: float | None, said: float | None, expected: float | None
) -> None:
    figure = hypotheses.expecting(Figure(name=name, goal=goal, now=now, expected=said))
    assert figure.expected == (None if expected is None else pytest.approx(expected))
