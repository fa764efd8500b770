"""What the PR monitor knows of one pull request, and the answers that its rows may give."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from pydantic import Field

from agent_os.domain.attempts import Kind
from agent_os.domain.contract import Contract
from agent_os.domain.effects import Record, Step
from agent_os.domain.events import EventKind
from agent_os.domain.observed import Checks, PullSeen, Review
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import LimitRules, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy.approving import Said, Worker
from agent_os.policy.steps import event, held, record, waiting


class PullFacts(Contract):
    """One task with a pull request, and all that was read about it in this turn."""

    task: Task
    rules: RepoRules
    limits: LimitRules
    now: datetime
    pull: PullSeen
    closed_by: str = ""
    closed_at: datetime | None = None
    branch_deleted_by: str = ""
    merged_by: str = ""
    merge_sha: str = ""
    issue_open: bool = True
    paused: bool = False
    default_branch: str
    base_head: str = ""
    head_checks: Checks | None = None
    base_checks: Checks | None = None
    verified_base_checks: Checks | None = None
    """Of the base that the result was verified on, when the branch has moved on from it."""
    required: tuple[str, ...] = ()
    active_workflows: int = 0
    reviews: tuple[Review, ...] = ()
    """By trusted people only."""
    comments: dict[int, tuple[str, ...]] = Field(default_factory=dict[int, tuple[str, ...]])
    """Of each review: its comments on lines."""
    logs: dict[str, str] = Field(default_factory=dict[str, str])
    """Of each failed check: the tail of its log."""
    method: Literal["merge", "squash", "rebase"] = "squash"
    main_red: str = ""
    """Since which merge of ours the default branch is red, in words; empty: it is not."""
    said: Said | None = None
    """Everybody's words on the pull request; None: not read."""
    merged: dict[Worker, int] = Field(default_factory=dict[Worker, int])
    """Of each agent whose work is on the branch: how many merges of it there were here."""
    github_now: datetime | None = None
    """By GitHub's clock; None: as `now`."""


class Stop(Enum):
    """A row's word that nothing is to be done now, and no later row is asked."""

    NOTHING = 0


NOTHING = Stop.NOTHING
Answer = Step | Stop | None


def pushed_at(task: Task) -> datetime:
    """When we last pushed to the pull request's branch."""
    assert task.pull is not None
    return task.pull.pushed_at or task.pull.opened_at


def wanted(facts: PullFacts, kind: Kind, why: str, feedback: str = "") -> Record:
    data = {"kind": kind.value, "why": why, "feedback": feedback}
    return record(facts.task, event(facts.task, EventKind.WORK_WANTED, facts.now, **data))


_WITH_LIMIT = (
    Reason.CI_RUNNING,
    Reason.CI_MISSING,
    Reason.MERGEABILITY_UNKNOWN,
    Reason.BASE_RED,
    Reason.CI_NEEDS_PERSON,
    Reason.NO_CI,
)


def wait(facts: PullFacts, reason: Reason, detail: str = "") -> Step | Stop:
    """Every wait for a machine has a limit, after which a person is told."""
    task, old = facts.task, facts.task.waiting
    limit = timedelta(minutes=facts.limits.ci_minutes)
    if reason in _WITH_LIMIT and old and old.reason is reason and facts.now - old.since > limit:
        said = f"It waited for {facts.limits.ci_minutes:g} minutes: {detail or reason.value}."
        step = "Look at the checks on the pull request, then label the issue Ready."
        return record(task, held(task, facts.now, reason.value, said, step))
    return waiting(task, reason, detail, facts.now) or NOTHING
