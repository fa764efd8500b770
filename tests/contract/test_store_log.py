"""The log: `seq` in commit order, tables in the transaction of their events, rebuilt from them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.folding import fold
from agent_os.domain.lessons import lesson_id
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Status, Task, TaskKey
from agent_os.store import log, schema, tasks
from agent_os.store.database import Store
from tests.contract import stores
from tests.unit.making import KEY, NOW, at, event, evidence, requested, running, sha, spec
from tests.unit.test_triage import said


@pytest.fixture(params=stores.KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from stores.opened(request.param, tmp_path)


def append(store: Store, *events: Event) -> int:
    with store.write() as tx:
        return log.append(store, tx, events)


class TestLog:
    def test_events_read_back_as_they_were(self, store: Store) -> None:
        written = [
            requested(),
            event(EventKind.NOTED, at(0.000001), notes="ü\u2028\U0001f600 'x' \\"),
            event(EventKind.ATTEMPT_ENDED, at(1), _attempt=3, code="lost", detail=""),
            Event(kind=EventKind.PAUSED, at=at(2), data={"scope": "*"}),
        ]
        assert append(store, *written) == 4
        with store.read() as tx:
            assert log.history(tx) == list(enumerate(written, 1))
            assert log.history(tx, KEY) == list(enumerate(written[:3], 1))
            assert log.history(tx, limit=2) == [(3, written[2]), (4, written[3])]
            assert log.history(tx, after=1, limit=2) == [(2, written[1]), (3, written[2])]
            assert log.history(tx, kinds=[EventKind.PAUSED]) == [(4, written[3])]
            assert log.history(tx, TaskKey(9, 9)) == []

    def test_nothing_is_nothing(self, store: Store) -> None:
        assert append(store) == 0

    def test_the_task_is_written_in_the_same_transaction(self, store: Store) -> None:
        append(store, requested())
        with pytest.raises(KeyError), store.write() as tx:
            log.append(store, tx, [event(EventKind.CLAIMED, at(1))])
            task = tasks.get(tx, KEY)
            assert task is not None and task.status is Status.QUEUED
            raise KeyError
        with store.read() as tx:
            task = tasks.get(tx, KEY)
            assert task is not None and task.status is Status.READY
            assert (tasks.seq(tx, KEY), len(log.history(tx))) == (1, 1)

    def test_an_event_that_can_not_be_folded_writes_nothing(self, store: Store) -> None:
        append(store, requested())
        with pytest.raises(KeyError):
            append(store, event(EventKind.NOTED, notes="n"), event(EventKind.CANCELLED))
        with store.read() as tx:
            assert len(log.history(tx)) == 1

    def test_a_naive_time_is_refused(self, store: Store) -> None:
        with pytest.raises(StatementError, match="aware"):
            append(store, requested().model_copy(update={"at": NOW.replace(tzinfo=None)}))

    def test_a_zone_other_than_utc_is_the_same_time(self, store: Store) -> None:
        from zoneinfo import ZoneInfo

        east = requested().model_copy(update={"at": NOW.astimezone(ZoneInfo("Asia/Kolkata"))})
        append(store, east)
        with store.read() as tx:
            [(_, found)] = log.history(tx)
        assert found.at == NOW and found.at.utcoffset() == timedelta(0)

    def test_lists_and_counts(self, store: Store) -> None:
        def of(number: int, *more: Event) -> list[Event]:
            made = [requested(), *more]
            return [e.model_copy(update={"number": number}) for e in made]

        append(store, *of(1), *of(2, event(EventKind.CLAIMED)), *of(3, event(EventKind.SETTLED)))
        with store.read() as tx:
            assert [t.number for _, t in tasks.listed(tx)] == [1, 2, 3]
            assert [t.number for _, t in tasks.listed(tx, unsettled=True)] == [1, 2]
            queued = tasks.listed(tx, statuses=[Status.QUEUED])
            assert [(seq, t.number) for seq, t in queued] == [(3, 2)]
            assert tasks.listed(tx, repo_id=9) == []
            assert tasks.counts(tx) == {"ready": 2, "queued": 1}
            assert [t.number for t in log.tasks_named(tx, 2, "TODO")] == [2]
            assert log.tasks_named(tx, 2, "do") == []


WRITER = """
import sys
from agent_os.domain.clock import RandomIds, SystemClock
from agent_os.domain.events import Event, EventKind
from agent_os.store import log, signals, slots
from agent_os.store.database import Store
from datetime import UTC, datetime, timedelta

