"""The PR monitor's decisions: merge, wait, refresh, fix, verify or block."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import MergePull, Step
from agent_os.domain.events import Event, EventKind
from agent_os.domain.observed import Review
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import Mode
from agent_os.domain.tasks import Task
from agent_os.policy import approval_rows, ci, texts
from agent_os.policy.pull_facts import (
    NOTHING,
    Answer,
    PullFacts,
    Stop,
    pushed_at,
    wait,
    wanted,
)
from agent_os.policy.steps import about, event, held, record

_STALE_READ = timedelta(minutes=2)


def decide(facts: PullFacts) -> Step | None:
    """The first row that says something; None: the engine is at work, or nothing has changed."""
    for row in _ROWS:
        found = row(facts)
        if found is not None:
            return None if isinstance(found, Stop) else found
    return None


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
    return record(task, *events) if events else NOTHING


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
        ended = {"reason": reason, "by": by}
        if facts.closed_at:
            ended["acted_at"] = facts.closed_at.isoformat()
        events.append(event(task, EventKind.CANCELLED, facts.now, **ended))
    return record(task, *events) if events else NOTHING


def _not_ours_to_move(facts: PullFacts) -> Answer:
    return NOTHING if facts.task.cancelled or facts.paused else None


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
    if head in known and facts.now - pushed_at(task) < _STALE_READ:
        return NOTHING  # a read older than our own push
    why = f"someone pushed {head[:7]} to the branch"
    return record(
        task,
        event(task, EventKind.PULL_HEAD_MOVED, facts.now, sha=head, github_at=_github_time(facts)),
        event(task, EventKind.WORK_WANTED, facts.now, kind=Kind.VERIFY, why=why),
    )


def _github_time(facts: PullFacts) -> str:
    return (facts.github_now or facts.now).isoformat()


def _held(facts: PullFacts) -> Answer:
    return NOTHING if facts.task.hold else None


def _draft(facts: PullFacts) -> Answer:
    """While the engine is at work its own reasons stand: two writers would take turns for ever."""
    if not facts.pull.draft:
        return None
    return NOTHING if _busy(facts.task) else wait(facts, Reason.DRAFT)


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
    return NOTHING if _busy(task) or not published else None


def _text_changed(facts: PullFacts) -> Answer:
    task = facts.task
    assert task.result is not None
    if task.result.text_hash == task.spec.text_hash:
        return None
    why = "the issue's text changed after the work was verified"
    return wanted(facts, Kind.FIX, why, "The issue's text has changed: see the task.")


def _conflict(facts: PullFacts) -> Answer:
    if facts.pull.mergeable_state == "dirty" or facts.pull.mergeable is False:
        return wanted(facts, Kind.REFRESH, "it conflicts with its base")
    if facts.pull.mergeable is None:
        return wait(facts, Reason.MERGEABILITY_UNKNOWN)
    return None


def _base_moved(facts: PullFacts) -> Answer:
    task = facts.task
    assert task.result is not None
    stale = facts.base_head != task.result.base and not facts.rules.allow_stale_base
    if stale and facts.rules.mode is Mode.AUTO_MERGE:
        return wanted(facts, Kind.REFRESH, "its base moved after it was verified")
    return None


def _review(facts: PullFacts) -> Answer:
    latest: dict[str, Review] = {}
    for review in sorted(facts.reviews, key=lambda r: r.at):
        if review.state != "commented":
            latest[review.author] = review
    against = [r.author for r in latest.values() if r.state == "changes_requested"]
    if against:
        return wait(facts, Reason.REVIEW_REQUIRED, f"of {', '.join(against)}")
    if facts.pull.mergeable_state == "blocked":
        return wait(facts, Reason.REVIEW_REQUIRED)
    return None


def _person_merges(facts: PullFacts) -> Answer:
    return None if facts.rules.mode is Mode.AUTO_MERGE else wait(facts, Reason.PERSON_MERGES)


def _main_red(facts: PullFacts) -> Answer:
    return wait(facts, Reason.MAIN_RED, facts.main_red) if facts.main_red else None


def _merge(facts: PullFacts) -> Answer:
    task = facts.task
    assert task.pull is not None and task.result is not None
    by = task.pull.approved_by if task.pull.approved_head == task.result.head else ""
    said = "verified, and every expected check succeeded" + (f"; approved by {by}" if by else "")
    return MergePull(
        **about(task, said),
        pull=task.pull.number,
        sha=task.result.head,
        method=facts.method,
        title=f"{texts.pull_title(task)} (#{task.pull.number})",
    )


_ROWS: tuple[Callable[[PullFacts], Answer], ...] = (
    _merged,
    _closed,
    _not_ours_to_move,
    _retargeted,
    _head_moved,
    _held,
    _draft,
    approval_rows.void,
    _changes_asked,
    _engine_at_work,
    _text_changed,
    _conflict,
    ci.judge,
    _base_moved,
    _review,
    approval_rows.needed,
    _person_merges,
    _main_red,
    _merge,
)
