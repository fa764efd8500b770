"""The PR monitor's decisions: merge, wait, refresh, fix, verify or block."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from pydantic import Field

from agent_os.domain.attempts import Contract, Kind
from agent_os.domain.effects import MergePull, Record, Step
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.observed import Check, Checks, CheckState, PullSeen, Review
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import LimitRules, Mode, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import texts
from agent_os.policy.steps import about, event, held, incident, record, waiting

_CI_MAY_START = timedelta(minutes=1)
_STALE_READ = timedelta(minutes=2)


class PullFacts(Contract):
    """One task with a pull request, and all that was read about it in this turn."""

    task: Task
    rules: RepoRules
    limits: LimitRules
    now: datetime
    pull: PullSeen
    closed_by: str = ""
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


def decide(facts: PullFacts) -> Step | None:
    """The first row that says something; None: the engine is at work, or nothing has changed."""
    for row in _ROWS:
        found = row(facts)
        if found is not None:
            return None if isinstance(found, _Stop) else found
    return None


class _Stop(Enum):
    """A row's word that nothing is to be done now, and no later row is asked."""

    NOTHING = 0


_NOTHING = _Stop.NOTHING
Answer = Step | _Stop | None


def _merged(facts: PullFacts) -> Answer:
    """Merged by anyone: the task is done with it."""
    task = facts.task
    if not facts.pull.merged:
        return None
    assert task.pull is not None
    events: list[Event] = []
    if not task.pull.merged_sha:
        sha = facts.merge_sha or facts.pull.head
        by = facts.merged_by or facts.pull.merged_by
        events.append(event(task, EventKind.PULL_MERGED, facts.now, sha=sha, by=by))
    if task.issue_open and not facts.issue_open:
        events.append(event(task, EventKind.ISSUE_CLOSED, facts.now, by="GitHub"))
    return record(task, *events) if events else _NOTHING


def _closed(facts: PullFacts) -> Answer:
    """A person's close, or the deletion of our branch, is final for this round."""
    task = facts.task
    if facts.pull.open:
        return None
    assert task.pull is not None
    events: list[Event] = []
    if not task.pull.closed:
        events.append(event(task, EventKind.PULL_CLOSED, facts.now, by=facts.closed_by))
    if task.cancelled is None:
        reason = "branch_deleted" if facts.branch_deleted_by else "pull_closed"
        by = facts.branch_deleted_by or facts.closed_by
        events.append(event(task, EventKind.CANCELLED, facts.now, reason=reason, by=by))
    return record(task, *events) if events else _NOTHING


def _not_ours_to_move(facts: PullFacts) -> Answer:
    return _NOTHING if facts.task.cancelled or facts.paused else None


def _retargeted(facts: PullFacts) -> Answer:
    task, base = facts.task, facts.pull.base_ref
    if base == facts.default_branch or task.hold:
        return None
    detail = f"The pull request now goes into `{base}`; it was checked against the default branch."
    step = f"Point it at `{facts.default_branch}` again, then label the issue Ready."
    return record(task, held(task, facts.now, "retargeted", detail, step))


def _head_moved(facts: PullFacts) -> Answer:
    """A commit that we did not push: kept, and verified."""
    task, head = facts.task, facts.pull.head
    assert task.pull is not None
    if head == task.pull.head:
        return None
    known = {a.head for a in task.attempts} | {a.start for a in task.attempts}
    if head in known and facts.now - _pushed_at(task) < _STALE_READ:
        return _NOTHING  # a read older than our own push
    why = f"someone pushed {head[:7]} to the branch"
    return record(
        task,
        event(task, EventKind.PULL_HEAD_MOVED, facts.now, sha=head),
        event(task, EventKind.WORK_WANTED, facts.now, kind=Kind.VERIFY, why=why),
    )


def _held(facts: PullFacts) -> Answer:
    return _NOTHING if facts.task.hold else None


def _draft(facts: PullFacts) -> Answer:
    """While the engine is at work its own reasons stand: two writers would take turns for ever."""
    if not facts.pull.draft:
        return None
    return _NOTHING if _busy(facts.task) else _wait(facts, Reason.DRAFT)