url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = Store(url, SystemClock(), RandomIds())
slot = datetime(2100, 1, 1, tzinfo=UTC)
won = slots.take(store, "job", slot, timedelta(hours=1)) or 0
if won:
    slots.finish(store, "job", slot, won)
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    with store.write() as tx:
        signals_new = signals.raise_once(store, tx, f"signal {number}", {})
        data = {"text": f"{name} {number}", "new": signals_new}
        made = [
            Event(kind=EventKind.LESSON, at=store.now(tx), repo_id=1, number=1, data=data)
            for _ in range(2)
        ]
        log.append(store, tx, made)
print(won)
store.close()
"""


def _let_go(processes: list[subprocess.Popen[str]]) -> None:
    """All at once, when each has opened the database: else they would write one after another."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


@pytest.mark.parametrize("kind", stores.KINDS)
def test_trap_25_concurrent_writers_lose_nothing_and_a_reader_misses_nothing(
    kind: str, tmp_path: Path
) -> None:
    """Four processes open one new database at once and write; a fifth reads along by `seq`."""
    writers, count = 4, 30
    for url in stores.url(kind, tmp_path):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, url, f"w{n}", str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for n in range(writers)
        ]
        _let_go(processes)
        store = Store(url, stores.SetClock(), stores.Counted())
        seen: list[tuple[int, Event]] = []
        deadline = time.monotonic() + 60
        while len(seen) < writers * count * 2 and time.monotonic() < deadline:
            with store.read() as tx:
                seen += log.history(tx, after=seen[-1][0], limit=7) if seen else []
                if not seen:
                    seen += log.history(tx)[:7]
        outputs = [p.communicate(timeout=60)[0] for p in processes]
        store.close()
        assert [p.returncode for p in processes] == [0] * writers
        assert sorted(int(o) for o in outputs) == [0, 0, 0, 1], "one process has the slot"
        assert [seq for seq, _ in seen] == list(range(1, writers * count * 2 + 1))
        words = [e.data["text"] for _, e in seen]
        assert words[::2] == words[1::2], "a transaction's events are together"
        for number in range(writers):
            mine = [w for w in words[::2] if w.startswith(f"w{number} ")]
            assert mine == [f"w{number} {n}" for n in range(count)]
        assert sum(e.data["new"] for _, e in seen) == count * 2, "each signal is new once"


# A rich random history: what is in the tables is what the log says.

