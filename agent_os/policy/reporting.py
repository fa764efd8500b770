"""The weekly report as data: what was done, what failed, how the figures moved, who is needed.

It is made of rows, so that each of its numbers is what `agent-os metrics` prints for the same time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.failures import WHAT_TO_DO, FailureCode, Family, family
from agent_os.domain.signals import Hypothesis
from agent_os.policy.metrics.figures import FIGURES, measure, split
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.policy.metrics.tallies import Tally, tally
from agent_os.policy.weekly_report import (
    AgentLine,
    Commands,
    CostLine,
    DoneLine,
    FailureLine,
    FigureLine,
    NeedLine,
    PlanLine,
    Point,
    Trend,
    WeeklyReport,
)
from agent_os.policy.weeks import week_of

WEEKS = 8
WEEK = timedelta(days=7)
MOST_LINES = 50
"""Of each list; the rest is counted."""
_MOST_AGENTS = 20
#: What the table of figures has, in this order.
SHOWN = (
    "merged",
    "lead_time_hours",
    "lead_time_hours_p90",
    "queue_wait_hours",
    "success",
    "first_attempt",
    "attempts_per_task",
    "escalations",
    "fallback_use",
    "rework",
    "gate_failures",
    "ci_failures",
    "provider_failures",
    "environment_failures",
    "usd",
    "usd_per_merged",
    "usd_per_surviving",
)
DRAWN = ("merged", "lead_time_hours", "first_attempt", "escalations", "attempt_failures", "usd")
SPENT = ("usd", "usd_per_attempt")
COMPARED = ("success", "first_attempt", "attempt_failures", "usd_per_merged", "usd_per_surviving")


class WeeklyFacts(Contract):
    repo: str = ""
    """Empty: the whole organization."""
    week: str
    since: datetime
    until: datetime
    """The end of the week, or now: rows and figures are as of then."""
    made_at: datetime
    rows: tuple[RoundRow, ...]
    """What ended in the weeks of the trend, and what goes on; as known at `until`."""
    before: tuple[RoundRow, ...] = ()
    """What ended in the week before, and what went on; as known at its end."""
    hypotheses: tuple[Hypothesis, ...] = ()
    planned: tuple[PlanLine, ...] = ()
    needs: tuple[NeedLine, ...] = ()
    addresses: dict[int, str] = Field(default_factory=dict[int, str])
    """Of repositories' pages, by id."""


def weekly(facts: WeeklyFacts) -> WeeklyReport:
    """Pure: the same facts make the same report."""
    done = sorted(_done_rows(facts), key=_end, reverse=True)
    this = window(facts.rows, facts.since)
    return WeeklyReport(
        scope=facts.repo or "the organization",
        week=facts.week,
        since=facts.since,
        until=facts.until,
        made_at=facts.made_at,
        asked=sum(facts.since <= row.requested_at < facts.until for row in facts.rows),
        done=tuple(_done_line(row, facts.addresses) for row in done[:MOST_LINES]),
        done_count=len(done),
        attempt_failures=measure("attempt_failures", this, facts.until),
        usd=measure("usd", this, facts.until),
        failures=_failures(facts),
        figures=_figures(facts),
        trends=_trends(facts),
        agents=_agents(facts),
        costs=_costs(facts),
        hypotheses=facts.hypotheses[:MOST_LINES],
        planned=facts.planned[:MOST_LINES],
        planned_count=len(facts.planned),
        needs=facts.needs[:MOST_LINES],
        needs_count=len(facts.needs),
        commands=_commands(facts),
    )


def window(rows: Sequence[RoundRow], since: datetime) -> list[RoundRow]:
    """What `agent-os metrics --since` counts: rounds that ended then or later, or go on."""
    return [row for row in rows if row.ended_at is None or row.ended_at >= since]


def _end(row: RoundRow) -> datetime:
    return row.ended_at or row.requested_at


def _done_rows(facts: WeeklyFacts) -> list[RoundRow]:
    return [
        row
        for row in facts.rows
        if (at := row.merged_at or row.finished_at) and facts.since <= at < facts.until
    ]


def _done_line(row: RoundRow, addresses: Mapping[int, str]) -> DoneLine:
    at = row.merged_at or row.finished_at or row.requested_at
    workers = [a.agent for a in row.tries if a.agent]
    how = "merged" if row.merged_at else "answered"
    return DoneLine(
        task=row.name,
        title=row.title,
        link=link(addresses, row.repo_id, row.number),
        how="reverted" if row.reverted_at else how,
        agent=workers[-1] if workers else "",
        attempts=len(row.tries),
        hours=max(0.0, (at - row.requested_at).total_seconds() / 3600),
        usd=row.usd,
        own=bool(row.signal),
    )


