"""Job slots: each due time of a job runs once, in one process; an unfinished one again."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from agent_os.store import owner, schema
from agent_os.store.database import Store

_s = schema.job_slots.c
_KEEP = timedelta(days=7)


def take(store: Store, job: str, slot: datetime, ttl: timedelta) -> int | None:
    """The fence of the slot, now ours; None when it ran, or a living process runs it."""
    with store.write() as tx:
        now = store.now(tx)
        where = (_s.job == job, _s.slot == slot)
        row = tx.execute(sa.select(schema.job_slots).where(*where)).first()
        if row is None:
            old = (_s.job == job, _s.slot < now - _KEEP)
            tx.execute(schema.job_slots.delete().where(*old))
            values = {"job": job, "slot": slot, "owner": store.owner, "fence": 1, "taken_at": now}
            tx.execute(schema.job_slots.insert().values(installation=store.installation, **values))
            return 1
        alive = row.taken_at + ttl > now and not owner.is_dead(row.owner)
        if row.finished_at is not None or alive:
            return None
        values = {"owner": store.owner, "fence": row.fence + 1, "taken_at": now}
        tx.execute(schema.job_slots.update().where(*where).values(values))
        return row.fence + 1


def is_ours(store: Store, job: str, slot: datetime) -> bool:
    """Whether this installation was there when the slot came: what was due before it began to
    work is nobody's. One that is not ours counts as run."""
    with store.write() as tx:
        before = tx.execute(sa.select(_s.slot).where(_s.job == job).limit(1)).first()
        born = tx.execute(sa.select(sa.func.min(_s.taken_at))).scalar()
    if born is not None and not isinstance(born, datetime):
        born = datetime.fromisoformat(born)
    if before is not None or (born is not None and born <= slot):
        return True
    fence = take(store, job, slot, timedelta(0))
    if fence is not None:
        finish(store, job, slot, fence)
    return False


def finish(store: Store, job: str, slot: datetime, fence: int) -> bool:
    """Mark the slot as run. False when another process took it over meanwhile."""
    with store.write() as tx:
        mine = (_s.job == job, _s.slot == slot, _s.owner == store.owner, _s.fence == fence)
        update = schema.job_slots.update().where(*mine).values(finished_at=store.now(tx))
        return tx.execute(update).rowcount == 1


def last(tx: sa.Connection, job: str) -> datetime | None:
    """The newest slot of the job that was finished."""
    query = sa.select(sa.func.max(_s.slot)).where(_s.job == job, _s.finished_at.is_not(None))
    found = tx.execute(query).scalar()
    return found if found is None or isinstance(found, datetime) else datetime.fromisoformat(found)