_TEXT = st.text(max_size=8)
_SHA = st.sampled_from([sha("c"), sha("d")])
_ATTEMPT = st.integers(1, 3)
_TRIAGE = st.builds(
    lambda n, question: {
        "of": spec().fingerprint,
        "attempt": n,
        "answer": said(doable=not question, question=question),
    },
    _ATTEMPT,
    st.sampled_from(["", "Which?"]),
)
_RESULT = st.builds(
    lambda head, number: {
        "head": head,
        "base": sha("a"),
        "text_hash": "t",
        "attempt": number,
        "evidence": evidence().model_dump(mode="json"),
    },
    _SHA,
    _ATTEMPT,
)
_DATA: dict[EventKind, st.SearchStrategy[dict[str, Any]]] = {
    EventKind.REQUESTED: st.builds(
        lambda title, number: (
            requested(
                spec=spec(title=title).model_dump(mode="json"),
                request={"event_id": number, "actor": "a", "at": NOW.isoformat()},
                labels=["Ready", title],
            ).data
        ),
        _TEXT,
        st.integers(0, 2**60),
    ),
    EventKind.TEXT_CHANGED: st.builds(
        lambda title: {"spec": spec(title=title).model_dump(mode="json")}, _TEXT
    ),
    EventKind.TEXT_IGNORED: st.fixed_dictionaries({"text_hash": _TEXT}),
    EventKind.LABELS_SEEN: st.fixed_dictionaries(
        {"labels": st.lists(_TEXT, max_size=3), "priority": st.integers(-1, 2)}
    ),
    EventKind.HELD: st.fixed_dictionaries(
        {"reason": _TEXT, "detail": _TEXT, "next_step": _TEXT}, optional={"by": _TEXT}
    ),
    EventKind.CANCELLED: st.fixed_dictionaries({"reason": _TEXT, "by": _TEXT}),
    EventKind.NOTED: st.fixed_dictionaries({"notes": _TEXT}),
    EventKind.REPO_RENAMED: st.fixed_dictionaries({"repo": _TEXT}),
    EventKind.WAITING: st.fixed_dictionaries(
        {"reason": st.sampled_from([*Reason, ""])},
        optional={"detail": _TEXT, "until": st.sampled_from([None, at(9).isoformat()])},
    ),
    EventKind.WORK_WANTED: st.fixed_dictionaries(
        {"kind": st.sampled_from(["fix", "refresh", "verify"]), "why": _TEXT, "feedback": _TEXT}
    ),
    EventKind.ATTEMPT_STARTED: st.builds(
        lambda n: {"attempt": running(n).model_dump(mode="json")}, _ATTEMPT
    ),
    EventKind.ATTEMPT_ENDED: st.one_of(
        st.fixed_dictionaries(
            {"code": st.sampled_from(list(FailureCode)), "signature": _TEXT, "detail": _TEXT},
            optional={
                "charged": st.booleans(),
                "handoff": st.just({"next": "n"}),
                "spent": st.sampled_from([{"usd": 0.25}, {"usd": None}]),
            },
        ),
        st.fixed_dictionaries(
            {"result": _RESULT, "head": _SHA}, optional={"spent": st.just({"usd": 0.5})}
        ),
        st.fixed_dictionaries({"triage": _TRIAGE, "charged": st.just(False)}),
    ),
    EventKind.RESULT_REJECTED: st.fixed_dictionaries(
        {"attempt": _ATTEMPT, "code": st.just("ci_failed")}, optional={"signature": _TEXT}
    ),
    EventKind.ANSWERED: st.fixed_dictionaries(
        {"comment": st.integers(1, 9), "at": st.just(at(1).isoformat())}
    ),
    EventKind.CHILD_OPENED: st.fixed_dictionaries(
        {"place": st.integers(0, 7), "number": st.integers(14, 20), "title": _TEXT}
    ),
    EventKind.BRANCH_PUSHED: st.fixed_dictionaries({"sha": _SHA}),
    EventKind.PULL_OPENED: st.fixed_dictionaries({"number": st.integers(1, 99), "head": _SHA}),
    EventKind.PULL_EDITED: st.fixed_dictionaries({"body_hash": _TEXT}),
    EventKind.APPROVAL_ASKED: st.fixed_dictionaries(
        {"head": _SHA, "asks": st.just([{"rule": "usd", "what": "it cost $9"}])}
    ),
    EventKind.APPROVED: st.fixed_dictionaries({"head": _SHA, "by": _TEXT}),
    EventKind.PULL_HEAD_MOVED: st.fixed_dictionaries({"sha": _SHA}),
    EventKind.PULL_MERGED: st.fixed_dictionaries({"sha": _SHA, "by": _TEXT}),
    EventKind.REVIEW_SEEN: st.fixed_dictionaries({"ids": st.lists(st.integers(1, 9), max_size=2)}),
    EventKind.LESSON: st.fixed_dictionaries(
        {"text": st.sampled_from(["one", "two"])},
        optional={"cause": st.just("ci"), "paths": st.just(["a/"]), "advice": _TEXT},
    ),
    EventKind.LESSON_USED: st.fixed_dictionaries(
        {"lessons": st.just([lesson_id(KEY.repo_id, "one"), "gone"]), "round": st.integers(1, 2)}
    ),
    EventKind.LESSON_ENDED: st.fixed_dictionaries(
        {"lesson": st.just(lesson_id(KEY.repo_id, "two"))},
        optional={"ending": st.just("expired"), "why": _TEXT},
    ),
    EventKind.API_USED: st.fixed_dictionaries(
        {
            "resource": st.sampled_from(["core", "graphql"]),
            "used": st.integers(0, 5000),
            "limit": st.just(5000),
            "resets_at": st.just(at(9).isoformat()),
        }
    ),
    EventKind.PROVIDER_SEEN: st.fixed_dictionaries(
        {"name": st.sampled_from(["one", "two", "one/model"]), "at": st.just(at(1).isoformat())},
        optional={"code": st.just("overloaded"), "until": st.just(at(9).isoformat())},
    ),
    EventKind.PRIORITY_SET: st.fixed_dictionaries(
        {"priority": st.integers(-1, 2), "why": st.just("w")}
    ),
    EventKind.THOUGHT_STARTED: st.fixed_dictionaries({"cap": st.just(0.5)}),
    EventKind.THOUGHT_ENDED: st.fixed_dictionaries(
        {"cap": st.just(0.5)},
        optional={"usd": st.sampled_from([0.0, 0.25]), "began": st.just(at(1).isoformat())},
    ),
    EventKind.LABELS_SET: st.fixed_dictionaries(
        {"label": _TEXT, "add": st.lists(_TEXT, max_size=2), "remove": st.lists(_TEXT, max_size=2)}
    ),
    EventKind.COMMENT_WRITTEN: st.fixed_dictionaries({"id": st.integers(1, 9), "hash": _TEXT}),
    EventKind.TOLD: st.fixed_dictionaries({"state": _TEXT}),
}


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(list(EventKind)))
    data = draw(_DATA.get(kind, st.just({})))
    made = event(kind, at(draw(st.integers(0, 10**7)) / 1000), **data)
    places = {"number": draw(st.sampled_from([12, 13])), "attempt": draw(_ATTEMPT)}
    return made.model_copy(update=places)