def _busy(task: Task) -> bool:
    return bool(task.running or task.wanted or task.result is None)


def _changes_asked(facts: PullFacts) -> Answer:
    """A review by someone with permission that asks for changes goes back as a fix."""
    task = facts.task
    fresh = [
        r for r in facts.reviews if r.state == "changes_requested" and r.id not in task.seen_reviews
    ]
    if not fresh or task.running:
        return None
    feedback = texts.review_feedback(fresh, facts.comments)
    authors = ", ".join(dict.fromkeys(r.author for r in fresh))
    why = f"{authors} asked for changes"
    return record(
        task,
        event(task, EventKind.REVIEW_SEEN, facts.now, ids=[r.id for r in fresh]),
        event(task, EventKind.WORK_WANTED, facts.now, kind=Kind.FIX, why=why, feedback=feedback),
    )


def _engine_at_work(facts: PullFacts) -> Answer:
    task = facts.task
    published = task.result is not None and task.result.head == facts.pull.head
    return _NOTHING if _busy(task) or not published else None


def _text_changed(facts: PullFacts) -> Answer:
    task = facts.task
    assert task.result is not None
    if task.result.text_hash == task.spec.text_hash:
        return None
    why = "the issue's text changed after the work was verified"
    return _wanted(facts, Kind.FIX, why, "The issue's text has changed: see the task.")


def _conflict(facts: PullFacts) -> Answer:
    if facts.pull.mergeable_state == "dirty" or facts.pull.mergeable is False:
        return _wanted(facts, Kind.REFRESH, "it conflicts with its base")
    if facts.pull.mergeable is None:
        return _wait(facts, Reason.MERGEABILITY_UNKNOWN)
    return None


def _ci(facts: PullFacts) -> Answer:
    assert facts.head_checks is not None and facts.base_checks is not None
    head = {c.name: c for c in facts.head_checks.checks}
    base = {c.name: c for c in facts.base_checks.checks}
    expected = set(facts.required) or set(head) | set(base)
    if not expected:
        return _no_ci(facts)
    failed = [head[n] for n in sorted(expected & set(head)) if _is(head[n], CheckState.FAILURE)]
    if failed:
        return _red(facts, failed, base)
    asking = [n for n in sorted(expected & set(head)) if _is(head[n], CheckState.NEEDS_PERSON)]
    if asking:
        said = "; ".join(f"{n}: {head[n].summary}" for n in asking)
        return _wait(facts, Reason.CI_NEEDS_PERSON, said[:500])
    pending = [n for n in sorted(expected & set(head)) if _is(head[n], CheckState.PENDING)]
    if pending:
        return _wait(facts, Reason.CI_RUNNING, ", ".join(pending))
    missing = sorted(expected - set(head))
    return _wait(facts, Reason.CI_MISSING, ", ".join(missing)) if missing else None


def _is(check: Check, state: CheckState) -> bool:
    return check.state is state


def _no_ci(facts: PullFacts) -> Answer:
    """That a repository has no CI needs positive proof, and the owner's consent."""
    if facts.active_workflows:
        return _wait(facts, Reason.CI_MISSING, f"{facts.active_workflows} active workflows")
    if facts.now - _pushed_at(facts.task) < _CI_MAY_START:
        return _wait(facts, Reason.CI_MISSING, "the push is less than a minute ago")
    if facts.rules.mode is not Mode.AUTO_MERGE or facts.rules.merge_without_ci:
        return None
    return _wait(facts, Reason.NO_CI)


def _pushed_at(task: Task) -> datetime:
    assert task.pull is not None
    return task.pull.pushed_at or task.pull.opened_at


