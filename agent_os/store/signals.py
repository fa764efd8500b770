"""Once-only facts: signal ids and consumed issue events."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from agent_os.store import schema
from agent_os.store.database import Store


def raise_once(store: Store, tx: sa.Connection, signal: str, data: dict[str, Any]) -> bool:
    """Whether this signal id is new; it is never new again."""
    s = schema.signals
    if tx.execute(sa.select(s.c.id).where(s.c.id == signal)).first():
        return False
    row = {"id": signal, "at": store.now(tx), "data": json.dumps(data)}
    tx.execute(s.insert().values(installation=store.installation, **row))
    return True


def raised(tx: sa.Connection, signal: str) -> dict[str, Any] | None:
    """What is known of a signal; None when it was never raised."""
    s = schema.signals.c
    found = tx.execute(sa.select(s.data).where(s.id == signal)).scalar()
    return None if found is None else json.loads(found)


def consume(store: Store, tx: sa.Connection, repo_id: int, event_ids: Iterable[int]) -> None:
    ids = set(event_ids)
    common = {"repo_id": repo_id, "installation": store.installation, "at": store.now(tx)}
    fresh = [{"event_id": i, **common} for i in sorted(ids - consumed(tx, repo_id, ids))]
    if fresh:
        tx.execute(schema.consumed.insert(), fresh)


def consumed(tx: sa.Connection, repo_id: int, event_ids: Iterable[int]) -> set[int]:
    """Which of these issue events were consumed before."""
    c = schema.consumed.c
    query = sa.select(c.event_id).where(c.repo_id == repo_id, c.event_id.in_(list(event_ids)))
    return {r.event_id for r in tx.execute(query)}