def derived(tx: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in schema.DERIVED:
        rows = tx.execute(sa.select(table).order_by(*table.primary_key.columns))
        found[table.name] = [tuple(r) for r in rows]
    return found


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(events(), min_size=1, max_size=30))
def test_rebuilding_gives_the_tables_that_were_written(history: list[Event]) -> None:
    first = requested().model_copy(update={"number": 12})
    history = [first, *history]
    with tempfile.TemporaryDirectory(dir=stores.MEMORY) as folder:
        store = stores.fresh_sqlite(Path(folder))
        with store.write() as tx:
            log.append(store, tx, history)
            written = derived(tx)
            log.rebuild(store, tx)
            assert derived(tx) == written
            for number in (12, 13):
                folded: Task | None = None
                for each in history:
                    if each.number == number:
                        folded = fold(folded, each)
                stored = tasks.get(tx, TaskKey(1, number))
                assert stored == folded
                if stored is not None:
                    row = next(r for r in written["tasks"] if r[1] == number)
                    assert stored.status.value in row
        store.close()


def test_the_log_is_json_that_other_programs_can_read(tmp_path: Path) -> None:
    store = stores.fresh_sqlite(tmp_path)
    append(store, event(EventKind.TOLD, state=Status.DONE), event(EventKind.NOTED, notes="ü"))
    with store.read() as tx:
        rows = [r.data for r in tx.execute(sa.select(schema.events).order_by("seq"))]
    store.close()
    assert [json.loads(r) for r in rows] == [{"state": "done"}, {"notes": "ü"}]
    assert "ü" in rows[1]


_OPENS = """import sys
from agent_os.domain.clock import RandomIds, SystemClock
from agent_os.store.database import Store
sys.stdin.readline()
store = Store(sys.argv[1], SystemClock(), RandomIds())
print(store.installation)
store.close()
"""


@pytest.mark.long
@pytest.mark.parametrize("again", range(5))
def test_a_new_database_may_be_opened_by_many_at_once(tmp_path: Path, again: int) -> None:
    """Switching to WAL is refused at once while another process does the same."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    command = [sys.executable, "-c", _OPENS, url]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(6)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in started]
    assert [process.returncode for process in started] == [0] * 6
    assert len(set(said)) == 1 and said[0]
