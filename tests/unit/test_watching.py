"""Whose merge turned the default branch red: only what was green right before is proof."""

from __future__ import annotations

import pytest

from agent_os.domain.effects import OpenProposal, PushProposal, Record, TellIssue
from agent_os.domain.events import EventKind
from agent_os.domain.observed import Check, Checks, CheckState
from agent_os.policy.watching import Landed, Red, Revert, WatchFacts, culprit, decide

from .making import NOW


def sha(number: int) -> str:
    return f"{number:040x}"


OK, BAD, RUNS = CheckState.SUCCESS, CheckState.FAILURE, CheckState.PENDING


def checks(at: str, **states: CheckState) -> Checks:
    found = tuple(Check(name=name, state=state) for name, state in states.items())
    return Checks(sha=at, checks=found)


def landed(number: int, before: CheckState | None, after: CheckState) -> Landed:
    return Landed(
        number=number,
        title="Mend add",
        pull=number + 100,
        requester="alice",
        sha=sha(number),
        checks=checks(sha(number), test=after),
        before=checks(sha(0), test=before) if before else checks(sha(0)),
    )


def facts(head: CheckState, *found: Landed, **more: object) -> WatchFacts:
    given = {"head": checks(sha(9), test=head), "landed": found, **more}
    base = {"repo_id": 7, "repo": "acme/app", "base": "main", "now": NOW}
    return WatchFacts.model_validate({**base, **given})


@pytest.mark.parametrize(
    ("before", "after", "ours"),
    [
        (OK, BAD, True),
        (BAD, BAD, False),
        (None, BAD, False),
        (RUNS, BAD, False),
        (OK, OK, False),
        (OK, RUNS, False),
    ],
)
def test_a_merge_is_to_blame_only_for_what_was_green_before(
    before: CheckState | None, after: CheckState, ours: bool
) -> None:
    one = landed(1, before, after)
    assert (culprit([one]) is not None) is ours
    steps = decide(facts(after, one))
    kinds = [e.kind for s in steps if isinstance(s, Record) for e in s.events]
    assert kinds == ([EventKind.MAIN_RED] if ours else [])


def test_of_two_merges_the_earlier_one_did_it() -> None:
    found = culprit([landed(2, BAD, BAD), landed(1, OK, BAD)])
    assert found is not None and found[0].number == 1


def test_what_is_green_again_by_now_is_not_reported() -> None:
    assert decide(facts(OK, landed(1, OK, BAD))) == []


RED = Red(sha=sha(1), number=1, checks=("test",))


@pytest.mark.parametrize(
    ("state", "commit", "told", "wanted"),
    [
        ("", sha(5), False, PushProposal),
        ("pushed", sha(5), False, OpenProposal),
        ("opened", sha(5), False, TellIssue),
        ("opened", sha(5), True, None),
        ("ended", sha(5), True, None),
        ("", None, False, TellIssue),
        ("", None, True, None),
    ],
)
def test_a_red_branch_gets_one_revert_and_one_word(
    state: str, commit: str | None, told: bool, wanted: type | None
) -> None:
    revert = Revert.model_validate({"sha": sha(1), "title": "T", "commit": commit, "state": state})
    steps = decide(facts(BAD, landed(1, OK, BAD), red=RED, revert=revert, told=told))
    assert [type(s) for s in steps] == ([wanted] if wanted else [])
    if wanted is TellIssue:
        assert isinstance(steps[0], TellIssue)
        assert ("can't be reverted" in steps[0].body) is (commit is None)
        assert "@alice" in steps[0].body


def test_green_needs_each_check_that_failed() -> None:
    assert decide(facts(RUNS, red=RED, told=True)) == []
    steps = decide(facts(OK, red=RED))
    assert [e.kind for s in steps if isinstance(s, Record) for e in s.events] == [
        EventKind.MAIN_GREEN
    ]
