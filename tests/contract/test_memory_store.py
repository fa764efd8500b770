"""Lessons in the store: born, told, ended, found by their words, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.lessons import Cause, Ending, Lesson, Record, lesson_id
from agent_os.store import database, log, memory, schema
from agent_os.store.database import Store
from tests.contract import stores
from tests.unit.making import NOW, at, event, requested, result, running

CARE = "Dates are parsed with parse_date, never by hand."
OTHER_REPO = 9


@pytest.fixture(params=stores.KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from stores.opened(request.param, tmp_path)


def append(store: Store, *events: Event) -> int:
    with store.write() as tx:
        return log.append(store, tx, events)


def lesson(text: str, seconds: float = 0, *, repo_id: int = 1, **more: Any) -> Event:
    made = event(EventKind.LESSON, at(seconds), text=text, **more)
    return made.model_copy(update={"repo_id": repo_id})


def ended(text: str, ending: Ending, seconds: float = 0) -> Event:
    data = {"lesson": lesson_id(1, text), "ending": ending.value, "why": "so"}
    return Event(kind=EventKind.LESSON_ENDED, at=at(seconds), repo_id=1, number=DESK, data=data)


def only(store: Store, **more: Any) -> Lesson:
    with store.read() as tx:
        [found] = memory.listed(tx, [1], **more)
    return found


def test_a_line_of_an_older_log_is_a_lesson(store: Store) -> None:
    append(store, lesson("#12 Mend it: merged"))
    found = only(store)
    assert (found.text, found.number, found.cause) == ("#12 Mend it: merged", 12, Cause.MERGED)
    assert (found.evidence, found.used, found.paths) == (1, 0, ())


def test_the_same_words_again_are_evidence(store: Store) -> None:
    append(store, lesson(CARE, advice="a", paths=["src/"], commit="c" * 40, type="fix", round=2))
    again = lesson(CARE.upper(), 60, advice="b", paths=["lib/", "src/"], commit="d" * 40)
    append(store, again.model_copy(update={"number": 13}))
    found = only(store)
    assert (found.text, found.evidence, found.advice) == (CARE, 2, "b")
    assert (found.paths, found.type, found.round) == (("src/", "lib/"), "fix", 2)
    assert (found.number, found.seen_number, found.commit) == (12, 13, "c" * 40)
    assert (found.born_at, found.seen_at) == (NOW, at(60))


def test_what_ended_is_told_no_more_and_may_come_back(store: Store) -> None:
    append(store, lesson(CARE), ended(CARE, Ending.EXPIRED, 1))
    with store.read() as tx:
        assert memory.listed(tx, [1]) == []
        assert memory.found(tx, [1], "dates") == []
        assert memory.count(tx, 1) == 0
        assert [one.ended_why for _, one in memory.found(tx, [1], "dates", ended=True)] == ["so"]
    append(store, lesson(CARE, 2))
    assert only(store).ending is None and only(store).evidence == 2


@pytest.mark.parametrize("ending", [Ending.FORGOTTEN, Ending.CONTRADICTED])
def test_a_persons_word_and_a_bad_record_stay(store: Store, ending: Ending) -> None:
    append(store, lesson(CARE), ended(CARE, ending, 1), lesson(CARE, 2))
    assert only(store, ended=True).ending is ending


@pytest.mark.parametrize(
    ("asked", "finds"),
    [
        ("parse_date", True),
        ("how are dates parsed?", True),  # by their stems
        ("a date", True),
        ("billing of customers", False),
        ("", False),
        ('" OR *) NEAR( -- ;drop table lessons', False),
        ("'", False),
        ("ü" * 5_000, False),
        ("a b c & | ! :*", False),
    ],
)
def test_it_is_found_by_its_words_and_no_query_is_a_command(
    store: Store, asked: str, finds: bool
) -> None:
    append(store, lesson(CARE), lesson("Invoices are rounded.", paths=["shop/"]))
    with store.read() as tx:
        found = [one.text for _, one in memory.found(tx, [1], asked)]
    assert (CARE in found) is finds


def test_the_best_comes_first_and_paths_count(store: Store) -> None:
    append(
        store,
        lesson("The parser is slow.", paths=["src/other/"]),
        lesson("The lexer is slow.", paths=["src/lexer/"]),
        lesson("The parser is slow with dates in src.", paths=["src/parser/"]),
    )
    with store.read() as tx:
        found = memory.found(tx, [1], "dates in src/parser/core.py")
    assert found[0][1].text == "The parser is slow with dates in src."
    assert found[0][0] == 1.0 and all(0 < score <= 1 for score, _ in found)


def test_one_repositorys_memory_is_not_anothers(store: Store) -> None:
    append(store, lesson(CARE), lesson(CARE, repo_id=OTHER_REPO))
    with store.read() as tx:
        for reading in (memory.listed(tx, [1]), [x for _, x in memory.found(tx, [1], "dates")]):
            assert [one.repo_id for one in reading] == [1]
        both = memory.listed(tx, [1, OTHER_REPO])
        assert memory.listed(tx, []) == [] == memory.found(tx, [], "dates")
    assert len({one.id for one in both}) == 2


def _attempt(number: int, code: FailureCode | None, *told: str) -> list[Event]:
    started = running(number).model_dump(mode="json")
    how: dict[str, Any] = {"code": code.value} if code else {"head": "c" * 40}
    if code is None:
        how["result"] = result(attempt=number).model_dump(mode="json")
    return [
        event(EventKind.ATTEMPT_STARTED, attempt=started),
        event(EventKind.LESSON_USED, _attempt=number, lessons=list(told), round=1),
        event(EventKind.ATTEMPT_ENDED, _attempt=number, **how),
    ]


def test_who_was_told_and_how_it_went(store: Store) -> None:
    name = lesson_id(1, CARE)
    append(store, requested(), lesson(CARE, type="default"))
    append(store, *_attempt(1, FailureCode.TESTS_FAILED, name), *_attempt(2, None, name))
    append(store, *_attempt(3, FailureCode.RATE_LIMITED, name))  # nobody's fault: no trial
    append(store, *_attempt(4, FailureCode.GATE_FAILED), *_attempt(5, None))
    with store.read() as tx:
        assert memory.records(tx, [name]) == {name: Record(won=1, lost=1)}
        found = memory.get(tx, name)
        assert found is not None and (found.used, found.last_used) == (3, NOW)
        assert memory.without(tx, found, NOW - timedelta(days=1)) == Record(won=1, lost=1)
        assert memory.without(tx, found, NOW + timedelta(days=1)) == Record()
    append(store, event(EventKind.RESULT_REJECTED, attempt=2, code="ci_failed"))
    with store.read() as tx:
        assert memory.records(tx, [name])[name] == Record(lost=2), "CI refused it"


def test_it_is_rebuilt_from_the_log_with_its_index(store: Store) -> None:
    append(store, requested(), lesson(CARE), *_attempt(1, None, lesson_id(1, CARE)))
    append(store, lesson("Invoices are rounded."), ended("Invoices are rounded.", Ending.FORGOTTEN))
    before = _rows(store)
    with store.write() as tx:
        log.rebuild(store, tx)
    assert _rows(store) == before
    with store.read() as tx:
        assert [one.text for _, one in memory.found(tx, [1], "parse date")] == [CARE]


def _rows(store: Store) -> list[Any]:
    with store.read() as tx:
        tables = (schema.lessons, schema.lesson_uses)
        return [tx.execute(sa.select(t).order_by(*t.primary_key.columns)).all() for t in tables]


def test_a_prefix_names_it(store: Store) -> None:
    append(store, lesson(CARE))
    name = lesson_id(1, CARE)
    with store.read() as tx:
        assert [one.id for one in memory.named(tx, name[:6])] == [name]
        assert memory.named(tx, "%") == [] == memory.named(tx, "zzz")


@pytest.mark.parametrize("kind", stores.KINDS)
def test_lessons_of_the_version_before_are_carried_over(kind: str, tmp_path: Path) -> None:
    for url in stores.url(kind, tmp_path):
        engine = sa.create_engine(url)
        database.upgrade(engine, "0002")
        line = "INSERT INTO lessons VALUES ({}, 'i', 1, 12, '{}', '{}')"
        with engine.begin() as tx:
            tx.execute(sa.text("INSERT INTO meta VALUES ('installation', 'i')"))
            for seq, text in ((3, CARE), (5, "Other."), (8, CARE)):
                tx.execute(sa.text(line.format(seq, NOW.isoformat(), text)))
        engine.dispose()
        store = Store(url, stores.SetClock(), stores.Counted())
        with store.read() as tx:
            kept = memory.listed(tx, [1])
            assert [one.text for _, one in memory.found(tx, [1], "parse date")] == [CARE]
        store.close()
        assert {one.text: (one.seq, one.evidence) for one in kept} == {
            CARE: (3, 2),
            "Other.": (5, 1),
        }


def test_hostile_data_of_an_event_is_bounded(store: Store) -> None:
    append(store, lesson("x" * 10_000, advice="y" * 10_000, paths=[f"p{n}/" for n in range(500)]))
    found = only(store)
    assert len(json.dumps(found.model_dump(mode="json"))) < 5_000
