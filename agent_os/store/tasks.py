"""The tasks table: one row a task, drawn from its events."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import sqlalchemy as sa

from agent_os.domain.tasks import Status, Task, TaskKey
from agent_os.store import schema
from agent_os.store.database import Store

_t = schema.tasks.c
# Made once: to put a statement together takes longer than SQLite needs to run it.
_THE_TASK = (_t.repo_id == sa.bindparam("of_repo"), _t.number == sa.bindparam("of_number"))
_SELECT = sa.select(schema.tasks).where(*_THE_TASK)
_UPDATE = schema.tasks.update().where(*_THE_TASK)
_INSERT = schema.tasks.insert()


def get(tx: sa.Connection, key: TaskKey) -> Task | None:
    row = _row(tx, key)
    return Task.model_validate_json(row.data) if row else None


def seq(tx: sa.Connection, key: TaskKey) -> int:
    """The number of the newest event that touched the task; 0 when there is no task."""
    row = _row(tx, key)
    return row.seq if row else 0


def _row(tx: sa.Connection, key: TaskKey) -> sa.Row[tuple[object, ...]] | None:
    return tx.execute(_SELECT, {"of_repo": key.repo_id, "of_number": key.number}).first()


def put(store: Store, tx: sa.Connection, seq: int, task: Task) -> None:
    row = {
        "installation": store.installation,
        "seq": seq,
        "status": task.status.value,
        "settled": task.settled,
        "data": task.model_dump_json(exclude_defaults=True),
    }
    which = {"of_repo": task.repo_id, "of_number": task.number}
    if tx.execute(_UPDATE, {**row, **which}).rowcount == 0:
        tx.execute(_INSERT, {**row, "repo_id": task.repo_id, "number": task.number})


def listed(
    tx: sa.Connection,
    *,
    repo_id: int | None = None,
    statuses: Sequence[Status] = (),
    unsettled: bool = False,
    newest: int = 0,
    after: int = 0,
) -> list[tuple[int, Task]]:
    """(newest event's number, task), by repository and number; or the `newest` changed ones.

    `after`: only tasks with an event later than this number.
    """
    query = sa.select(schema.tasks).where(_t.seq > after)
    query = query.order_by(_t.seq.desc()) if newest else query.order_by(_t.repo_id, _t.number)
    if newest:
        query = query.limit(newest)
    if repo_id is not None:
        query = query.where(_t.repo_id == repo_id)
    if statuses:
        query = query.where(_t.status.in_([s.value for s in statuses]))
    if unsettled:
        query = query.where(_t.settled.is_(False))
    return [(r.seq, _parsed(r.data)) for r in tx.execute(query)]


@functools.lru_cache(maxsize=1024)
def _parsed(data: str) -> Task:
    """A task can't be changed, and the same ones are read in each turn of each job."""
    return Task.model_validate_json(data)


def counts(tx: sa.Connection) -> dict[str, int]:
    query = sa.select(_t.status, sa.func.count()).group_by(_t.status)
    return {status: count for status, count in tx.execute(query)}
