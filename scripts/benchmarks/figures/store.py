"""The store by itself: events a second, and the status of many tasks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import yaml

from agent_os.cli.context import build_world, load
from agent_os.domain.clock import RandomIds, SystemClock
from agent_os.domain.events import Event
from agent_os.jobs import overview
from agent_os.store import log
from agent_os.store.database import Store
from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from scripts.benchmarks.history import task_events

_REPO, _REPO_ID = "acme/history", 1
_OPEN = 100
_MEMORY = Path("/dev/shm")
_TOKEN = "AGENT_OS_BENCH_TOKEN"


def _events(first: int = 1) -> Iterator[Event]:
    number = first
    while True:
        yield from task_events(_REPO, _REPO_ID, number)
        number += 1


def append(setting: Setting) -> list[Figure]:
    """Each event in a transaction of its own, as durable as the product's; and many in one."""
    count, runs = setting.size("events", 300, 3000), setting.size("runs", 2, 3)
    setting.folder.mkdir(parents=True)
    single = [_run(setting.folder / f"single{n}.sqlite", count, 1) for n in range(runs)]
    batch = [_run(setting.folder / f"batch{n}.sqlite", count, 100) for n in range(runs)]
    bare = [_bare(setting.folder / f"bare{n}.sqlite", count) for n in range(runs)]
    rows = [
        _row("one event a transaction", [rate for rate, _ in single]),
        _row("100 events a transaction", [rate for rate, _ in batch]),
        _row("bare sqlite3: an INSERT and an UPDATE a transaction, same settings", bare),
    ]
    if os.access(_MEMORY, os.W_OK):
        with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
            memory = [_run(Path(folder) / f"{n}.sqlite", count, 1) for n in range(runs)]
        rows.append(_row("one event a transaction, files in memory", [r for r, _ in memory]))
    rows.append(_row("processor time of one event alone (µs)", [cpu for _, cpu in single]))
    return [
        Figure(
            name="append",
            what="events appended with projection, one transaction each, SQLite",
            unit="a second",
            spread=Spread.of([rate for rate, _ in single]),
            how=f"{runs} runs of {count} events of whole tasks on a new database; WAL, "
            "synchronous=FULL: each waits for the disk",
            target="at least 2,000 a second",
            bound=2000,
            at_least=True,
            tables=(Table("Events a second", ("how", "min", "median", "max"), tuple(rows)),),
        )
    ]


def _row(name: str, values: list[float]) -> tuple[str | float, ...]:
    spread = Spread.of(values)
    return (name, round(spread.low), round(spread.median), round(spread.high))


def _run(path: Path, count: int, together: int) -> tuple[float, float]:
    """(events a second, processor time in µs an event), `together` in a transaction."""
    store = Store(f"sqlite:///{path}", SystemClock(), RandomIds())
    try:
        source = list(islice(_events(), count))
        begun, used = time.perf_counter(), time.thread_time()
        for start in range(0, count, together):
            with store.write() as tx:
                log.append(store, tx, source[start : start + together])
        cpu = (time.thread_time() - used) / count * 1e6
        return count / (time.perf_counter() - begun), cpu
    finally:
        store.close()


def _bare(path: Path, count: int) -> float:
    """What the disk and SQLite allow: the same number of transactions of the same weight."""
    base = sqlite3.connect(path, isolation_level=None)
    for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"):
        base.execute(line)
    base.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT)")
    base.execute("CREATE TABLE tasks (number INTEGER PRIMARY KEY, data TEXT)")
    base.execute("INSERT INTO tasks VALUES (1, '')")
    begun = time.perf_counter()
    for _ in range(count):
        base.execute("BEGIN IMMEDIATE")
        base.execute("INSERT INTO events (data) VALUES (?)", ("x" * 300,))
        base.execute("UPDATE tasks SET data = ? WHERE number = 1", ("y" * 2000,))
        base.execute("COMMIT")
    rate = count / (time.perf_counter() - begun)
    base.close()
    return rate


def status(setting: Setting) -> list[Figure]:
    """Of a store with many tasks: nearly all over, some in review; and one with all open."""
    count, runs = setting.size("tasks", 200, 10_000), setting.size("runs", 3, 10)
    over = _filled(setting.folder / "over", count, min(_OPEN, count))
    still = _filled(setting.folder / "open", count, count)
    mostly = f"of {count:,} tasks, {min(_OPEN, count)} of them open"
    found = [
        _status("status", f"status {mostly}: the query", _query(over, runs), runs, bound=0.3),
        _status(
            "status-command",
            f"`agent-os status` {mostly}: the whole command",
            _command(over, runs),
            runs,
        ),
        _status(
            "status-open",
            f"status of {count:,} tasks, all open: the query",
            _query(still, runs),
            runs,
        ),
        _status(
            "status-open-command",
            f"`agent-os status` of {count:,} tasks, all open",
            _command(still, runs),
            runs,
        ),
        _status(
            "command",
            "`agent-os status` with an empty store",
            _command(_filled(setting.folder / "none", 0, 0), runs),
            runs,
        ),
    ]
    return found


def _status(
    name: str, what: str, seconds: list[float], runs: int, bound: float | None = None
) -> Figure:
    return Figure(
        name=name,
        what=what,
        unit="s",
        spread=Spread.of(seconds),
        how=f"{runs} runs; wall clock",
        target="under 0.3 s" if bound else "",
        bound=bound,
    )


def _filled(folder: Path, count: int, still_open: int) -> Path:
    """A config whose store has so many tasks, the last ones with an open pull request."""
    folder.mkdir(parents=True)
    os.environ[_TOKEN] = "unused"
    config = folder / "config.yaml"
    settings = {
        "home": "./runtime",
        "github": {"api_url": "http://127.0.0.1:9/api/v3", "token": f"${_TOKEN}"},
        "repositories": [{"name": _REPO}],
    }
    config.write_text(yaml.safe_dump(settings))
    world = build_world(load(config))
    try:
        with world.store.write() as tx:
            for number in range(1, count + 1):
                events = task_events(_REPO, _REPO_ID, number, ends=number <= count - still_open)
                log.append(world.store, tx, events)
    finally:
        world.store.close()
    return config


def _query(config: Path, runs: int) -> list[float]:
    world = build_world(load(config))
    seconds: list[float] = []
    try:
        for _ in range(runs):
            begun = time.perf_counter()
            overview.status(world)
            seconds.append(time.perf_counter() - begun)
    finally:
        world.store.close()
    return seconds


def _command(config: Path, runs: int) -> list[float]:
    argv = [sys.executable, "-m", "agent_os", "status", "--json", "--config", str(config)]
    seconds: list[float] = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, timeout=300)
        seconds.append(time.perf_counter() - begun)
    return seconds
