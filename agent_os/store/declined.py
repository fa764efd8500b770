"""Requests that were not taken, each with its reason: no input goes without an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import TaskKey
from agent_os.store import schema
from agent_os.store.database import Store


@dataclass(frozen=True)
class Declined:
    """A request that was not taken, and why."""

    key: TaskKey
    repo: str
    title: str
    reason: Reason
    detail: str
    since: datetime
    last_seen: datetime


def put(store: Store, tx: sa.Connection, declined: Declined) -> bool:
    """Keep the reason as a row. True when it is new or has changed."""
    d = schema.declined
    where = (d.c.repo_id == declined.key.repo_id, d.c.number == declined.key.number)
    row = tx.execute(sa.select(d).where(*where)).first()
    same = row is not None and (row.reason, row.detail) == (declined.reason, declined.detail)
    values = {
        "repo": declined.repo,
        "title": declined.title,
        "reason": declined.reason.value,
        "detail": declined.detail,
        "last_seen": declined.last_seen,
    }
    if row is None:
        values |= {"repo_id": declined.key.repo_id, "number": declined.key.number}
        values |= {"installation": store.installation, "since": declined.since}
        tx.execute(d.insert().values(values))
    else:
        tx.execute(
            d.update().where(*where).values(values if same else values | {"since": declined.since})
        )
    return not same


def remove(tx: sa.Connection, key: TaskKey) -> None:
    """The request was taken after all: its row goes."""
    d = schema.declined
    tx.execute(d.delete().where(d.c.repo_id == key.repo_id, d.c.number == key.number))


def listed(tx: sa.Connection) -> list[Declined]:
    rows = tx.execute(sa.select(schema.declined).order_by(schema.declined.c.last_seen.desc()))
    return [
        Declined(
            TaskKey(r.repo_id, r.number),
            r.repo,
            r.title,
            Reason(r.reason),
            r.detail,
            r.since,
            r.last_seen,
        )
        for r in rows
    ]
