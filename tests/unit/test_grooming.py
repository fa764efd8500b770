"""What becomes of the groomer's findings: tables of cases."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.effects import LabelIssue, Record, RetireIssue, TellIssue
from agent_os.domain.tasks import Status
from agent_os.policy.grooming import deciding
from agent_os.policy.grooming.answers import Answer, Past, Stop
from agent_os.policy.grooming.backlog import Item
from agent_os.policy.grooming.deciding import GroomFacts
from agent_os.policy.grooming.finding import RANKS, Finding, Kind

from .grooming import DAY, backlog, item, task
from .making import NOW


def finding(number: int = 1, kind: Kind = Kind.STALE, **more: Any) -> Finding:
    digest = item(number).digest
    return Finding(number=number, kind=kind, digest=digest, title="T", why="w", body="b", **more)


def facts(*items: Item, **more: Any) -> GroomFacts:
    given: dict[str, Any] = {"cap": 5, "backlog": backlog(*(items or (item(),))), **more}
    return GroomFacts(repo_id=7, repo="acme/todo", now=NOW, **given)


def made(kind: Kind = Kind.STALE, days: float = 8, number: int = 1, **more: Any) -> Past:
    given = {"digest": item(number).digest, "at": NOW - days * DAY, "comment": 3, **more}
    return Past(number=number, kind=kind, **given)


def outcomes(steps: list[Any]) -> dict[str, str]:
    records = [step for step in steps if isinstance(step, Record)]
    return {
        event.data["signal"]: f"{event.data['outcome']}: {event.data['reason']}"
        for record in records
        for event in record.events
    }


def effects(steps: list[Any]) -> list[Any]:
    return [step for step in steps if not isinstance(step, Record)]


def test_the_highest_rank_goes_first_under_the_weeks_cap() -> None:
    wanted = [finding(n, kind) for n, kind in enumerate(Kind, 1)]
    steps = deciding.decide(wanted, facts(cap=3, made_this_week=1))
    best = sorted(Kind, key=lambda kind: -RANKS[kind])[:2]
    assert [step.purpose.split(":")[1] for step in effects(steps)] == [k.value for k in best]
    assert len(outcomes(steps)) == len(Kind)
    capped = [said for said in outcomes(steps).values() if said.startswith("capped: 3 proposals")]
    assert len(capped) == len(Kind) - 2


def test_one_proposal_an_issue_at_a_time() -> None:
    steps = deciding.decide([finding(kind=Kind.CYCLE), finding(kind=Kind.STALE)], facts())
    assert len(effects(steps)) == 1
    assert outcomes(steps)["groom:7:stale:1"] == "capped: one proposal an issue and week"


def test_a_label_or_a_comment() -> None:
    steps = effects(deciding.decide([finding(kind=Kind.NO_TYPE), finding(2)], facts()))
    assert [type(step) for step in steps] == [LabelIssue, TellIssue]
    assert steps[0].add == ("needs type",)
    assert deciding.read_purpose(steps[1].purpose) == (Kind.STALE, item(2).digest)
    assert deciding.read_purpose("evidence:abc") is None


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("said before", {"past": (made(days=400),)}, "known"),
        (
            "and contradicted",
            {"past": (made(),), "answers": {(1, Kind.STALE): Answer.CONTRADICTED}},
            "not_wanted",
        ),
        ("nothing may be written", {"stopped": "it is paused"}, "not_allowed: it is paused"),
        (
            "the kind was stopped",
            {"stops": {Kind.STALE: Stop(kind=Kind.STALE, contradicted=5, judged=5)}},
            "not_wanted: people contradicted 5 of 5",
        ),
        ("no proposals at all", {"cap": 0}, "capped"),
    ],
)
def test_trap_39_silence_has_a_reason(name: str, more: dict[str, Any], said: str) -> None:
    steps = deciding.decide([finding()], facts(**more))
    assert not effects(steps), name
    assert outcomes(steps)["groom:7:stale:1"].startswith(said)


def test_what_was_said_takes_no_place_of_what_was_not() -> None:
    """Of a kind with hundreds of findings, each has its turn."""
    many = [finding(number) for number in range(1, 121)]
    said = tuple(made(number=number) for number in range(1, 101))
    steps = deciding.decide(many, facts(past=said))
    assert [step.number for step in effects(steps)] == [101, 102, 103, 104, 105]


def test_an_outcome_is_recorded_when_it_changes() -> None:
    """An automation that did nothing says why, once."""
    first = deciding.decide([finding()], facts(stopped="it is paused"))
    again = deciding.decide([finding()], facts(stopped="it is paused", outcomes=outcomes(first)))
    assert len(first) == 1
    assert not again


SILENT = {(1, Kind.STALE): Answer.SILENT}
OURS = {"backlog": backlog(item(), filed={1: "analyzer"})}


@pytest.mark.parametrize(
    ("name", "more", "closed"),
    [
        ("allowed", {"close": True}, True),
        ("not allowed", {}, False),
        ("ours", OURS, True),
        ("too soon", {"close": True, "past": (made(days=6.9),)}, False),
        ("answered", {"close": True, "answers": {(1, Kind.STALE): Answer.CHANGED}}, False),
        ("nobody looked for an answer", {"close": True, "answers": {}}, False),
        ("a thumb below", {"close": True, "loved": frozenset({(1, Kind.STALE)})}, False),
        ("rewritten", {"close": True, "backlog": backlog(item(body="new"))}, False),
        ("asked for", {"close": True, "backlog": backlog(item(labels=("Ready",)))}, False),
        ("at work", {"close": True, "backlog": backlog(item(), tasks=task(Status.QUEUED))}, False),
        ("paused", {"close": True, "stopped": "it is paused"}, False),
        (
            "the kind was stopped",
            {"close": True, "stops": {Kind.STALE: Stop(kind=Kind.STALE, contradicted=5, judged=5)}},
            False,
        ),
        ("none a week", {"close": True, "cap": 0}, False),
        ("closed already", {"close": True, "backlog": backlog()}, False),
    ],
)
def test_closing_needs_leave_time_and_silence(
    name: str, more: dict[str, Any], closed: bool
) -> None:
    given = {"past": (made(),), "answers": SILENT, **more}
    steps = effects(deciding.decide([], facts(**given)))
    assert [type(step) for step in steps] == ([RetireIssue] if closed else []), name


@pytest.mark.parametrize(
    ("sure", "close", "closed"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_duplicate_is_closed_when_it_is_sure_and_found_again(
    sure: bool, close: bool, closed: bool
) -> None:
    given = facts(
        past=(made(Kind.DUPLICATE),),
        answers={(1, Kind.DUPLICATE): Answer.SILENT},
        close=close,
        backlog=backlog(item(), filed={1: "analyzer"}),
    )
    again = [finding(kind=Kind.DUPLICATE, sure=sure)]
    assert bool(effects(deciding.decide(again, given))) is closed
    assert not effects(deciding.decide([], given))
