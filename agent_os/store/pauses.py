"""What is paused: repositories by name, or everything."""

from __future__ import annotations

import sqlalchemy as sa

from agent_os.store import schema
from agent_os.store.database import Store

ALL = "*"
_SCOPES = sa.select(schema.pauses.c.scope)


def pause(store: Store, tx: sa.Connection, scope: str) -> bool:
    """Pause a repository (by name) or ALL. False when it was paused already."""
    if scope.lower() in paused(tx):
        return False
    row = {"scope": scope.lower(), "at": store.now(tx), "installation": store.installation}
    tx.execute(schema.pauses.insert().values(row))
    return True


def resume(tx: sa.Connection, scope: str) -> bool:
    p = schema.pauses
    return tx.execute(p.delete().where(p.c.scope == scope.lower())).rowcount > 0


def paused(tx: sa.Connection) -> set[str]:
    """The paused scopes: repository names in lower case, and ALL."""
    return {r.scope for r in tx.execute(_SCOPES)}
