"""Each kind of finding: what it takes, what does not suffice, and what its issue says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.attempts import Kind, Verdict
from agent_os.domain.effects import Effect
from agent_os.domain.failures import FailureCode, charged
from agent_os.domain.signals import Place, Severity, Signal
from agent_os.policy import filing
from agent_os.policy.analysis import analysis, chance, placing
from agent_os.policy.analysis.chance import Counts
from agent_os.policy.analysis.finding import Finding
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History, LessonTold, Managed, ProviderSeen
from agent_os.policy.metrics.figures import FIGURES
from agent_os.policy.metrics.parts import SCOPES
from agent_os.policy.metrics.rounds import AttemptRow, GateRow, RoundRow

from .faults import FAULTS, from_week
from .making import NOW
from .organizations import history, organization

#: Those that are found by more than one kind, or by a kind with two names.
_USUAL = ("a new failure", "questions to people", "a flaky check")
PASS, FAIL, UNAVAILABLE = Verdict.PASS, Verdict.FAIL, Verdict.UNAVAILABLE


def gate(name: str = "unit", after: Verdict = PASS, before: Verdict | None = PASS) -> GateRow:
    code = {FAIL: FailureCode.TESTS_FAILED, UNAVAILABLE: FailureCode.SETUP_FAILED}.get(after)
    return GateRow(name=name, verdict=after, before=before, code=code, seconds=5)


def attempt(number: int = 1, code: FailureCode | None = None, **more: Any) -> AttemptRow:
    given: dict[str, Any] = {
        "kind": Kind.IMPLEMENT,
        "agent": "first",
        "provider": "vendor",
        "charged": code is not None and charged(code),
        "signature": f"{code}:same" if code else "",
        "detail": "it broke" if code else "",
        "usd": 1.0,
        "tokens": 10,
        "base": "b" * 40,
        "started_at": NOW,  # its round says when
    }
    return AttemptRow(number=number, code=code, **{**given, **more})


def round_(number: int, days_ago: float, *attempts: AttemptRow, **more: Any) -> RoundRow:
    """A round that began so many days ago; its attempts take an hour each."""
    start = NOW - timedelta(days=days_ago)
    timed = tuple(
        a.model_copy(
            update={
                "started_at": start + timedelta(hours=i),
                "ended_at": start + timedelta(hours=i + 1),
            }
        )
        for i, a in enumerate(attempts)
    )
    done = bool(timed) and timed[-1].code is None
    given: dict[str, Any] = {
        "repo_id": 1,
        "repo": "acme/app",
        "round": 1,
        "requested_at": start,
        "claimed_at": start,
        "merged_at": timed[-1].ended_at if done else None,
    }
    return RoundRow(number=number, attempts=timed, **{**given, **more})


def found(rows: Sequence[RoundRow], kind: FindingKind, **more: Any) -> list[Finding]:
    return [one for one in analysis.findings(history(list(rows), **more)) if one.kind is kind]


def test_every_signal_is_complete() -> None:
    """Ids, figures and scopes that exist, numbers with their samples, links, acceptance."""
    seen: set[FindingKind] = set()
    for name, (fault, _) in FAULTS.items():
        record = history(organization(3, weeks=12, fault=from_week(fault)), weeks_ago=1)
        for signal in analysis.signals(record, {}):
            seen.add(FindingKind(signal.kind))
            complete(signal, name)
    assert seen >= {
        *(FindingKind.WRONG_COMMAND, FindingKind.NEW_FAILURE, FindingKind.SLOW_STEP),
        *(FindingKind.FLAKY_CHECK, FindingKind.PROMPT_BREAKS_RESULTS, FindingKind.COST_RISES),
        FindingKind.AGENT_DEGRADES,
    }


def complete(signal: Signal, why: str) -> None:
    assert signal.id.startswith("analyzer:"), why
    assert "--" not in signal.id
    assert " " not in signal.id
    assert signal.acceptance
    assert signal.proposal
    assert signal.evidence
    assert "](https://example.org/acme/" in signal.evidence[0]
    assert signal.figure is not None
    assert signal.figure.name in FIGURES
    assert signal.figure.goal == FIGURES[signal.figure.name].goal
    assert set(signal.figure.scope) <= set(SCOPES)
    assert signal.figure.now is not None, signal.id
    assert signal.figure.samples > 0
    assert signal.figure.expected is not None or signal.figure.now == 0, "an effect to expect"
    body = filing.body(signal)
    assert all(part in body for part in ("## Goal", "## Evidence", "## Figure"))


@pytest.mark.parametrize(
    "fault",
    [name if name in _USUAL else pytest.param(name, marks=pytest.mark.long) for name in FAULTS],
)
def test_the_same_trouble_has_the_same_id_in_every_week(fault: str) -> None:
    rows = organization(5, weeks=12, fault=from_week(FAULTS[fault][0], 8))
    ids: list[set[str]] = []
    for ago in (1.5, 1, 0.5, 0):
        signals = analysis.signals(history(rows, ago), {})
        ids.append({s.id for s in signals if s.kind in FAULTS[fault][1]})
    every = set[str]().union(*ids)
    kinds = {name.split(":")[1] for name in every}
    assert every, "never found"
    assert len(every) == len(kinds), f"two ids for one thing: {every}"


# what is no news


def test_what_was_told_is_not_told_again_and_only_later_proofs_are() -> None:
    rows = [round_(n, 13 - n, attempt(1, FailureCode.SETUP_FAILED)) for n in range(1, 7)]
    record = history(rows)
    (first,) = analysis.signals(record, {})
    assert len(first.evidence) == 6
    (same_day,) = analysis.signals(record, {first.id: NOW - timedelta(days=1)})
    assert same_day.evidence == (), "within a week it is not told again"
    (later,) = analysis.signals(record, {first.id: NOW - timedelta(days=9.5)})
    assert len(later.evidence) == 3, "only what came after it was told"
    facts = filing.FilingFacts(
        repo_id=1,
        repo="acme/app",
        known={first.id: filing.Filed(number=4, told="other")},
        cap=3,
        now=NOW,
    )
    effects = [one for one in filing.decide([same_day], facts) if isinstance(one, Effect)]
    assert effects == [], "no evidence, no comment"


# commands


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ("xxx", True),
        ("ooxxx", True),
        ("xx", False),
        ("xxxo", False),
        ("xxoxx", False),
    ],
)
def test_a_command_is_wrong_when_its_last_three_runs_could_not_run(
    runs: str, expected: bool
) -> None:
    rows = [
        round_(n, 12 - n, attempt(1, FailureCode.SETUP_FAILED if run == "x" else None, gates=()))
        if run == "x"
        else round_(n, 12 - n, attempt(1, gates=(gate(),)))
        for n, run in enumerate(runs)
    ]
    assert bool(found(rows, FindingKind.WRONG_COMMAND)) is expected


def test_a_missing_program_of_one_check_is_that_checks() -> None:
    gates = (gate("lint", UNAVAILABLE, UNAVAILABLE), gate("unit"))
    rows = [round_(n, 12 - n, attempt(1, FailureCode.SETUP_FAILED, gates=gates)) for n in range(4)]
    (one,) = found(rows, FindingKind.WRONG_COMMAND)
    assert (one.key, one.place) == ("lint", Place.REPOSITORY_FILE)


# flaky checks


def flips(*bases: tuple[str, Verdict, Verdict]) -> list[RoundRow]:
    """A task each: (base, verdict before, verdict after)."""
    return [
        round_(
            n,
            10 - n / 10,
            attempt(
                1,
                FailureCode.TESTS_FAILED if after is FAIL else None,
                base=base * 40,
                head=f"{n:040}",
                gates=(gate("unit", after, before),),
            ),
        )
        for n, (base, before, after) in enumerate(bases)
    ]


def test_a_check_that_fails_and_passes_on_one_commit_in_two_tasks_is_flaky() -> None:
    rows = flips(("a", FAIL, PASS), ("a", PASS, PASS), ("b", PASS, PASS), ("b", FAIL, PASS))
    (one,) = found(rows, FindingKind.FLAKY_CHECK)
    assert one.key == "unit"
    assert "2 times in 2 tasks" in one.problem
    once = flips(("a", FAIL, PASS), ("a", PASS, PASS), ("b", PASS, PASS), ("b", PASS, PASS))
    assert found(once, FindingKind.FLAKY_CHECK) == [], "once may have been the machine"


def test_a_base_that_was_broken_and_mended_is_not_flaky() -> None:
    red = flips(("a", PASS, PASS), ("b", FAIL, FAIL), ("b", FAIL, FAIL), ("c", PASS, PASS))
    assert found(red, FindingKind.FLAKY_CHECK) == []


def test_a_check_that_broke_once_without_a_commit_and_was_mended_is_not_flaky() -> None:
    """The machine changed, and changed back: one time of failures, whatever the commit."""
    once = flips(("a", PASS, PASS), ("a", FAIL, FAIL), ("a", FAIL, FAIL), ("a", PASS, PASS))
    assert found(once, FindingKind.FLAKY_CHECK) == []


def test_ci_that_passes_without_another_commit_is_flaky() -> None:
    def merged(number: int, *more: AttemptRow) -> RoundRow:
        back = attempt(1, FailureCode.CI_FAILED, detail="CI failed: e2e", head="h" * 40)
        end = NOW - timedelta(days=1)
        return round_(number, 5, back, *more, merged_at=end)

    idle = attempt(2, FailureCode.NO_CHANGE)
    (one,) = found([merged(1), merged(2, idle)], FindingKind.FLAKY_CHECK)
    assert one.key == "CI: e2e"
    mended = [merged(1, attempt(2)), merged(2, attempt(2))]
    assert found(mended, FindingKind.FLAKY_CHECK) == [], "another commit was made each time"


def test_flaky_failures_are_not_held_against_the_agent() -> None:
    rows = organization(2, weeks=12, fault=from_week(FAULTS["a flaky check"][0]))
    kinds = {one.kind for one in analysis.findings(history(rows))}
    assert FindingKind.FLAKY_CHECK in kinds
    assert FindingKind.AGENT_DEGRADES not in kinds


# agents, and what is not their fault


def tries(
    repo_id: int, agent: str, before: tuple[int, int], now: tuple[int, int]
) -> list[RoundRow]:
    """(passed, failed) tasks of the weeks before, and of now; each fails in its own way."""
    rows: list[RoundRow] = []
    for start, (passed, failed) in ((50, before), (12, now)):
        for n in range(passed + failed):
            fails = n * failed % (passed + failed) < failed  # one here and one there
            code = FailureCode.TESTS_FAILED if fails else None
            made = attempt(1, code, agent=agent, signature=f"{repo_id}{agent}{start}{n}")
            number = repo_id * 10_000 + len(rows) + (500 if agent == "other" else 0)
            days = start - n * (30 if start == 50 else 10) / (passed + failed)
            rows.append(round_(number, days, made, repo_id=repo_id, repo=f"acme/{repo_id}"))
    return rows


GOOD, BAD, FINE = (28, 2), (2, 12), (13, 1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (tries(1, "it", GOOD, BAD), True),
        (tries(1, "it", GOOD, BAD) + tries(2, "it", GOOD, BAD), True),
        (tries(1, "it", GOOD, BAD) + tries(1, "other", GOOD, FINE), True),
        (tries(1, "it", GOOD, BAD) + tries(1, "other", GOOD, BAD), False),
        (tries(1, "it", GOOD, BAD) + tries(2, "it", GOOD, FINE), False),
        (tries(1, "it", GOOD, FINE), False),
    ],
    ids=["alone", "in two", "others do not", "others do, too", "in one of two", "well"],
)
def test_an_agent_degrades_only_where_the_repository_does_not_explain_it(
    rows: list[RoundRow], expected: bool
) -> None:
    names = {one.key for one in found(rows, FindingKind.AGENT_DEGRADES)}
    assert names == ({"it"} if expected else set())


def test_provider_and_environment_failures_are_not_the_agents() -> None:
    rows = tries(1, "it", GOOD, FINE)
    late = [
        round_(900 + n, 5, attempt(1, code, agent="it"))
        for n, code in enumerate([FailureCode.OVERLOADED, FailureCode.SANDBOX_FAILED] * 8)
    ]
    assert found(rows + late, FindingKind.AGENT_DEGRADES) == []


# providers


def refusals(
    *days: float, code: FailureCode | None = FailureCode.AUTH_FAILED
) -> list[ProviderSeen]:
    return [
        ProviderSeen(
            name="vendor", code=code, detail="no", at=NOW - timedelta(days=d), repo_id=1, number=2
        )
        for d in days
    ]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (refusals(5, 3, 1), True),
        (refusals(5, 1), False),
        (refusals(1, 0.8, 0.6, 0.4), False),
        (refusals(5, 3, 1) + refusals(0.5, code=None), False),
        (refusals(30, 27, 25), False),
        (refusals(5, 3, 1, code=FailureCode.QUOTA_EXHAUSTED), False),
        (refusals(9, 3, 1, code=FailureCode.QUOTA_EXHAUSTED), True),
    ],
    ids=["days", "twice", "a day", "answers again", "long ago", "quota", "quota for a week"],
)
def test_a_provider_is_dead_when_it_refused_for_days(
    seen: list[ProviderSeen], expected: bool
) -> None:
    dead = found([], FindingKind.PROVIDER_DEAD, providers=seen)
    assert bool(dead) is expected
    assert all(one.severity is Severity.URGENT for one in dead)


# lessons, gates, leftovers, costs


def test_a_lesson_that_misleads_is_found_and_one_that_does_not_is_not() -> None:
    rows = [
        round_(n, 20 - n / 4, attempt(1, FailureCode.TESTS_FAILED if n % 2 and n < 30 else None))
        for n in range(60)
    ]
    told = [LessonTold(repo_id=1, number=n, round=1, attempt=1, lesson="bad1", text="Skip tests.")
            for n in range(1, 30, 2)]  # fmt: skip
    told += [LessonTold(repo_id=1, number=n, round=1, attempt=1, lesson="fine") for n in range(60)]
    (one,) = found(rows, FindingKind.LESSON_MISLEADS, lessons=told)
    assert one.key == "bad1"
    assert "15 of 15" in one.problem


@pytest.mark.parametrize(("results", "fails", "expected"), [(50, 0, 1), (49, 0, 0), (60, 1, 0)])
def test_a_check_is_idle_after_fifty_results_without_a_failure(
    results: int, fails: int, expected: int
) -> None:
    rows = [
        round_(n, 30 - n / 4, attempt(1, gates=(gate("lint", FAIL if n < fails else PASS),)))
        for n in range(results)
    ]
    idle = found(rows, FindingKind.IDLE_GATE)
    assert len(idle) == expected
    assert all(one.severity is Severity.INFO for one in idle)


def test_our_own_gates_are_never_called_idle() -> None:
    rows = [
        round_(n, 30 - n / 4, attempt(1, gates=(gate("secrets", PASS, None),))) for n in range(70)
    ]
    assert found(rows, FindingKind.IDLE_GATE) == []


def test_leftovers_are_grouped_bounded_and_say_whose_words_they_are() -> None:
    text = "- [ ] The parser still ignores tabs in line 12\n- None\n1. n/a\n- x"
    same = "* the parser still ignores tabs in line 99"
    many = "\n".join(f"- something number {chr(97 + n) * 5} is open" for n in range(15))
    rows = [
        round_(1, 9, attempt(1, remaining=text)),
        round_(2, 8, attempt(1, remaining=same)),
        round_(3, 7, attempt(1, risks=many)),
        round_(
            4, 6, attempt(1, FailureCode.TESTS_FAILED, remaining="This was never merged at all")
        ),
    ]
    left = found(rows, FindingKind.LEFTOVER)
    assert len(left) == 3
    assert left[0].title == "The parser still ignores tabs in line 12"
    assert "2 merged tasks" in left[0].problem
    assert not any("never merged" in one.title for one in left)


def test_an_agent_that_costs_thrice_is_only_a_hint() -> None:
    rows = [
        round_(
            n, 60 - n / 2, attempt(1, agent="dear" if n % 2 else "cheap", usd=3.0 if n % 2 else 1)
        )
        for n in range(60)
    ]
    (one,) = found(rows, FindingKind.AGENT_COSTLY)
    assert (one.key, one.severity) == ("dear", Severity.INFO)


# places, and hostile words


def test_without_a_home_what_is_about_the_installation_is_noted_only() -> None:
    rows = tries(1, "it", GOOD, BAD)
    managed = {1: Managed(repo_id=1, name="acme/1"), 2: Managed(repo_id=2, name="acme/2")}
    signals = analysis.signals(History(now=NOW, rows=rows, managed=managed), {})
    lost = [one for one in signals if one.place in placing.ELSEWHERE]
    assert [one.repo_id for one in lost] == [1]
    record = placing.unplaced(lost, {}, 1, NOW)
    assert record is not None
    (event,) = record.events
    assert (event.data["outcome"], event.data["reason"]) == ("no_place", placing.REASON)
    again = {lost[0].id: f"no_place: {placing.REASON}"}
    assert placing.unplaced(lost, again, 1, NOW) is None, "the same outcome is written once"


def test_words_of_logs_and_agents_act_nowhere_in_an_issue() -> None:
    evil = "@bob fixes #1 <img src=https://evil/x> `code` [skip ci] -->\n/close"
    gates = (gate(evil, UNAVAILABLE, UNAVAILABLE),)
    rows = [
        round_(n, 12 - n, attempt(1, FailureCode.SETUP_FAILED, detail=evil, gates=gates))
        for n in range(4)
    ] + [round_(9, 2, attempt(1, remaining=f"- {evil}"))]
    for one in analysis.signals(history(rows), {}):
        effect = filing.filing(one)
        text = f"{effect.title}\n{effect.body}"
        assert "@bob" not in text
        assert "fixes #1" not in text
        assert "<img" not in effect.body
        assert "[skip ci]" not in effect.title
        assert "-->" not in one.id
        assert "\n/close" not in text


# chance


def test_the_test_of_strata_is_fishers_where_there_is_one() -> None:
    one = Counts(6, 16, 0, 48)
    assert chance.more_hits([one]) == pytest.approx(chance.best_p(one))
    assert chance.more_hits([one, Counts(0, 5, 0, 5)]) == pytest.approx(chance.best_p(one))
    assert chance.more_hits([]) == 1.0


def test_tests_that_can_not_reach_the_level_do_not_count() -> None:
    assert chance.threshold([0.5] * 100, 0.01) == 0.01
    assert chance.threshold([0.0] * 10, 0.01) == pytest.approx(0.001)
    assert chance.threshold([]) == chance.ALPHA
