"""Lessons with what they are about, their words, and to whom they were told."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from agent_os.domain.lessons import Lesson, lesson_id

revision = "0003"
down_revision = "0002"

#: As they were when this was written; `schema.LESSON_WORDS` may change.
_WORDS = (
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


def upgrade() -> None:
    tx = op.get_bind()
    old = tx.execute(
        sa.text("SELECT seq, installation, repo_id, number, at, text FROM lessons ORDER BY seq")
    ).all()
    op.drop_table("lessons")
    lessons = op.create_table(
        "lessons",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("installation", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("repo_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("lessons_by_repository", "lessons", ["repo_id", "ended", "seq"], unique=False)
    op.create_index("lessons_by_seq", "lessons", ["seq"], unique=False)
    if tx.dialect.name == "sqlite":
        for statement in _WORDS:
            op.execute(statement)
    op.create_table(
        "lesson_uses",
        sa.Column("repo_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lesson", sa.String(length=16), nullable=False),
        sa.Column("installation", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "number", "round", "attempt", "lesson"),
    )
    op.create_index("lesson_uses_by_lesson", "lesson_uses", ["lesson"], unique=False)
    rows = list(_carried(old).values())
    if rows:
        op.bulk_insert(lessons, rows)


def _carried(old: Any) -> dict[str, dict[str, Any]]:
    """Lessons were one line each, and nothing else was known of them."""
    found: dict[str, dict[str, Any]] = {}
    for row in old:
        text = row.text[:600]
        name = lesson_id(row.repo_id, text)
        known = found.get(name)
        before = json.loads(known["data"]) if known else {}
        lesson = Lesson(
            id=name,
            repo_id=row.repo_id,
            seq=known["seq"] if known else row.seq,
            text=before.get("text", text),
            number=before.get("number", row.number),
            seen_number=row.number,
            evidence=before.get("evidence", 0) + 1,
            born_at=before.get("born_at", row.at),
            seen_at=row.at,
        )
        found[name] = {
            "id": name,
            "installation": row.installation,
            "seq": lesson.seq,
            "repo_id": row.repo_id,
            "at": row.at,
            "ended": False,
            "words": lesson.text,
            "data": lesson.model_dump_json(),
        }
    return found
