"""What leaves us when work is done: a branch, its pull request, an answer, a closed issue."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.effects import (
    AskReview,
    CloseIssue,
    ClosePull,
    DeleteBranch,
    EditPull,
    OpenPull,
    PushBranch,
    Step,
)
from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import Mode, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import answers, descriptions, texts
from agent_os.policy.memory import learning
from agent_os.policy.steps import about, event, record


def finish(task: Task, now: datetime) -> Step | None:
    """After the merge: the issue is closed, the branch deleted, and the task done."""
    if task.finished_at:
        return None  # a person who reopens the issue afterwards is not contradicted
    if task.issue_open:
        return CloseIssue(**about(task, "its pull request is merged"))
    assert task.pull is not None
    if not task.branch_gone:
        return DeleteBranch(
            **about(task, "its pull request is merged"),
            branch=task.branch,
            expected=task.pull.head,
        )
    taught = learning.of_result(task, texts.lesson(task), task.pull.merged_sha)
    return record(
        task,
        event(task, EventKind.FINISHED, now, sha=task.pull.merged_sha, by=task.pull.merged_by),
        event(task, EventKind.LESSON, now, **taught),
    )


def close_pull(task: Task) -> Step | None:
    """After a cancellation: the branch stays."""
    if task.pull is None or task.pull.closed or task.cancelled is None:
        return None
    return ClosePull(
        **about(task, task.cancelled.reason),
        pull=task.pull.number,
        body=descriptions.pull_body(task),
    )


def deliver(task: Task, rules: RepoRules, base: str, now: datetime) -> Step | None:
    """A result that passed every gate: as an answer on the issue, or as a pull request."""
    assert task.result is not None
    if task.result.answer:
        return answers.next_step(task, rules, now)
    return _publish(task, rules, base)


def _publish(task: Task, rules: RepoRules, base: str) -> Step | None:
    """Push, then open; later results are pushed, then described anew."""
    assert task.result is not None
    if task.branch_head != task.result.head:
        return PushBranch(
            **about(task, "the result passed every gate"),
            branch=task.branch,
            sha=task.result.head,
            expected=task.branch_head,
        )
    body = descriptions.pull_body(task, rules.approving_label)
    if task.pull is None:
        return OpenPull(
            **about(task, "the branch is pushed"),
            branch=task.branch,
            head=task.result.head,
            base=base,
            title=texts.pull_title(task),
            body=body,
        )
    if task.pull.body_hash != texts.digest(body):
        return EditPull(**about(task, "there is new evidence"), pull=task.pull.number, body=body)
    if not task.pull.review_asked and _needs_review(task, rules):
        return AskReview(
            **about(task, "the requester reviews"),
            pull=task.pull.number,
            login=task.request.actor,
        )
    return None


def _needs_review(task: Task, rules: RepoRules) -> bool:
    """Nobody is asked to look at what merges by itself, unless the repository demands it."""
    waiting = task.waiting
    return rules.mode is not Mode.AUTO_MERGE or (
        waiting is not None and waiting.reason in (Reason.REVIEW_REQUIRED, Reason.NEEDS_APPROVAL)
    )
