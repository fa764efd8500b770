"""The contract of an attempt: `order.json` in, `evidence.json` and `outcome.json` out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from agent_os.domain.approvals import ApprovalRules, Ask
from agent_os.domain.contract import Contract
from agent_os.domain.failures import FailureCode
from agent_os.domain.profiles import Profiles
from agent_os.domain.prompts import PromptBudget, PromptParts
from agent_os.domain.requests import AgentRequest, Grant
from agent_os.domain.review import Review
from agent_os.domain.triage import Triage
from agent_os.domain.usage import Price, Spent


class Kind(StrEnum):
    IMPLEMENT = "implement"
    FIX = "fix"
    REFRESH = "refresh"
    VERIFY = "verify"
    TRIAGE = "triage"
    """A model reads the issue, before an agent does; no work dir, no gates."""


#: What a task ends in: a change of the repository's files, or an answer on its issue.
Deliverable = Literal["change", "answer"]


class ProviderOrder(Contract):
    """An account at a model vendor. The secret itself is in the runner's environment."""

    name: str
    api: Literal["anthropic", "openai", "openai-chat", "google"]
    vendor: str
    base_url: str = ""
    """Empty: the vendor's own."""
    key_variable: str


class AgentOrder(Contract):
    """How to launch the agent. `env` names variables of the runner's own environment."""

    name: str
    driver: str
    command: str = ""
    env: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    model: str = ""
    provider: ProviderOrder | None = None
    own_login: bool = False
    """It uses the login that the owner made with the program itself, and can read it."""
    price: Price | None = None
    """The owner's word on what the model costs; None: what the price list says."""


class ReviewOrder(Contract):
    """Another agent is to look at a result that passed all other gates."""

    reviewers: tuple[AgentOrder, ...] = ()
    """Best first; none: nobody may at this time, so that there is no pass either."""
    nobody: str = ""
    """Why there is none."""
    seconds: int = 600
    """For each of them."""
    known: Review | None = None
    """Of the result before: the same change is not looked at again."""


class GateOrder(Contract):
    """What the result is held against. Everything comes from the base branch or the config."""

    setup: str = ""
    checks: dict[str, str] = Field(default_factory=dict)
    protected_paths: tuple[str, ...] = ()
    max_files: int = 200
    max_lines: int = 10_000
    file_bytes: int = 5_000_000
    binary_bytes: int = 500_000
    secrets_ignored: tuple[str, ...] = ()
    """Paths in which what looks like a token is a fake."""
    tests_may_change: str = ""
    """Who allowed the tests to be weakened (a login); empty: nobody."""
    check_seconds: int = 600
    approvals: ApprovalRules = ApprovalRules()
    """What of the change needs a person; it fails nothing here."""


class Limits(Contract):
    deadline: datetime
    stall_seconds: int
    output_bytes: int = 50_000_000
    free_disk_mb: int = 0
    """What must stay free on the disk while something runs; 0: nothing is asked for."""
    usd: float | None = None
    """What the attempt may cost; checked after each turn of the agent, so one turn may go over."""


class Order(Contract):
    """Everything an attempt needs. Paths are relative to the attempt directory.

    `base` is the commit the result will be merged into; `start` is the commit the work dir
    starts from: the base itself for `implement`, the branch's head for the other kinds.
    """

    version: Literal[1] = 1
    task: str
    """`owner/repo#12`, for people."""
    slug: str
    """`<repository id>-<issue>`: our refs are `refs/agent-os/attempts/<slug>/<round>.<number>/`."""
    round: int
    number: int
    fence: int
    kind: Kind
    base: str
    base_branch: str
    start: str
    title: str
    mirror: str
    agent: AgentOrder | None
    """None for `verify`: gates only."""
    thinker: AgentOrder | None = None
    """`triage` only: the model to ask; no program is launched."""
    parts: PromptParts = PromptParts()
    sources: dict[str, str] = Field(default_factory=dict)
    """Who wrote each part, for the line above it."""
    removed: str = ""
    """What was hidden in the texts and is left out of them, in words."""
    budget: PromptBudget = PromptBudget()
    lessons: tuple[str, ...] = ()
    """Ids of the lessons that the agent is told."""
    gates: GateOrder
    review: ReviewOrder | None = None
    """None: no review is configured."""
    limits: Limits
    deliverable: Deliverable = "change"
    grant: Grant = Grant()
    """What the agent may ask for, as it is told; what it gets is decided when it has ended."""
    sections: tuple[str, ...] = ()
    """Headings that the issue asks for in an answer."""
    redo: bool = False
    """`refresh` only: a plain merge was tried and failed the gates; the agent works on the base."""
    sandbox: Literal["auto", "bwrap", "docker", "podman", "none"] = "auto"
    sandbox_image: str = ""
    """What runs in a container runs in this image."""
    profiles: Profiles = Profiles()
    """What its programs may use, by their role."""
    author_name: str = "agent-os"
    author_email: str = "agent-os@localhost"
    commit_message: str


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNAVAILABLE = "unavailable"
    NONE = "none configured"


