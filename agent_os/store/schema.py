"""The tables. `migrations/` makes them; a test holds the two equal.

Derived from events (and rebuilt from them in a test): see `DERIVED`. All others are facts of
their own: leases, slots, what was last seen, what was consumed, and the intents of effects.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware UTC time as sortable text; a naive one is refused."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware and UTC everywhere")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column(
        "seq",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("repo_id", sa.BigInteger),
    sa.Column("number", sa.Integer),
    sa.Column("attempt", sa.Integer),
    sa.Column("data", sa.Text, nullable=False),
    sa.Index("events_by_task", "repo_id", "number", "seq"),
    sa.Index("events_by_kind", "kind", "seq"),
    sqlite_autoincrement=True,
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("repo_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Index("tasks_by_status", "settled", "status"),
)

repositories = sa.Table(
    "repositories",
    metadata,
    sa.Column("repo_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)

intents = sa.Table(
    "intents",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("repo_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("owner", sa.String(120), nullable=False),
    sa.Column("lease", sa.String(120), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("ended_at", Moment),
    sa.Index("intents_by_task", "repo_id", "number", "state"),
    sa.Index("intents_by_state", "state"),
)

echoes = sa.Table(
    "echoes",
    metadata,
    sa.Column("intent", sa.String(16), primary_key=True),
    sa.Column("what", sa.String(120), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("event_id", sa.BigInteger, nullable=False),
)

consumed = sa.Table(
    "consumed",
    metadata,
    sa.Column("repo_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
)

declined = sa.Table(
    "declined",
    metadata,
    sa.Column("repo_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("repo", sa.String(200), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("last_seen", Moment, nullable=False),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(120), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)

job_slots = sa.Table(
    "job_slots",
    metadata,
    sa.Column("job", sa.String(40), primary_key=True),
    sa.Column("slot", Moment, primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(120), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("taken_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
)

signals = sa.Table(
    "signals",
    metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)

pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("scope", sa.String(200), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
)

lessons = sa.Table(
    "lessons",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("repo_id", sa.BigInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Index("lessons_by_repository", "repo_id", "ended", "seq"),
    sa.Index("lessons_by_seq", "seq"),
)

#: SQLite's index of the lessons' words; PostgreSQL searches the table itself.
LESSON_WORDS = (
    "CREATE VIRTUAL TABLE lesson_words USING fts5(words, tokenize='porter unicode61')",
    (
        "CREATE TRIGGER lesson_words_insert AFTER INSERT ON lessons BEGIN"
        " INSERT INTO lesson_words(rowid, words) VALUES (new.seq, new.words); END"
    ),
    (
        "CREATE TRIGGER lesson_words_delete AFTER DELETE ON lessons BEGIN"
        " DELETE FROM lesson_words WHERE rowid = old.seq; END"
    ),
    (
        "CREATE TRIGGER lesson_words_update AFTER UPDATE OF words ON lessons BEGIN"
        " UPDATE lesson_words SET words = new.words WHERE rowid = old.seq; END"
    ),
)
for _statement in LESSON_WORDS:
    event.listen(lessons, "after_create", sa.DDL(_statement).execute_if(dialect="sqlite"))

lesson_uses = sa.Table(
    "lesson_uses",
    metadata,
    sa.Column("repo_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("lesson", sa.String(16), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("lesson_uses_by_lesson", "lesson"),
)

providers = sa.Table(
    "providers",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)

trials = sa.Table(
    "trials",
    metadata,
    sa.Column("repo_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("agent", sa.String(60), nullable=False),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("usd", sa.Float),
    sa.Index("trials_by_type", "type", "agent"),
)

spending = sa.Table(
    "spending",
    metadata,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("usd", sa.Float, nullable=False),
)

http_cache = sa.Table(
    "http_cache",
    metadata,
    sa.Column("url", sa.String(1000), primary_key=True),
    sa.Column("installation", sa.String(16), nullable=False),
    sa.Column("etag", sa.String(200), nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

#: Written in the same transaction as the events they follow from.
DERIVED = (tasks, lessons, lesson_uses, providers, trials, spending)
