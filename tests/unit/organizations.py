"""A made-up record: three repositories, two agents, weeks of ordinary work, and what went wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agent_os.domain.attempts import Kind, Verdict
from agent_os.domain.failures import FailureCode, charged
from agent_os.policy.analysis.record import History, Managed
from agent_os.policy.metrics.rounds import AttemptRow, GateRow, RoundRow

from .making import NOW

REPOS = ("acme/app", "acme/lib", "acme/site")
AGENTS = ("first", "second")
TYPES = ("implementation", "debugging", "docs")
CHECKS = ("unit", "lint")
#: Ordinary failures of an attempt, and how often each comes.
ORDINARY = {
    FailureCode.TESTS_FAILED: 0.08,
    FailureCode.NO_CHANGE: 0.02,
    FailureCode.INVALID_RESULT: 0.02,
    FailureCode.CI_FAILED: 0.04,
    FailureCode.OVERLOADED: 0.02,
    FailureCode.SETUP_FAILED: 0.01,
    FailureCode.MISSING_CONTEXT: 0.02,
}


@dataclass
class Draft:
    """An attempt before it is one; faults change it. `week`: from the record's start."""

    rng: random.Random
    repo: str
    kind: str
    agent: str
    week: float
    code: FailureCode | None = None
    signature: str = ""
    detail: str = ""
    repaired: bool = False
    prompt: str = "v1"
    usd: float = 0.0
    setup: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    base: str = ""
    gates: dict[str, tuple[Verdict, Verdict]] = field(
        default_factory=dict[str, tuple[Verdict, Verdict]]
    )
    remaining: str = ""


_CODES = {
    Verdict.FAIL: FailureCode.TESTS_FAILED,
    Verdict.UNAVAILABLE: FailureCode.SETUP_FAILED,
}
Fault = Callable[[Draft], None]


def organization(
    seed: int, weeks: float = 10, a_week: int = 8, fault: Fault | None = None
) -> list[RoundRow]:
    """Rounds that began in the weeks up to NOW; `a_week` tasks in each repository."""
    rng = random.Random(seed)
    rows: list[RoundRow] = []
    for repo_id, repo in enumerate(REPOS, start=1):
        count = max(1, round(rng.gauss(a_week * weeks, (a_week * weeks) ** 0.5)))
        times = sorted(rng.uniform(0, weeks) for _ in range(count))
        for number, week in enumerate(times, start=1):
            rows.append(_round(rng, repo_id, repo, number, week, weeks, fault))
    return sorted(rows, key=lambda row: row.requested_at)


def _round(
    rng: random.Random,
    repo_id: int,
    repo: str,
    number: int,
    week: float,
    weeks: float,
    fault: Fault | None,
) -> RoundRow:
    at = NOW - timedelta(weeks=weeks - week)
    kind = rng.choice(TYPES)
    first = rng.randrange(len(AGENTS))
    attempts: list[AttemptRow] = []
    clock = at + timedelta(minutes=rng.uniform(1, 60))
    for tried in range(4):
        agent = AGENTS[(first + tried) % len(AGENTS)]
        draft = _drawn(rng, repo, kind, agent, week)
        if fault is not None:
            fault(draft)
        end = clock + timedelta(minutes=rng.lognormvariate(3, 0.5))
        attempts.append(_attempt(tried + 1, draft, clock, end))
        clock = end + timedelta(minutes=5)
        if draft.code is None:
            break
    done = attempts[-1].code is None and clock < NOW
    given: dict[str, Any] = {
        "repo_id": repo_id,
        "repo": repo,
        "number": number,
        "round": 1,
        "title": f"Task {number}",
        "type": kind,
        "requested_at": at,
        "claimed_at": at,
        "pull": number if done else 0,
        "merged_at": clock if done else None,
        "finished_at": clock if done else None,
        "attempts": tuple(attempts),
        "ci_failures": tuple(a.signature for a in attempts if a.code is FailureCode.CI_FAILED),
    }
    if not done and attempts[-1].code is not None:
        reason = str(attempts[-1].code)
        given |= {"held": reason, "holds": ((reason, clock),)}
    return RoundRow(**given)


def _drawn(rng: random.Random, repo: str, kind: str, agent: str, week: float) -> Draft:
    draft = Draft(rng, repo, kind, agent, week)
    roll = rng.random()
    for code, often in ORDINARY.items():
        if roll < often:
            draft.code = code
            break
        roll -= often
    # Half of what fails has failed so before; the rest is new each time.
    which = rng.randrange(5) if rng.random() < 0.5 else rng.randrange(10**9)
    draft.signature = f"{draft.code}:{repo}:{which}" if draft.code else ""
    draft.detail = f"what failed is {which}" if draft.code else ""
    draft.repaired = rng.random() < 0.03
    draft.usd = rng.lognormvariate(-0.5 + 0.5 * TYPES.index(kind), 0.6)
    draft.setup = rng.lognormvariate(3.4, 0.25)
    draft.seconds = {name: rng.lognormvariate(3, 0.3) for name in CHECKS}
    # Three attempts or so meet the same base.
    draft.base = f"{repo}@{int(week * 12)}"
    draft.gates = {name: (Verdict.PASS, Verdict.PASS) for name in CHECKS}
    if draft.code is FailureCode.SETUP_FAILED:
        draft.gates = {"setup": (Verdict.FAIL, Verdict.UNAVAILABLE)}
        draft.seconds["setup"] = draft.setup
    if draft.code is FailureCode.TESTS_FAILED:
        draft.gates[rng.choice(CHECKS)] = (Verdict.PASS, Verdict.FAIL)
    return draft


def _attempt(number: int, draft: Draft, start: Any, end: Any) -> AttemptRow:
    no_gates = draft.code in (FailureCode.OVERLOADED, FailureCode.NO_CHANGE)
    gates = {} if no_gates else draft.gates
    return AttemptRow(
        number=number,
        kind=Kind.IMPLEMENT,
        agent=draft.agent,
        model=f"{draft.agent}-model",
        provider=f"{draft.agent}-vendor",
        prompt=draft.prompt,
        started_at=start,
        ended_at=end,
        seconds=(end - start).total_seconds(),
        code=draft.code,
        charged=draft.code is not None and charged(draft.code),
        signature=draft.signature,
        detail=draft.detail,
        repaired=draft.repaired,
        setup_seconds=draft.setup,
        gates=tuple(
            GateRow(
                name=name,
                verdict=after,
                before=before,
                code=_CODES.get(after),
                seconds=draft.seconds[name],
            )
            for name, (before, after) in gates.items()
        ),
        usd=draft.usd,
        tokens=1000,
        base=draft.base,
        head=f"{draft.rng.randrange(16**12):012x}",
        remaining=draft.remaining,
    )


def history(rows: list[RoundRow], weeks_ago: float = 0, **more: Any) -> History:
    """As it was so many weeks ago: what began later is not there."""
    now = NOW - timedelta(weeks=weeks_ago)
    managed = {
        number: Managed(repo_id=number, name=name, url=f"https://example.org/{name}")
        for number, name in enumerate(REPOS, start=1)
    }
    seen = [row for row in rows if row.requested_at < now]
    return History(now=now, rows=seen, managed=managed, home=3, **more)
