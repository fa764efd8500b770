"""Making steps: the fields that all effects and records on a task share."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from agent_os.domain.effects import Record
from agent_os.domain.events import Event, EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Task


class About(TypedDict):
    repo_id: int
    repo: str
    number: int
    round: int
    why: str


def about(task: Task, why: str) -> About:
    """The fields that every effect on a task has."""
    return {
        "repo_id": task.repo_id,
        "repo": task.repo,
        "number": task.number,
        "round": task.round,
        "why": why,
    }


def event(task: Task, kind: EventKind, now: datetime, /, **data: object) -> Event:
    return Event(kind=kind, at=now, repo_id=task.repo_id, number=task.number, data=data)


def record(task: Task, *events: Event) -> Record:
    return Record(key=task.key, events=events)


def held(task: Task, now: datetime, reason: str, detail: str, next_step: str) -> Event:
    data = {"reason": reason, "detail": detail, "next_step": next_step}
    return event(task, EventKind.HELD, now, **data)


def incident(task: Task, now: datetime, signal: str, detail: str) -> Event:
    """Opened once per signal, ever: the store drops the event when the signal is known."""
    return event(task, EventKind.INCIDENT, now, signal=f"incident:{signal}", detail=detail)


def waiting(
    task: Task, reason: Reason, detail: str, now: datetime, until: datetime | None = None
) -> Record | None:
    """The reason as a fact; nothing when the task waits for just that already."""
    old = task.waiting
    if old and (old.reason, old.until) == (reason, until):
        return None
    data = {"reason": reason.value, "detail": detail, "until": until.isoformat() if until else None}
    return record(task, event(task, EventKind.WAITING, now, **data))
