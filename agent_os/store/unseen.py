"""Repositories that GitHub has not shown us yet, so that they have no row: their backoff."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from agent_os.domain.contract import Contract
from agent_os.store import meta


class Unseen(Contract):
    """What came of looking for a repository so far."""

    errors: int = 0
    last_error: str = ""
    not_before: datetime | None = None


def _key(name: str) -> str:
    return f"unseen:{name.lower()}"


def get(tx: sa.Connection, name: str) -> Unseen:
    """By its name in the config; the defaults when nothing went wrong."""
    found = meta.get(tx, _key(name))
    return Unseen.model_validate_json(found) if found else Unseen()


def put(tx: sa.Connection, name: str, unseen: Unseen) -> None:
    meta.put(tx, _key(name), unseen.model_dump_json())
