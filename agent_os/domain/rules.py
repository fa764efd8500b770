"""What the owner decided, as plain data: limits, labels, people, and a repository's mode."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from agent_os.domain.approvals import ApprovalRules
from agent_os.domain.attempts import GateOrder
from agent_os.domain.contract import Contract


class Mode(StrEnum):
    DRY_RUN = "dry-run"
    PULL_REQUEST = "pull-request"
    AUTO_MERGE = "auto-merge"


class LimitRules(Contract):
    attempts: int = Field(default=4, ge=1, le=50)
    environment_retries: int = Field(default=5, ge=0, le=50)
    concurrent_attempts: int = Field(default=2, ge=1, le=256)
    attempt_minutes: float = Field(default=40, gt=0, le=24 * 60)
    stall_minutes: float = Field(default=10, gt=0, le=24 * 60)
    check_minutes: float = Field(default=10, gt=0, le=24 * 60)
    review_minutes: float = Field(default=10, gt=0, le=24 * 60)
    triage_seconds: float = Field(default=60, gt=0, le=600)
    ci_minutes: float = Field(default=120, gt=0, le=7 * 24 * 60)
    backoff_seconds: float = Field(default=60, ge=0, le=24 * 3600)
    memory_mb_per_attempt: int = Field(default=500, ge=0)
    free_disk_mb: int = Field(default=500, ge=0)
    usd_per_attempt: float = Field(default=2, gt=0)
    usd_per_task: float = Field(default=5, gt=0)
    usd_per_day: float = Field(default=10, gt=0)
    changed_files: int = Field(default=GateOrder().max_files, ge=1)
    changed_lines: int = Field(default=GateOrder().max_lines, ge=1)
    file_mb: float = Field(default=5, gt=0, le=100)
    binary_kb: int = Field(default=500, ge=0, le=100_000)


class LabelRules(Contract):
    ready: str = "Ready"
    in_progress: str = "In Progress"
    in_review: str = "In Review"
    blocked: str = "Blocked"
    tests_may_change: str = "tests may change"
    approved: str = "agent-os: approved"
    proposal: str = "agent-os: proposal"
    exclude: tuple[str, ...] = ("wontfix", "duplicate", "invalid")

    @field_validator(
        "ready", "in_progress", "in_review", "blocked", "tests_may_change", "approved", "proposal"
    )
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip() or len(value) > 50:
            raise ValueError("a label has 1 to 50 characters")
        return value.strip()

    @model_validator(mode="after")
    def _distinct(self) -> LabelRules:
        names = [name.lower() for name in (*self.states, *self.words, self.proposal, *self.exclude)]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"`{doubled[0]}` stands for two things; each needs a label of its own")
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """Labels by which a person allows something."""
        return (self.tests_may_change, self.approved)

    @property
    def states(self) -> tuple[str, ...]:
        return (self.ready, self.in_progress, self.in_review, self.blocked)


class PeopleRules(Contract):
    """Who may give commands, besides or instead of those with write permission."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class AgentRules(Contract):
    """What the config says of one agent, as far as choosing it goes."""

    provider: str = ""
    """The account that it uses; empty: no model."""
    vendor: str = ""
    """Whose models get to see the code; empty: nobody's."""
    driver: str = "command"
    model: str = ""
    uses_model: bool = False
    missing_key: str = ""
    """The environment variable that should hold its key and does not."""


class RepoRules(Contract):
    """The config's word on one repository."""

    name: str
    mode: Mode
    merge_without_ci: bool = False
    allow_stale_base: bool = False
    chains: dict[str, tuple[str, ...]]
    """Agents in order, by task type; `default` is always there (maybe empty)."""
    best_first: bool = False
    """The chains are ordered by what was measured of the agents."""
    agents: dict[str, AgentRules]
    vendors: tuple[str, ...] | None = None
    """Who may see the repository's code; None: the vendors of its chain."""
    review: tuple[str, ...] = ()
    """Agents of which one looks at each result that passed the other gates."""
    thinker: AgentRules | None = None
    """The model that reads issues before agents do; None: nobody does."""
    approving_label: str = LabelRules().approved
    approvals: ApprovalRules = ApprovalRules()
    """What needs a person; the repository's own file may add to it."""

    def chain(self, task_type: str, agent_label: str = "") -> tuple[str, ...]:
        """The agents for one kind of task. A label on the issue puts one first."""
        chain = self.chains.get(task_type) or self.chains["default"]
        if agent_label in self.agents:
            chain = (agent_label, *(a for a in chain if a != agent_label))
        return chain