class GateResult(Contract):
    """One external check. `detail` is one line for people; `log` the bounded tail of its output."""

    name: str
    verdict: Verdict
    detail: str = ""
    command: str = ""
    before: Verdict | None = None
    """The same check on the base, where that makes sense."""
    code: FailureCode | None = None
    """Why it failed; None unless the verdict is `fail` or `unavailable`."""
    log: str = ""
    signature: str = ""
    """Equal when it failed in the same way; empty: made from detail and log."""
    seconds: float = 0.0


class Evidence(Contract):
    """What the gates saw, for the exact commits `base` and `head`."""

    base: str
    head: str
    sandbox: str
    gates: tuple[GateResult, ...]
    review: Review | None = None
    asks: tuple[Ask, ...] = ()
    """Why a person has to approve the change before it is merged."""
    asked: ApprovalRules | None = None
    """The rules that `asks` were found by; None: nobody looked."""
    setup_seconds: float = 0.0
    """Of all runs of the setup command together."""


class ReviewerRun(Contract):
    """How a reviewer ended. `code` None: it gave a verdict that can be read."""

    agent: str
    code: FailureCode | None = None
    detail: str = ""
    resets_at: datetime | None = None
    spent: Spent | None = None


class Handoff(Contract):
    """What one attempt leaves for the next. Each part is bounded by its writer."""

    attempted: str = ""
    changed: str = ""
    remains: str = ""
    failed: str = ""
    next: str = ""


class Findings(Contract):
    """Sections of the result file that are kept for the groomer."""

    remaining: str = ""
    risks: str = ""
    manual_steps: str = ""


class KeptRef(Contract):
    ref: str
    sha: str


class Outcome(Contract):
    """How an attempt ended. Complete exactly when `code` is None."""

    version: Literal[1] = 1
    round: int
    number: int
    fence: int
    code: FailureCode | None
    detail: str = ""
    """One or two sentences for a person: what happened, with the fact that shows it."""
    signature: str = ""
    """Normalized fingerprint of the failure: equal when the same thing failed again."""
    head: str | None = None
    """The commit to publish; None when there is nothing to publish, or an answer instead."""
    answer: str = ""
    """What to post on the issue, Markdown; only from a complete attempt that was to answer."""
    requests: tuple[AgentRequest, ...] = ()
    """What the agent asks of the outside; nothing of it is granted yet."""
    work: str | None = None
    """The newest commit that was kept of the work, also when it failed."""
    base: str
    changed_files: int = 0
    paths: tuple[str, ...] = ()
    """The first of them."""
    prompt: str = ""
    """Version of the templates of its prompt; empty without an agent."""
    repaired: bool = False
    """It was asked once more for a result that can be read."""
    insertions: int = 0
    deletions: int = 0
    summary: str = ""
    """What and why, from the result file, or empty."""
    agent: str = ""
    exit_code: int | None = None
    resets_at: datetime | None = None
    """When the provider that refused says that it is well again."""
    spent: Spent | None = None
    """None: no model was used."""
    sandbox: str = ""
    started_at: datetime
    ended_at: datetime
    evidence: Evidence | None = None
    reviewers: tuple[ReviewerRun, ...] = ()
    """All that were asked to look at the result."""
    handoff: Handoff = Handoff()
    findings: Findings = Findings()
    kept: tuple[KeptRef, ...] = ()
    """Every ref in `work.bundle`."""
    triage: Triage | None = None
    """Of a complete `triage`."""
