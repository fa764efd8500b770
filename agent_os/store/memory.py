"""Lessons: drawn from the log, found by their words, and how those did who were told them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agent_os.domain.events import Event, EventKind
from agent_os.domain.health import Verdict
from agent_os.domain.lessons import REVIVED, Cause, Ending, Lesson, Record, lesson_id
from agent_os.store import schema
from agent_os.store.database import Store

_l, _u, _t = schema.lessons.c, schema.lesson_uses.c, schema.trials.c
_WORD = re.compile(r"[^\W_][\w]+")
_MOST_WORDS = 60
#: In every issue: what shares only these with a lesson shares nothing.
_SAY_NOTHING = frozenset(
    _WORD.findall(
        "about after all also an and any are as at be because before but by can could do does "
        "for from get goal has have how if in into is it its must need needs no not of on one "
        "only or our should so some such than that the their them then there these they this "
        "to use used was we were what when where which who will with without would you your"
    )
)
_MOST_PATHS = 20
_LONGEST = 600

KINDS = (EventKind.LESSON, EventKind.LESSON_USED, EventKind.LESSON_ENDED)


def project(store: Store, tx: sa.Connection, seq: int, event: Event) -> None:
    """What an event of `KINDS` changes."""
    match event.kind:
        case EventKind.LESSON:
            _learned(store, tx, seq, event)
        case EventKind.LESSON_USED:
            for name in event.data.get("lessons", ()):
                _used(store, tx, str(name), event)
        case EventKind.LESSON_ENDED:
            _ended(store, tx, event)
        case _:
            pass


def _learned(store: Store, tx: sa.Connection, seq: int, event: Event) -> None:
    data, repo_id = event.data, event.repo_id
    assert repo_id is not None  # an event with a key
    text = str(data["text"])[:_LONGEST]
    number = int(data.get("number") or event.number or 0)
    before = get(tx, lesson_id(repo_id, text))
    born = Lesson(
        id=lesson_id(repo_id, text),
        repo_id=repo_id,
        seq=seq,
        text=text,
        advice=str(data.get("advice", ""))[:_LONGEST],
        cause=Cause(data.get("cause", Cause.MERGED)),
        number=number,
        seen_number=number,
        round=int(data.get("round", 0)),
        attempt=int(data.get("attempt") or event.attempt or 0),
        commit=str(data.get("commit", "")),
        type=str(data.get("type", "")),
        paths=tuple(str(path) for path in data.get("paths", ()))[:_MOST_PATHS],
        born_at=event.at,
        seen_at=event.at,
    )
    if before is None:
        row = {"id": born.id, "seq": seq, "repo_id": repo_id, "installation": store.installation}
        tx.execute(schema.lessons.insert().values(row | _columns(born)))
        return
    both = dict.fromkeys([*before.paths, *born.paths])
    update: dict[str, Any] = {
        "evidence": before.evidence + 1,
        "seen_at": event.at,
        "seen_number": number,
        "advice": born.advice or before.advice,
        "paths": tuple(both)[:_MOST_PATHS],
    }
    if before.ending in REVIVED:
        update |= {"ended_at": None, "ending": None, "ended_why": ""}
    _put(tx, before.model_copy(update=update))


def _used(store: Store, tx: sa.Connection, name: str, event: Event) -> None:
    found = get(tx, name)
    if found is not None:
        _put(tx, found.model_copy(update={"used": found.used + 1, "last_used": event.at}))
    row = {
        "repo_id": event.repo_id,
        "number": event.number,
        "round": int(event.data.get("round", 0)),
        "attempt": event.attempt or 0,
        "lesson": name,
    }
    table = schema.lesson_uses
    tx.execute(table.delete().where(*(table.c[key] == value for key, value in row.items())))
    more = {"installation": store.installation, "at": event.at}
    tx.execute(table.insert().values(row | more))


def _ended(store: Store, tx: sa.Connection, event: Event) -> None:
    del store
    found = get(tx, str(event.data.get("lesson", "")))
    if found is not None:
        ending = Ending(event.data.get("ending", Ending.FORGOTTEN))
        why = str(event.data.get("why", ""))
        update = {"ended_at": event.at, "ending": ending, "ended_why": why}
        _put(tx, found.model_copy(update=update))


def _put(tx: sa.Connection, lesson: Lesson) -> None:
    tx.execute(schema.lessons.update().where(_l.id == lesson.id).values(_columns(lesson)))


def _columns(lesson: Lesson) -> dict[str, Any]:
    words = " ".join(_split((lesson.text, lesson.advice, lesson.type, *lesson.paths)))
    return {
        "at": lesson.seen_at,
        "ended": lesson.ending is not None,
        "words": words,
        "data": lesson.model_dump_json(),
    }


def _split(texts: Sequence[str]) -> list[str]:
    """Words, with those of names and paths also by themselves: `parse_date` is also `parse`."""
    found: list[str] = []
    for word in _WORD.findall(" ".join(texts)):
        parts = [part for part in word.split("_") if len(part) > 1]
        found += [word, *(parts if len(parts) > 1 else ())]
    return found


# reading


def get(tx: sa.Connection, name: str) -> Lesson | None:
    row = tx.execute(sa.select(_l.data).where(_l.id == name)).first()
    return Lesson.model_validate_json(row.data) if row else None


def named(tx: sa.Connection, prefix: str, limit: int = 10) -> list[Lesson]:
    """Those whose id begins so, also ended ones."""
    if not re.fullmatch(r"[0-9a-f]{3,12}", prefix):
        return []
    query = sa.select(_l.data).where(_l.id.startswith(prefix)).order_by(_l.seq).limit(limit)
    return _lessons(tx, query)


def listed(
    tx: sa.Connection, repo_ids: Collection[int], limit: int = 1_000, *, ended: bool = False
) -> list[Lesson]:
    """The newest of some repositories, newest first; `ended`: also those that are not told."""
    query = sa.select(_l.data).where(_l.repo_id.in_(sorted(repo_ids)))
    if not ended:
        query = query.where(_l.ended.is_(False))
    return _lessons(tx, query.order_by(_l.seq.desc()).limit(limit))


def count(tx: sa.Connection, repo_id: int) -> int:
    """Of those that are told."""
    query = sa.select(sa.func.count()).where(_l.repo_id == repo_id, _l.ended.is_(False))
    return int(tx.execute(query).scalar_one())


def found(
    tx: sa.Connection,
    repo_ids: Collection[int],
    text: str,
    limit: int = 50,
    *,
    ended: bool = False,
) -> list[tuple[float, Lesson]]:
    """Those that share words with the text: (how well, 1 is the best of them), best first."""
    said = dict.fromkeys(word.lower() for word in _split((text,)))
    words = [word for word in said if word not in _SAY_NOTHING][:_MOST_WORDS]
    if not words or not repo_ids:
        return []
    sqlite = tx.engine.dialect.name == "sqlite"
    query = (_SQLITE if sqlite else _POSTGRES).bindparams(
        sa.bindparam("repos", sorted(repo_ids), expanding=True)
    )
    quoted = [f'"{word}"' for word in words]
    given = {"words": (" OR " if sqlite else " or ").join(quoted), "most": limit, "ended": ended}
    rows = tx.execute(query, given).all()
    best = max((row.score for row in rows), default=0.0)
    return [
        (row.score / best if best > 0 else 1.0, Lesson.model_validate_json(row.data))
        for row in rows
    ]


# FTS5's bm25 is the lower the better.
_SQLITE = sa.text(
    "SELECT l.data AS data, -bm25(lesson_words) AS score FROM lesson_words"
    " JOIN lessons l ON l.seq = lesson_words.rowid"
    " WHERE lesson_words MATCH :words AND l.repo_id IN :repos AND (l.ended = 0 OR :ended)"
    " ORDER BY score DESC, l.seq DESC LIMIT :most"
)
# A repository has some hundred lessons: no index is worth its writing.
_POSTGRES = sa.text(
    "SELECT l.data AS data, ts_rank(to_tsvector('english', l.words), q) AS score"
    " FROM lessons l, websearch_to_tsquery('english', :words) q"
    " WHERE to_tsvector('english', l.words) @@ q AND l.repo_id IN :repos"
    " AND (NOT l.ended OR :ended) ORDER BY score DESC, l.seq DESC LIMIT :most"
)


def records(tx: sa.Connection, names: Collection[str]) -> dict[str, Record]:
    """How the attempts ended that were told each of these lessons."""
    if not names:
        return {}
    query = (
        sa.select(_u.lesson, _won(), _lost())
        .select_from(_joined())
        .where(_u.lesson.in_(sorted(names)))
        .group_by(_u.lesson)
    )
    return {row.lesson: Record(won=row.won, lost=row.lost) for row in tx.execute(query)}


def without(tx: sa.Connection, lesson: Lesson, since: datetime) -> Record:
    """How the repository's attempts of the lesson's type ended since then that were not told it."""
    told = sa.select(sa.literal(1)).where(_same_attempt(), _u.lesson == lesson.id).exists()
    query = sa.select(_won(), _lost()).where(_t.repo_id == lesson.repo_id, _t.at >= since, ~told)
    if lesson.type:
        query = query.where(_t.type == lesson.type)
    row = tx.execute(query).one()
    return Record(won=row.won or 0, lost=row.lost or 0)


def _same_attempt() -> sa.ColumnElement[bool]:
    keys = ("repo_id", "number", "round", "attempt")
    return sa.and_(*(_u[key] == _t[key] for key in keys))


def _joined() -> sa.FromClause:
    return schema.lesson_uses.join(schema.trials, _same_attempt())


def _won() -> sa.Label[int]:
    won = _t.verdict.in_([Verdict.PASSED, Verdict.MERGED])
    return sa.func.coalesce(sa.func.sum(sa.case((won, 1), else_=0)), 0).label("won")


def _lost() -> sa.Label[int]:
    lost = _t.verdict.in_([Verdict.FAILED, Verdict.REVERTED])
    return sa.func.coalesce(sa.func.sum(sa.case((lost, 1), else_=0)), 0).label("lost")


def _lessons(tx: sa.Connection, query: sa.Select[Any]) -> list[Lesson]:
    return [Lesson.model_validate_json(row.data) for row in tx.execute(query)]
