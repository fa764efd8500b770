"""How far each sink of notices has come, and which changes it was told of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from agent_os.domain.notices import SinkState
from agent_os.store import meta, signals
from agent_os.store.database import Store


def state(tx: sa.Connection, sink: str) -> SinkState | None:
    found = meta.get(tx, f"notices:{sink}")
    return None if found is None else SinkState.model_validate_json(found)


def put(tx: sa.Connection, sink: str, new: SinkState) -> None:
    meta.put(tx, f"notices:{sink}", new.model_dump_json())


def told(tx: sa.Connection, sink: str, changes: Iterable[str]) -> set[str]:
    """Those of the changes that it was told of, ever."""
    return {one for one in changes if signals.raised(tx, _row(sink, one)) is not None}


def tell(store: Store, tx: sa.Connection, sink: str, changes: Sequence[str]) -> None:
    for one in changes:
        signals.raise_once(store, tx, _row(sink, one), {"change": one})


def _row(sink: str, change: str) -> str:
    return f"notice:{sink}:{hashlib.sha256(change.encode()).hexdigest()[:24]}"
