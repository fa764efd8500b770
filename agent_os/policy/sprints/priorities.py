"""Which queued tasks go first while a sprint runs, and why. A person's label goes before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent_os.domain.effects import Record
from agent_os.domain.events import EventKind
from agent_os.domain.tasks import Status, Task
from agent_os.policy.sprints.plan import Plan
from agent_os.policy.steps import event, record

_WAITING = (Status.READY, Status.QUEUED)


def decide(plan: Plan | None, tasks: Sequence[Task], now: datetime) -> list[Record]:
    """For tasks that wait, where the plan gives another priority than they have. `plan` None: no
    sprint is running."""
    steps: list[Record] = []
    for task in tasks:
        if task.status not in _WAITING or _labelled(task):
            continue
        priority, why = _wanted(plan, task.number)
        if priority != (task.planned_priority or 0):
            said = event(task, EventKind.PRIORITY_SET, now, priority=priority, why=why)
            steps.append(record(task, said))
    return steps


def _labelled(task: Task) -> bool:
    return any(label.lower().startswith("priority:") for label in task.labels)


def _wanted(plan: Plan | None, number: int) -> tuple[int, str]:
    if plan is None:
        return 0, "no sprint is running"
    name = f"sprint {plan.sprint}"
    mine = next((item for item in plan.chosen if item.number == number), None)
    if mine is None:
        return 0, f"it is not in {name}"
    after = [f"#{item.number}" for item in plan.chosen if number in item.needs]
    if after:
        return 1, f"{name}: {', '.join(after[:5])} wait for it"
    if mine.serves:
        aims = [aim.words for aim in plan.aims if aim.name in mine.serves]
        return 1, f"{name}: it serves {', '.join(aims[:3])}"
    return 0, f"{name}: nothing waits for it, and no objective asks for it"
