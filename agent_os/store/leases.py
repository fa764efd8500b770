"""Leases: time-limited rights with a fencing number that grows with each new owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from agent_os.domain.errors import LeaseLost
from agent_os.store import owner, schema
from agent_os.store.database import Store

_l = schema.leases.c
_HOLDER = sa.select(_l.owner, _l.fence).where(_l.name == sa.bindparam("of_name"))


@dataclass(frozen=True)
class Lease:
    name: str
    owner: str
    fence: int


def take(store: Store, name: str, ttl: timedelta) -> Lease | None:
    """The lease with a new fence, or None while a living owner holds it within its time.

    A dead owner's lease is free at once. One process may hold a lease once only.
    """
    with store.write() as tx:
        now = store.now(tx)
        row = tx.execute(sa.select(schema.leases).where(_l.name == name)).first()
        if row and row.owner and row.expires_at > now and not owner.is_dead(row.owner):
            return None
        fence = row.fence + 1 if row else 1
        values = {"owner": store.owner, "fence": fence, "expires_at": now + ttl}
        if row:
            tx.execute(schema.leases.update().where(_l.name == name).values(values))
        else:
            values |= {"name": name, "installation": store.installation}
            tx.execute(schema.leases.insert().values(values))
        return Lease(name, store.owner, fence)


def renew(store: Store, lease: Lease, ttl: timedelta) -> None:
    """Hold it longer. LeaseLost when a newer owner has it."""
    with store.write() as tx:
        check(tx, lease)
        until = store.now(tx) + ttl
        tx.execute(schema.leases.update().where(_l.name == lease.name).values(expires_at=until))


def check(tx: sa.Connection, lease: Lease) -> None:
    """LeaseLost unless the lease is still this owner's: call it in the transaction that acts."""
    row = tx.execute(_HOLDER, {"of_name": lease.name}).first()
    if row is None or row.owner != lease.owner or row.fence != lease.fence:
        raise LeaseLost(f"The lease {lease.name} was taken by another process.")


def release(store: Store, lease: Lease) -> None:
    """Free it, unless someone else has it by now. The fence stays."""
    with store.write() as tx:
        mine = (_l.name == lease.name, _l.owner == lease.owner, _l.fence == lease.fence)
        tx.execute(schema.leases.update().where(*mine).values(owner=""))


def held(tx: sa.Connection) -> list[str]:
    return [r.name for r in tx.execute(sa.select(_l.name).where(_l.owner != ""))]
