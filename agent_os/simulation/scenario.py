"""What a simulated organization is made of. Read from YAML; `scenarios/` has examples."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from agent_os.config.agents import AgentName, Settings
from agent_os.config.improvement import ImprovementSettings
from agent_os.config.loading import read_yaml
from agent_os.config.services import ScheduleSettings
from agent_os.config.settings import RepoName
from agent_os.domain.errors import ConfigError
from agent_os.domain.failures import FailureCode
from agent_os.domain.rules import LimitRules, Mode
from agent_os.policy.cadence import Cadence

#: A Monday.
_START = datetime(2026, 3, 2, tzinfo=UTC)


THINKER = "thinker"


class FaultKind(StrEnum):
    """What may be wrong with an organization, and has to be found by its own record."""

    WRONG_GATE = "wrong_gate"
    """A check's command is not there."""
    DEGRADING_AGENT = "degrading_agent"
    """One agent succeeds less and less."""
    BREAKING_PROMPT = "breaking_prompt"
    """A new version of the prompt leads to results that can't be read."""
    FLAKY_CHECK = "flaky_check"
    """A check fails at random."""
    DEAD_PROVIDER = "dead_provider"
    """A provider refuses our key."""
    RISING_COST = "rising_cost"
    """One agent's tokens cost more and more."""
    DUPLICATE_ISSUES = "duplicate_issues"
    """People ask for the same again in other words."""
    STALE_DEPENDENCY = "stale_dependency"
    """The lock file is old while the code goes on."""
    WRONG_LESSON = "wrong_lesson"
    """Attempts that are told a certain lesson fail more."""
    REFUTED_IMPROVEMENT = "refuted_improvement"
    """What the organization gave itself to do makes its figure worse."""
    SLOW_SETUP = "slow_setup"
    """The setup command takes much longer than it did."""
    EAGER_GROOMER = "eager_groomer"
    """People contradict what the groomer proposes."""


class FaultPlan(Settings):
    kind: FaultKind
    day: float = Field(default=7, ge=0)
    repository: RepoName | None = None
    """None: the first one."""
    agent: AgentName | None = None
    """None: the first one, of whose provider and prompt it also is."""
    size: float = Field(default=1, gt=0)
    """Times its usual size."""


class RepositoryPlan(Settings):
    name: RepoName
    mode: Mode = Mode.AUTO_MERGE
    issues_per_week: float = Field(default=8, ge=0)
    setup_seconds: float = Field(default=40, ge=0)
    checks: dict[str, float] = Field(default_factory=lambda: {"test": 90.0, "lint": 12.0})
    """Name to seconds."""
    flaky: float = Field(default=0.004, ge=0, le=1)
    """How often a check fails without a reason."""
    ci_seconds: float = Field(default=240, gt=0)
    ci_red: float = Field(default=0.03, ge=0, le=1)
    """How often CI finds what the gates did not."""


class AgentPlan(Settings):
    name: AgentName
    provider: AgentName
    success: dict[str, float] = Field(default_factory=lambda: {"default": 0.72})
    """Of an attempt at a task of average difficulty, by task type."""
    minutes: float = Field(default=11, gt=0)
    """Median."""
    usd: float = Field(default=0.5, ge=0)
    """Median, of an attempt."""
    spread: float = Field(default=0.45, ge=0, le=2)
    """Sigma of the logarithms of minutes and US dollars."""
    repairs: float = Field(default=0.03, ge=0, le=1)
    """How often a result has to be asked for once more."""
    drift: float = 0.0
    """Logits a week that its success moves by."""
    price_drift: float = 0.0
    """Share a week that its cost moves by."""


class Outage(Settings):
    """A window in which a provider refuses."""

    from_day: float = Field(ge=0)
    days: float = Field(gt=0)
    code: Literal["rate_limited", "quota_exhausted", "overloaded", "auth_failed"] = "overloaded"

    @property
    def failure(self) -> FailureCode:
        return FailureCode(self.code)


class ProviderPlan(Settings):
    name: AgentName
    outages: tuple[Outage, ...] = ()


class ThinkerPlan(Settings):
    """A model for the organization's own thinking: the only thing here that is really asked."""

    base_url: str
    api: Literal["anthropic", "openai", "openai-chat", "google"] = "openai-chat"
    model: str = "thinker-1"


class PeoplePlan(Settings):
    """Delays are working hours (nine to five, Monday to Friday), means of random ones."""

    ready: float = Field(default=0.85, ge=0, le=1)
    """Share of their issues that they label Ready at once."""
    labelled: float = Field(default=0.7, ge=0, le=1)
    """Share of their issues with a label for the type."""
    review_hours: float = Field(default=3, gt=0)
    answer_hours: float = Field(default=4, gt=0)
    """Until they look at a task that needs them, or at an issue that we filed."""
    asks_changes: float = Field(default=0.08, ge=0, le=1)
    """Of a pull request that they merge themselves."""
    retries: float = Field(default=0.75, ge=0, le=1)
    """Of the tasks that need them; the others they close."""
    accepts: float = Field(default=0.8, ge=0, le=1)
    """Of the issues that we filed: labelled Ready; the others are closed as not planned."""
    approves: bool = True
    """A planned sprint."""
    defects: float = Field(default=0.05, ge=0, le=1)
    """Of merged changes: they are reverted within days."""


class Scenario(Settings):
    name: str = ""
    seed: int = 1
    weeks: float = Field(default=4, gt=0, le=60)
    start: datetime = _START
    repositories: tuple[RepositoryPlan, ...] = Field(min_length=1)
    agents: tuple[AgentPlan, ...] = (AgentPlan(name="swift", provider="north"),)
    providers: tuple[ProviderPlan, ...] = (ProviderPlan(name="north"),)
    thinker: ThinkerPlan | None = None
    """None: everything is done without a model."""
    people: PeoplePlan = PeoplePlan()
    faults: tuple[FaultPlan, ...] = ()
    limits: LimitRules = LimitRules(usd_per_day=100, concurrent_attempts=4)
    schedule: ScheduleSettings = ScheduleSettings(**{"strategic-planner": Cadence("0 8 * * *")})
    improvement: ImprovementSettings = ImprovementSettings()
    routing: dict[str, tuple[AgentName, ...]] = Field(default_factory=dict[str, Any])

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        known = {provider.name for provider in self.providers}
        for agent in self.agents:
            if agent.provider not in known:
                raise ValueError(f"agent `{agent.name}`: no provider `{agent.provider}`")
        repositories = {r.name for r in self.repositories}
        agents = {a.name for a in self.agents}
        for fault in self.faults:
            if fault.repository and fault.repository not in repositories:
                raise ValueError(f"fault `{fault.kind}`: no repository `{fault.repository}`")
            if fault.agent and fault.agent not in agents:
                raise ValueError(f"fault `{fault.kind}`: no agent `{fault.agent}`")
        if THINKER in known:
            raise ValueError(f"provider `{THINKER}`: that name is the thinker's")
        if self.start.tzinfo is None:
            raise ValueError("`start` needs a time zone: `2026-03-02T00:00:00Z`")
        return self


def load(path: Path) -> Scenario:
    """ConfigError names the line."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from error
    return read_yaml(content, Scenario, str(path))