def _red(facts: PullFacts, failed: list[Check], base: dict[str, Check]) -> Answer:
    """What also fails on the base charges nobody; the rest goes back as a fix."""
    task = facts.task
    assert task.result is not None
    names = ", ".join(c.name for c in failed)
    before = facts.verified_base_checks
    old = {c.name: c for c in before.checks} if before else {}
    if all(_red_on(base, c.name) or _red_on(old, c.name) for c in failed):
        if facts.base_head != task.result.base:
            return _wanted(facts, Kind.REFRESH, "its base moved while checks fail on both")
        wait = _wait(facts, Reason.BASE_RED, names)
        opened = incident(task, facts.now, f"base_red:{facts.base_head}", names)
        return record(task, *wait.events, opened) if isinstance(wait, Record) else wait
    if any(c.name in base and _is(base[c.name], CheckState.PENDING) for c in failed):
        return _wait(facts, Reason.CI_RUNNING, f"{names}, on the base")
    feedback = texts.ci_feedback(failed, facts.logs)
    rejected = event(
        task,
        EventKind.RESULT_REJECTED,
        facts.now,
        attempt=task.result.attempt,
        code=FailureCode.CI_FAILED.value,
        detail=f"CI failed: {names}",
        signature=texts.digest("ci", *(n for c in failed for n in (c.name, _tail(facts, c)))),
    )
    why = f"CI failed: {names}"
    wanted = event(
        task, EventKind.WORK_WANTED, facts.now, kind=Kind.FIX, why=why, feedback=feedback
    )
    return record(task, rejected, wanted)


def _red_on(base: dict[str, Check], name: str) -> bool:
    return name in base and _is(base[name], CheckState.FAILURE)


def _tail(facts: PullFacts, check: Check) -> str:
    return texts.without_numbers(facts.logs.get(check.name, ""))


def _base_moved(facts: PullFacts) -> Answer:
    task = facts.task
    assert task.result is not None
    stale = facts.base_head != task.result.base and not facts.rules.allow_stale_base
    if stale and facts.rules.mode is Mode.AUTO_MERGE:
        return _wanted(facts, Kind.REFRESH, "its base moved after it was verified")
    return None


def _review(facts: PullFacts) -> Answer:
    latest: dict[str, Review] = {}
    for review in sorted(facts.reviews, key=lambda r: r.at):
        if review.state != "commented":
            latest[review.author] = review
    against = [r.author for r in latest.values() if r.state == "changes_requested"]
    if against:
        return _wait(facts, Reason.REVIEW_REQUIRED, f"of {', '.join(against)}")
    if facts.pull.mergeable_state == "blocked":
        return _wait(facts, Reason.REVIEW_REQUIRED)
    return None


def _person_merges(facts: PullFacts) -> Answer:
    return None if facts.rules.mode is Mode.AUTO_MERGE else _wait(facts, Reason.PERSON_MERGES)


def _merge(facts: PullFacts) -> Answer:
    task = facts.task
    assert task.pull is not None and task.result is not None
    return MergePull(
        **about(task, "verified, and every expected check succeeded"),
        pull=task.pull.number,
        sha=task.result.head,
        method=facts.method,
        title=f"{texts.pull_title(task)} (#{task.pull.number})",
    )


def _wanted(facts: PullFacts, kind: Kind, why: str, feedback: str = "") -> Record:
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


def _wait(facts: PullFacts, reason: Reason, detail: str = "") -> Step | _Stop:
    """Every wait for a machine has a limit, after which a person is told."""
    task, old = facts.task, facts.task.waiting
    limit = timedelta(minutes=facts.limits.ci_minutes)
    if reason in _WITH_LIMIT and old and old.reason is reason and facts.now - old.since > limit:
        said = f"It waited for {facts.limits.ci_minutes:g} minutes: {detail or reason.value}."
        step = "Look at the checks on the pull request, then label the issue Ready."
        return record(task, held(task, facts.now, reason.value, said, step))
    return waiting(task, reason, detail, facts.now) or _NOTHING


_ROWS: tuple[Callable[[PullFacts], Answer], ...] = (
    _merged,
    _closed,
    _not_ours_to_move,
    _retargeted,
    _head_moved,
    _held,
    _draft,
    _changes_asked,
    _engine_at_work,
    _text_changed,
    _conflict,
    _ci,
    _base_moved,
    _review,
    _person_merges,
    _merge,
)