def link(addresses: Mapping[int, str], repo_id: int, number: int) -> str:
    address = addresses.get(repo_id, "")
    return f"{address}/issues/{number}" if address else ""


def _failures(facts: WeeklyFacts) -> tuple[FailureLine, ...]:
    """Of the work itself first, then providers and environment; the most frequent first."""
    this = window(facts.rows, facts.since)
    lines = [_failure(one, this) for one in tally(this, "code")]
    order = (Family.TASK, Family.PERSON, Family.PROVIDER, Family.ENVIRONMENT)
    return tuple(sorted(lines, key=lambda f: (order.index(f.family), -f.rounds, f.code)))


def _failure(counted: Tally, rows: Sequence[RoundRow]) -> FailureLine:
    code = FailureCode(counted.name)
    said = (a.detail for row in rows for a in row.attempts if a.code is code and a.detail)
    details = Counter(said)
    return FailureLine(
        family=family(code),
        code=code,
        rounds=counted.hits,
        samples=counted.samples,
        low=counted.low,
        high=counted.high,
        tasks=counted.examples,
        example=details.most_common(1)[0][0][:300] if details else "",
        what_to_do=WHAT_TO_DO[code],
    )


def _figures(facts: WeeklyFacts) -> tuple[FigureLine, ...]:
    this = window(facts.rows, facts.since)
    return tuple(
        FigureLine(
            name=name,
            title=FIGURES[name].title,
            unit=FIGURES[name].unit,
            goal=FIGURES[name].goal,
            about=FIGURES[name].about,
            week=measure(name, this, facts.until),
            before=measure(name, facts.before, facts.since),
            weeks=measure(name, facts.rows, facts.until),
        )
        for name in SHOWN
    )


def _trends(facts: WeeklyFacts) -> tuple[Trend, ...]:
    weeks = trend_weeks(facts.since)
    by_week = split(facts.rows, "week")
    return tuple(
        Trend(
            name=name,
            title=FIGURES[name].title,
            unit=FIGURES[name].unit,
            goal=FIGURES[name].goal,
            about=FIGURES[name].about,
            points=tuple(
                Point(week=week, value=measure(name, by_week.get(week, ()), facts.until))
                for week in weeks
            ),
        )
        for name in DRAWN
    )


def trend_weeks(since: datetime) -> tuple[str, ...]:
    """The weeks of the trend, oldest first; `since` begins the last one."""
    return tuple(week_of(since - WEEK * back) for back in reversed(range(WEEKS)))


def _agents(facts: WeeklyFacts) -> tuple[AgentLine, ...]:
    parts = split(facts.rows, "agent")
    lines = [
        AgentLine(agent=agent, values=tuple(measure(n, rows, facts.until) for n in COMPARED))
        for agent, rows in parts.items()
    ]
    return tuple(lines[:_MOST_AGENTS])


def _costs(facts: WeeklyFacts) -> tuple[CostLine, ...]:
    """The dearest first."""
    parts = split(window(facts.rows, facts.since), "agent")
    lines = [
        CostLine(
            agent=agent,
            values=tuple(measure(name, rows, facts.until) for name in SPENT),
            unpriced=sum(a.usd is None and a.tokens > 0 for row in rows for a in row.attempts),
        )
        for agent, rows in parts.items()
    ]
    return tuple(sorted(lines, key=lambda c: -(c.values[0].value or 0.0))[:_MOST_AGENTS])


def _commands(facts: WeeklyFacts) -> Commands:
    begin = facts.since - WEEK * (WEEKS - 1)

    def command(since: datetime, until: datetime, by: str = "", only: Sequence[str] = ()) -> str:
        repo = f" --repo {facts.repo}" if facts.repo else ""
        more = f" --by {by}" if by else ""
        figures = "".join(f" --figure {name}" for name in only)
        span = f"--since {stamp(since)} --until {stamp(until)}"
        return f"agent-os metrics{repo} {span}{more}{figures}"

    of = f" --repo {facts.repo}" if facts.repo else ""
    return Commands(
        report=f"agent-os report weekly{of} --week {facts.week}",
        week=command(facts.since, facts.until),
        failures=command(facts.since, facts.until, "code"),
        costs=command(facts.since, facts.until, "agent", SPENT),
        before=command(facts.since - WEEK, facts.since),
        weeks=command(begin, facts.until),
        trend=command(begin, facts.until, "week", DRAWN),
        agents=command(begin, facts.until, "agent", COMPARED),
    )


def stamp(moment: datetime) -> str:
    """`2026-01-26T00:00:00Z`, exact to the microsecond where there are some."""
    return f"{moment.replace(tzinfo=None).isoformat()}Z"
