"""The append-only log. Tasks and lessons are written in the transaction of their events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.folding import fold
from agent_os.domain.tasks import Task, TaskKey
from agent_os.store import memory, providers, schema, tasks, trials
from agent_os.store.database import Store

_AS_SEEN = ("labels",)
_INSERT = schema.events.insert()


def append(store: Store, tx: sa.Connection, events: Iterable[Event]) -> int:
    """Write events and what follows from them. Returns the last sequence number (0: none)."""
    seq = 0
    for given in events:
        event = given.model_copy(update={"data": redacted(store, given.data)})
        row = {
            "installation": store.installation,
            "at": event.at,
            "kind": event.kind.value,
            "repo_id": event.repo_id,
            "number": event.number,
            "attempt": event.attempt,
            "data": json.dumps(event.data, ensure_ascii=False, separators=(",", ":")),
        }
        inserted = tx.execute(_INSERT, row).inserted_primary_key
        assert inserted is not None
        seq = int(inserted[0])
        project(store, tx, seq, event)
    return seq


def redacted(store: Store, data: dict[str, Any]) -> dict[str, Any]:
    """What may be stored of an event's data."""
    clean = cast("dict[str, Any]", store.redact(data))
    # Compared with GitHub's at each look: otherwise, the same news would be new each time.
    return clean | {name: data[name] for name in _AS_SEEN if name in data}


def project(store: Store, tx: sa.Connection, seq: int, event: Event) -> None:
    """What the event changes in the derived tables."""
    if event.kind is EventKind.PROVIDER_SEEN:
        providers.project(store, tx, event)
    if event.kind in trials.THOUGHTS:
        trials.project_thought(store, tx, event)
    if event.key is None or event.kind is EventKind.PROVIDER_SEEN:
        return
    before = tasks.get(tx, event.key)
    after = fold(before, event)
    if after is not None:
        tasks.put(store, tx, seq, after)
        trials.project(store, tx, event, after)
    if event.kind in memory.KINDS:
        memory.project(store, tx, seq, event)


def history(
    tx: sa.Connection,
    key: TaskKey | None = None,
    *,
    after: int | None = None,
    limit: int = 1000,
    kinds: Sequence[EventKind] = (),
) -> list[tuple[int, Event]]:
    """Events in order, at most `limit` of them (the newest ones when `after` is None)."""
    e = schema.events.c
    query = sa.select(schema.events)
    if key is not None:
        query = query.where(e.repo_id == key.repo_id, e.number == key.number)
    if kinds:
        query = query.where(e.kind.in_([k.value for k in kinds]))
    if after is None:
        query = query.order_by(e.seq.desc())
    else:
        query = query.where(e.seq > after).order_by(e.seq)
    rows = [(r.seq, _event(r)) for r in tx.execute(query.limit(limit))]
    return rows[::-1] if after is None else rows


def of_repository(
    tx: sa.Connection,
    repo_id: int,
    kinds: Sequence[EventKind],
    limit: int = 100_000,
    since: datetime | None = None,
) -> list[tuple[int, Event]]:
    """(number, event) of some kinds about a repository and its issues, oldest first."""
    e = schema.events.c
    query = sa.select(schema.events).where(
        e.repo_id == repo_id, e.kind.in_([k.value for k in kinds])
    )
    if since is not None:
        query = query.where(e.at >= since)
    return [(r.seq, _event(r)) for r in tx.execute(query.order_by(e.seq).limit(limit))]


def newest_of_each(tx: sa.Connection, kinds: Sequence[EventKind]) -> list[Event]:
    """Of each repository the last event of these kinds about it as a whole."""
    e = schema.events.c
    last = (
        sa.select(sa.func.max(e.seq))
        .where(e.number == DESK, e.kind.in_([k.value for k in kinds]))
        .group_by(e.repo_id)
    )
    return [_event(r) for r in tx.execute(sa.select(schema.events).where(e.seq.in_(last)))]


def page(
    tx: sa.Connection,
    kinds: Sequence[EventKind],
    after: int,
    limit: int,
    *,
    repo_id: int | None = None,
    since: datetime | None = None,
) -> list[tuple[int, Event]]:
    """(number, event) of some kinds after a number, oldest first; of a repository, or of all.

    `since`: of the tasks only that one of these happened to then or later, or that are not
    settled; of those all.
    """
    e = schema.events.c
    chosen: list[sa.ColumnElement[bool]] = [e.kind.in_([k.value for k in kinds])]
    if repo_id is not None:
        chosen.append(e.repo_id == repo_id)
    query = sa.select(schema.events).where(*chosen, e.seq > after)
    if since is not None:
        t = schema.tasks.c
        touched = sa.select(e.repo_id, e.number).where(*chosen, e.at >= since)
        unsettled = sa.select(t.repo_id, t.number).where(t.settled.is_(False))
        query = query.where(sa.tuple_(e.repo_id, e.number).in_(touched.union(unsettled)))
    return [(r.seq, _event(r)) for r in tx.execute(query.order_by(e.seq).limit(limit))]


def newest(tx: sa.Connection) -> int:
    """The number of the last event; 0: none."""
    return int(tx.execute(sa.select(sa.func.max(schema.events.c.seq))).scalar() or 0)


def rebuild(store: Store, tx: sa.Connection) -> None:
    """Empty the derived tables and draw them again from the log."""
    for table in schema.DERIVED:
        tx.execute(table.delete())
    for row in tx.execute(sa.select(schema.events).order_by(schema.events.c.seq)).all():
        project(store, tx, row.seq, _event(row))


def _event(row: sa.Row[tuple[object, ...]]) -> Event:
    return Event(
        kind=EventKind(row.kind),
        at=row.at,
        repo_id=row.repo_id,
        number=row.number,
        attempt=row.attempt,
        data=json.loads(row.data),
    )


def tasks_named(tx: sa.Connection, number: int, repo: str = "") -> list[Task]:
    """Tasks with this issue number, in repositories whose name ends with `repo`."""
    rows = tx.execute(sa.select(schema.tasks).where(schema.tasks.c.number == number))
    found = [Task.model_validate_json(r.data) for r in rows]
    wanted = repo.lower()
    return [
        t
        for t in found
        if not wanted or t.repo.lower() == wanted or t.repo.lower().endswith(f"/{wanted}")
    ]
