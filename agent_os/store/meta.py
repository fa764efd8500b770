"""Single values of the installation: its id, and how far something has come."""

from __future__ import annotations

import sqlalchemy as sa

from agent_os.store import schema

_m = schema.meta.c


def get(tx: sa.Connection, key: str) -> str | None:
    return tx.execute(sa.select(_m.value).where(_m.key == key)).scalar()


def put(tx: sa.Connection, key: str, value: str) -> None:
    if tx.execute(schema.meta.update().where(_m.key == key).values(value=value)).rowcount == 0:
        tx.execute(schema.meta.insert().values(key=key, value=value))
