"""The pictures of a task on GitHub: label, status comment, and a notice when a person is needed."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.effects import EditComment, SetLabels, Step, WriteComment
from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.records import ISSUE_GONE
from agent_os.domain.rules import LabelRules
from agent_os.domain.tasks import Status, Task
from agent_os.policy import approval_words, descriptions, texts
from agent_os.policy.steps import about, event, record

_BY_PERSON = "held_by_person"


def decide(task: Task, labels: LabelRules) -> Step | None:
    """The next change that brings the picture up to date; None when it is."""
    if task.cancelled and task.cancelled.reason == ISSUE_GONE:
        return None  # there is nothing to draw on
    return _notice(task, labels) or _label(task, labels) or _status_comment(task)


def settle(task: Task, now: datetime) -> Step | None:
    """For a task whose picture is up to date: note that it is over, if it is."""
    pull_open = task.pull is not None and not (task.pull.closed or task.pull.merged_sha)
    over = task.status in (Status.DONE, Status.CANCELLED) and not (task.running or pull_open)
    return record(task, event(task, EventKind.SETTLED, now)) if over else None


def label_of(status: Status, labels: LabelRules) -> str:
    """The label that shows a state; done and cancelled have none."""
    return {
        Status.READY: labels.ready,
        Status.QUEUED: labels.in_progress,
        Status.RUNNING: labels.in_progress,
        Status.IN_REVIEW: labels.in_review,
        Status.BLOCKED: labels.blocked,
    }.get(status, "")


def _label(task: Task, labels: LabelRules) -> Step | None:
    status = task.status
    if status is Status.READY:
        return None  # the person's own label says it
    wanted = label_of(status, labels)
    present = {label.lower() for label in task.labels}
    # While an attempt is being stopped, a new `Ready` waits to be read: it is left alone.
    unread = task.cancelled is not None and task.running is not None
    ours = [s for s in labels.states if not (unread and s == labels.ready)]
    remove = tuple(s for s in ours if s != wanted and s.lower() in present)
    add = (wanted,) if wanted and wanted.lower() not in present else ()
    if not add and not remove and task.shown.label == wanted:
        return None
    return SetLabels(
        **about(task, f"it is {status}"), label=wanted, add=add, remove=remove, node=task.node
    )


def _status_comment(task: Task) -> Step | None:
    if task.claimed_at is None or task.shown.comment_gone or not _worth_showing(task):
        return None
    body = descriptions.status_comment(task)
    if task.shown.comment_hash == texts.digest(body):
        return None
    why = f"it is {task.status}"
    if not task.shown.comment_id:
        return WriteComment(**about(task, why), purpose="status", state=task.status, body=body)
    return EditComment(**about(task, why), comment=task.shown.comment_id, body=body)


def _worth_showing(task: Task) -> bool:
    """The first word when an attempt has begun; a round that ended before it needs none."""
    return bool(task.attempts) or task.hold is not None or bool(task.shown.comment_id)


def _notice(task: Task, labels: LabelRules) -> Step | None:
    """GitHub tells nobody of an edit, so what a person must notice is a new comment."""
    told = task.shown.told
    held = task.hold if task.status is Status.BLOCKED else None
    if held is not None and held.reason != _BY_PERSON:
        state = f"blocked:{held.since.isoformat()}"
        body = texts.blocked_notice(task, labels.ready)
    elif task.status is Status.DONE and (task.children or told.startswith("blocked:")):
        state, body = "done", texts.done_notice(task)
    elif _waits_for_approval(task):
        state = f"approval:{task.pull.approved_head if task.pull else ''}"
        body = approval_words.notice(task, labels.approved)
    elif task.status in (Status.DONE, Status.CANCELLED) and _reopened(task):
        state, body = f"reopened:{task.round}", texts.reopened_notice(task, labels.ready)
    else:
        return None
    if told == state:
        return None
    return WriteComment(**about(task, state), purpose="notice", state=state, body=body)


def _waits_for_approval(task: Task) -> bool:
    """Once a round; and once more when one was given, and new commits made it void."""
    waiting = task.waiting
    return (
        task.status is Status.IN_REVIEW
        and waiting is not None
        and waiting.reason is Reason.NEEDS_APPROVAL
    )


def _reopened(task: Task) -> bool:
    if task.answered and not task.reopened:
        return False  # who asked closes the issue, or asks again
    ended_by_close = task.status is Status.DONE or (
        task.cancelled is not None and task.cancelled.reason == "issue_closed"
    )
    return ended_by_close and task.issue_open
