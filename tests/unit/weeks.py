"""Eight weeks of made-up work, the same for the same seed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from agent_os.domain.attempts import Kind, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.signals import Figure, Hypothesis
from agent_os.domain.signals import Verdict as Judged
from agent_os.policy import reporting
from agent_os.policy.metrics.rounds import AttemptRow, GateRow, RoundRow
from agent_os.policy.reporting import WEEK, WEEKS, WeeklyFacts
from agent_os.policy.weekly_report import NeedLine, PlanLine

SINCE = datetime(2026, 1, 26, tzinfo=UTC)
"""A Monday: 2026-W05."""
_AGENTS = {"claude": (0.7, 0.9), "own": (0.45, 0.12), "ruff": (0.85, None)}
_CODES = (
    FailureCode.TESTS_FAILED,
    FailureCode.TESTS_FAILED,
    FailureCode.NO_CHANGE,
    FailureCode.OVERLOADED,
    FailureCode.SETUP_FAILED,
)
_TITLES = ("Sort the list by date", "Add is wrong for negative numbers", "Say why the login fails")


def rows(seed: int = 1, weeks: int = WEEKS) -> list[RoundRow]:
    chance = random.Random(seed)
    found: list[RoundRow] = []
    for back in reversed(range(weeks)):
        begin = SINCE - WEEK * back
        for _ in range(chance.randint(6, 14)):
            found.append(_round(chance, len(found) + 1, begin))
    return found


def _round(chance: random.Random, number: int, begin: datetime) -> RoundRow:
    asked = begin + timedelta(hours=chance.uniform(0, 120))
    at = asked + timedelta(hours=chance.expovariate(1 / 2))
    attempts: list[AttemptRow] = []
    for tried in range(1, 4):
        agent = chance.choice(list(_AGENTS))
        luck, price = _AGENTS[agent]
        good = chance.random() < luck
        code = None if good else chance.choice(_CODES)
        end = at + timedelta(minutes=chance.uniform(2, 30))
        gates = (GateRow(name="test", verdict=Verdict.PASS if good else Verdict.FAIL),)
        attempts.append(
            AttemptRow(
                number=tried,
                kind=Kind.IMPLEMENT if tried == 1 else Kind.FIX,
                agent=agent,
                provider=agent if price else "",
                started_at=at,
                ended_at=end,
                seconds=(end - at).total_seconds(),
                code=code,
                charged=code in _CODES[:3],
                detail="" if good else "2 of 40 tests failed: test_add",
                gates=gates,
                usd=None if price is None else price * chance.uniform(0.5, 1.5),
                tokens=0 if price is None else 20_000,
            )
        )
        at = end
        if good:
            break
    merged = at + timedelta(minutes=20) if attempts[-1].code is None else None
    held = "" if merged else str(attempts[-1].code)
    return RoundRow(
        repo_id=7,
        repo="acme/app",
        number=number,
        round=1,
        title=chance.choice(_TITLES),
        signal="analyzer:flaky:7:x" if chance.random() < 0.1 else "",
        requested_at=asked,
        claimed_at=asked + timedelta(minutes=1),
        merged_at=merged,
        finished_at=merged,
        merged_sha="a" * 40 if merged else "",
        reverted_at=merged + timedelta(days=2) if merged and chance.random() < 0.08 else None,
        holds=((held, at),) if held else (),
        held=held,
        pull=1000 + number if merged else 0,
        changed_files=2,
        attempts=tuple(attempts),
    )


def hypothesis(verdict: Judged = Judged.CONFIRMED, title: str = "Mend lint") -> Hypothesis:
    figure = Figure(name="gate_failures", scope={"check": "lint"}, now=0.4, samples=30, expected=0)
    return Hypothesis(
        signal=f"analyzer:wrong_command:7:{verdict}",
        repo_id=7,
        repo="acme/app",
        number=41,
        title=title,
        figure=figure,
        filed_at=SINCE - WEEK * 4,
        merged_at=SINCE - WEEK * 3,
        verdict=verdict,
        before=(0.28, 0.4, 0.54),
        after=(0.0, 0.03, 0.1),
        samples=(30, 34),
        needs=20,
    )


def _until(found: list[RoundRow], moment: datetime) -> list[RoundRow]:
    """What had ended by then: as much of the past as these rows tell."""
    return [r for r in found if r.ended_at and r.ended_at < moment]


def facts(seed: int = 1, **more: object) -> WeeklyFacts:
    until = SINCE + WEEK
    found = [r for r in rows(seed) if r.requested_at < until]
    needs = tuple(
        NeedLine(
            name=r.name,
            why=f"{r.held}: 2 of 40 tests failed",
            next_step="Read the evidence; sharpen the issue, then label it Ready.",
            link=f"https://hub.example/acme/app/issues/{r.number}",
            since=r.holds[0][1],
        )
        for r in found
        if r.held
    )
    planned = (
        PlanLine(what="sprint, approved", name="acme/app sprint 3", title="", link=""),
        PlanLine(what="queued", name="acme/app#90", title="Write the guide", link=""),
    )
    given: dict[str, object] = {
        "repo": "acme/app",
        "week": "2026-W05",
        "since": SINCE,
        "until": until,
        "made_at": until + timedelta(hours=6),
        "rows": tuple(found),
        "before": tuple(reporting.window(_until(found, SINCE), SINCE - WEEK)),
        "hypotheses": (
            hypothesis(),
            hypothesis(Judged.REFUTED, "Ask twice"),
            hypothesis(Judged.TOO_EARLY, "Shorter prompt"),
        ),
        "planned": planned,
        "needs": needs[-6:],
        "addresses": {7: "https://hub.example/acme/app"},
    }
    return WeeklyFacts.model_validate({**given, **more})
