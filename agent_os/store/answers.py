"""Answers of GitHub kept with their ETag: a 304 is free, and says that the kept one holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from agent_os.store import schema
from agent_os.store.database import Store

_c = schema.http_cache.c
_KEEP = timedelta(days=14)
_LARGEST_BODY = 2_000_000


@dataclass(frozen=True)
class Answer:
    etag: str
    link: str
    body: str


def get(tx: sa.Connection, url: str) -> Answer | None:
    row = tx.execute(sa.select(schema.http_cache).where(_c.url == url)).first()
    return Answer(row.etag, row.link, row.body) if row else None


def put(store: Store, tx: sa.Connection, url: str, answer: Answer) -> None:
    if len(answer.body) > _LARGEST_BODY or len(url) > 1000:
        return
    now = store.now(tx)
    tx.execute(schema.http_cache.delete().where((_c.url == url) | (_c.at < now - _KEEP)))
    row = {"url": url, "etag": answer.etag, "link": answer.link, "body": answer.body, "at": now}
    tx.execute(schema.http_cache.insert().values(installation=store.installation, **row))
