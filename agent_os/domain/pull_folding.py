"""What events about a task's branch and pull request do to it: pure, as all of `folding.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agent_os.domain.approvals import Asked
from agent_os.domain.events import Event, EventKind
from agent_os.domain.records import Pull
from agent_os.domain.tasks import Task


def _branch_pushed(task: Task, event: Event) -> Task:
    update: dict[str, object] = {"branch_head": event.data["sha"]}
    if task.pull:
        known = event.data.get("github_at")
        head_at = datetime.fromisoformat(known) if known else event.at
        pushed = {"head": event.data["sha"], "pushed_at": event.at, "head_at": head_at}
        update["pull"] = task.pull.model_copy(update=pushed)
    return task.model_copy(update=update)


def _branch_deleted(task: Task, _event: Event) -> Task:
    return task.model_copy(update={"branch_gone": True})


def _pull_opened(task: Task, event: Event) -> Task:
    pull = Pull(opened_at=event.at, **event.data)
    return task.model_copy(update={"pull": pull, "waiting": None})


def _on_pull(task: Task, **update: object) -> Task:
    if task.pull is None:
        return task
    return task.model_copy(update={"pull": task.pull.model_copy(update=update)})


def _pull_edited(task: Task, event: Event) -> Task:
    return _on_pull(task, body_hash=event.data["body_hash"])


def _pull_head_moved(task: Task, event: Event) -> Task:
    known = event.data.get("github_at")
    head_at = datetime.fromisoformat(known) if known else event.at
    moved = _on_pull(task, head=event.data["sha"], head_at=head_at)
    return moved.model_copy(update={"branch_head": event.data["sha"], "result": None})


def _pull_merged(task: Task, event: Event) -> Task:
    merged = _on_pull(
        task, merged_sha=event.data["sha"], merged_by=event.data["by"], merged_at=event.at
    )
    return merged.model_copy(update={"hold": None, "waiting": None})


def _pull_closed(task: Task, _event: Event) -> Task:
    return _on_pull(task, closed=True)


def _review_asked(task: Task, _event: Event) -> Task:
    return _on_pull(task, review_asked=True)


def _approval_asked(task: Task, event: Event) -> Task:
    asked = {"head": event.data["head"], "asks": event.data["asks"]}
    return _on_pull(task, asked=Asked.model_validate(asked))


def _approved(task: Task, event: Event) -> Task:
    return _on_pull(task, approved_head=event.data["head"], approved_by=event.data["by"])


PULL_CHANGES: dict[EventKind, Callable[[Task, Event], Task]] = {
    EventKind.BRANCH_PUSHED: _branch_pushed,
    EventKind.BRANCH_DELETED: _branch_deleted,
    EventKind.PULL_OPENED: _pull_opened,
    EventKind.PULL_EDITED: _pull_edited,
    EventKind.PULL_HEAD_MOVED: _pull_head_moved,
    EventKind.PULL_MERGED: _pull_merged,
    EventKind.PULL_CLOSED: _pull_closed,
    EventKind.REVIEW_ASKED: _review_asked,
    EventKind.APPROVAL_ASKED: _approval_asked,
    EventKind.APPROVED: _approved,
}
