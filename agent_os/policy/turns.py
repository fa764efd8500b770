"""Whose turn it is: merges, and the refreshes before them, are one at a time in a repository.

Each merge moves the base for all others. Bringing all of them onto each new base would cost as many
attempts as there are pull requests, for each merge; so only the next one is brought up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import MergePull, Record, Step
from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Task, TaskKey
from agent_os.policy.steps import waiting

#: Up to date, and about to be merged: the base had better stay as it is.
_NEARLY_MERGED = (Reason.CI_RUNNING, Reason.MERGEABILITY_UNKNOWN)

Decided = tuple[Step, int]


def in_turn(
    steps: Sequence[Decided], tasks: Sequence[Task], base_head: str, now: datetime
) -> list[Decided]:
    """`steps` with all merges and refreshes but the first one's replaced by a wait."""
    by_key = {task.key: task for task in tasks}
    ordered = sorted(steps, key=lambda decided: _rank(by_key[decided[0].key], decided[0]))
    taken = any(_has_the_turn(task, base_head) for task in tasks)
    kept: list[Decided] = []
    for step, seen in ordered:
        if not isinstance(step, MergePull) and not _refreshes(step):
            kept.append((step, seen))
        elif not taken or (isinstance(step, MergePull) and not _merges(kept)):
            kept.append((step, seen))
            taken = True
        elif wait := waiting(by_key[step.key], Reason.MERGE_QUEUE, "", now):
            kept.append((wait, seen))
    return kept


def _rank(task: Task, step: Step) -> tuple[bool, int, datetime, TaskKey]:
    assert task.pull is not None
    return (not isinstance(step, MergePull), -task.rank, task.pull.opened_at, task.key)


def _refreshes(step: Step) -> bool:
    return isinstance(step, Record) and any(
        e.kind is EventKind.WORK_WANTED and e.data.get("kind") == Kind.REFRESH for e in step.events
    )


def _merges(kept: Sequence[Decided]) -> bool:
    return any(isinstance(step, MergePull) for step, _ in kept)


def _has_the_turn(task: Task, base_head: str) -> bool:
    if task.hold is not None or task.pull is None:
        return False
    if task.running is not None:
        return task.running.kind is Kind.REFRESH
    if task.wanted is not None:
        return task.wanted.kind is Kind.REFRESH
    waits = task.waiting is not None and task.waiting.reason in _NEARLY_MERGED
    return waits and task.result is not None and task.result.base == base_head
