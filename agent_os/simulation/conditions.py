"""How things are at a time: what the scenario says, what was planted, and what was mended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent_os.domain.failures import FailureCode
from agent_os.simulation.scenario import (
    AgentPlan,
    FaultKind,
    FaultPlan,
    ProviderPlan,
    RepositoryPlan,
    Scenario,
)

#: What a fault of size 1 does.
_LOGITS_A_WEEK = 1.0
_LESSON_LOGITS = 1.6
_REFUTED_LOGITS = 1.2
_FLAKY = 0.25
_REPAIRS = 0.45
_UNREADABLE = 0.25
_SETUP_TIMES = 7.0
_COST_A_WEEK = 0.6
#: As the templates' digest is.
_PROMPTS = ("5a1e0c9d2b7f", "c04f7e61d3aa")
#: No work is as hopeless, or as sure, as a line drawn on for months would have it.
_MOST_LOGITS = 4.0


@dataclass
class Planted:
    """One fault, and what became of it."""

    plan: FaultPlan
    repo: str
    agent: str
    begins: datetime
    found_at: datetime | None = None
    found_by: str = ""
    """What told of it: a signal's id, mostly."""
    filed: int = 0
    """The issue that was opened for it."""
    mended_at: datetime | None = None
    confirmed_at: datetime | None = None

    @property
    def kind(self) -> FaultKind:
        return self.plan.kind

    def active(self, now: datetime) -> bool:
        return self.begins <= now and (self.mended_at is None or now < self.mended_at)

    def weeks(self, now: datetime) -> float:
        return (now - self.begins) / timedelta(weeks=1)


@dataclass
class Conditions:
    scenario: Scenario
    planted: list[Planted] = field(default_factory=list[Planted])

    def __post_init__(self) -> None:
        self.add(self.scenario.faults)

    def add(self, plans: Sequence[FaultPlan]) -> list[Planted]:
        """Faults, each from its day of the scenario on."""
        made = [
            Planted(
                plan,
                plan.repository or self.scenario.repositories[0].name,
                plan.agent or self.scenario.agents[0].name,
                self.scenario.start + timedelta(days=plan.day),
            )
            for plan in plans
        ]
        self.planted += made
        return made

    def weeks(self, now: datetime) -> float:
        return (now - self.scenario.start) / timedelta(weeks=1)

    def at_work(
        self, kind: FaultKind, now: datetime, *, repo: str = "", agent: str = ""
    ) -> list[Planted]:
        """Faults of the kind that are there now, of this repository or agent."""
        return [
            p
            for p in self.planted
            if p.kind is kind and p.active(now) and repo in ("", p.repo) and agent in ("", p.agent)
        ]

    def repository(self, name: str) -> RepositoryPlan:
        return next(r for r in self.scenario.repositories if r.name == name)

    def agent(self, name: str) -> AgentPlan:
        return next(a for a in self.scenario.agents if a.name == name)

    def provider(self, name: str) -> ProviderPlan:
        return next(p for p in self.scenario.providers if p.name == name)

    def success(self, repo: str, agent: str, task_type: str, lessons: str, now: datetime) -> float:
        """In logits, of an attempt at a task of average difficulty."""
        plan = self.agent(agent)
        logits = logit(plan.success.get(task_type, plan.success.get("default", 0.7)))
        logits += plan.drift * self.weeks(now)
        for one in self.at_work(FaultKind.DEGRADING_AGENT, now, agent=agent):
            logits -= _LOGITS_A_WEEK * one.plan.size * one.weeks(now)
        for one in self.at_work(FaultKind.WRONG_LESSON, now, repo=repo):
            if lesson_of(one) in lessons:
                logits -= _LESSON_LOGITS * one.plan.size
        for one in self.planted:
            # Here the mend is what makes it worse.
            worse = one.kind is FaultKind.REFUTED_IMPROVEMENT and one.repo == repo
            if worse and one.mended_at is not None and one.mended_at <= now:
                logits -= _REFUTED_LOGITS * one.plan.size
        return max(-_MOST_LOGITS, min(_MOST_LOGITS, logits))

    def refusal(self, agent: str, now: datetime) -> tuple[FailureCode, datetime | None] | None:
        """Why the agent's provider refuses now, and until when it says so."""
        name = self.agent(agent).provider
        for one in self.at_work(FaultKind.DEAD_PROVIDER, now):
            if self.agent(one.agent).provider == name:
                return FailureCode.AUTH_FAILED, None
        day = (now - self.scenario.start) / timedelta(days=1)
        for outage in self.provider(name).outages:
            if outage.from_day <= day < outage.from_day + outage.days:
                return outage.failure, None
        return None

    def usd(self, agent: str, now: datetime) -> float:
        """Median of an attempt."""
        plan = self.agent(agent)
        times = (1 + plan.price_drift) ** self.weeks(now)
        for one in self.at_work(FaultKind.RISING_COST, now, agent=agent):
            times *= (1 + _COST_A_WEEK * one.plan.size) ** min(one.weeks(now), 4)
        return plan.usd * times

    def setup_seconds(self, repo: str, now: datetime) -> float:
        times = 1.0
        for one in self.at_work(FaultKind.SLOW_SETUP, now, repo=repo):
            times *= _SETUP_TIMES * one.plan.size
        return self.repository(repo).setup_seconds * times

    def flaky(self, repo: str, check: str, now: datetime) -> float:
        """How often a check fails without a reason."""
        plan = self.repository(repo)
        share = plan.flaky
        if check == next(iter(plan.checks), ""):
            for one in self.at_work(FaultKind.FLAKY_CHECK, now, repo=repo):
                share += _FLAKY * one.plan.size
        return min(share, 0.9)

    def missing_check(self, repo: str, now: datetime) -> str:
        """The check whose command is not there; empty: all are."""
        broken = self.at_work(FaultKind.WRONG_GATE, now, repo=repo)
        return list(self.repository(repo).checks)[-1] if broken else ""

    def prompt(self, agent: str, now: datetime) -> str:
        return _PROMPTS[bool(self.at_work(FaultKind.BREAKING_PROMPT, now))]

    def repairs(self, agent: str, now: datetime) -> float:
        """How often a result is asked for once more."""
        added = sum(_REPAIRS * p.plan.size for p in self.at_work(FaultKind.BREAKING_PROMPT, now))
        return min(0.95, self.agent(agent).repairs + added)

    def unreadable(self, now: datetime) -> float:
        """How often a repair does not help."""
        broken = self.at_work(FaultKind.BREAKING_PROMPT, now)
        return min(0.95, 0.15 + sum(_UNREADABLE * p.plan.size for p in broken))


def lesson_of(planted: Planted) -> str:
    """The text of the lesson that is wrong."""
    name = planted.repo.partition("/")[2]
    return f"Edit the generated files of {name} directly and leave the test fixtures as they are."


def logit(share: float) -> float:
    share = min(max(share, 0.001), 0.999)
    return math.log(share / (1 - share))


def share_of(logits: float) -> float:
    return 1 / (1 + math.exp(-logits))
