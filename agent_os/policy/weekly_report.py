"""What a weekly report is made of: plain data, for pages, Markdown and programs alike."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.contract import Contract
from agent_os.domain.failures import FailureCode, Family
from agent_os.domain.signals import Hypothesis
from agent_os.policy.metrics.figures import Value


class DoneLine(Contract):
    task: str
    title: str
    link: str
    how: str
    """`merged`, `answered` or `reverted`."""
    agent: str
    attempts: int
    hours: float
    """From the request."""
    usd: float
    own: bool
    """The organization gave it to itself."""


class FailureLine(Contract):
    """Rounds with an attempt that failed for the same reason."""

    family: Family
    code: FailureCode
    rounds: int
    samples: int
    """Rounds that ended in the week or go on."""
    low: float
    high: float
    tasks: tuple[str, ...]
    """Some of them, the newest first."""
    example: str
    what_to_do: str


class FigureLine(Contract):
    name: str
    title: str
    unit: str
    goal: str
    about: str
    week: Value
    before: Value
    """The week before."""
    weeks: Value
    """All weeks of the trend."""


class Point(Contract):
    week: str
    value: Value


class Trend(Contract):
    name: str
    title: str
    unit: str
    goal: str
    about: str
    points: tuple[Point, ...]


class AgentLine(Contract):
    agent: str
    values: tuple[Value, ...]
    """Of `COMPARED`, over all weeks."""


class CostLine(Contract):
    agent: str
    values: tuple[Value, ...]
    """Of `SPENT`, in the week."""
    unpriced: int
    """How many of its attempts used a model whose price is not known."""


class PlanLine(Contract):
    what: str
    name: str
    title: str
    link: str = ""


class NeedLine(Contract):
    """A person is needed."""

    name: str
    why: str
    next_step: str
    link: str = ""
    since: datetime | None = None


class Commands(Contract):
    """What prints the numbers of this report."""

    report: str
    """All of it once more; its lists are those of now."""
    week: str
    failures: str
    costs: str
    before: str
    weeks: str
    trend: str
    agents: str


class WeeklyReport(Contract):
    scope: str
    week: str
    since: datetime
    until: datetime
    made_at: datetime
    asked: int
    """Rounds that were asked for in the week."""
    done: tuple[DoneLine, ...]
    done_count: int
    attempt_failures: Value
    usd: Value
    failures: tuple[FailureLine, ...]
    figures: tuple[FigureLine, ...]
    trends: tuple[Trend, ...]
    agents: tuple[AgentLine, ...]
    costs: tuple[CostLine, ...]
    hypotheses: tuple[Hypothesis, ...]
    planned: tuple[PlanLine, ...]
    planned_count: int
    needs: tuple[NeedLine, ...]
    needs_count: int
    commands: Commands
