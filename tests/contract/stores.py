"""Stores for the contract tests: SQLite always, PostgreSQL where it is installed."""

from __future__ import annotations

import atexit
import copy
import functools
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from agent_os.domain.clock import Ids
from agent_os.store.database import Store
from agent_os.store.owner import this_process
from tests.contract import postgres

KINDS = ("sqlite", "postgresql")
#: For tests that make many databases: the disk need not be asked each time.
MEMORY = next((path for path in ("/dev/shm",) if os.access(path, os.W_OK)), None)


class SetClock:
    """A clock that is set by hand. PostgreSQL has its own."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Counted(Ids):
    """Ids that sort in the order in which they were made."""

    def __init__(self) -> None:
        self.made = 0

    def new(self) -> str:
        self.made += 1
        return f"{self.made:016x}"


@functools.cache
def _template() -> Path:
    """A migrated SQLite database to copy: migrating takes longer than most tests."""
    path = Path(tempfile.mkdtemp(prefix="agent-os-store-", dir=MEMORY)) / "template.sqlite"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    store = Store(f"sqlite:///{path}", SetClock(), Counted())
    with store.read() as tx:
        tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


def fresh_sqlite(folder: Path) -> Store:
    """A store of its own in a new file."""
    path = folder / f"{uuid.uuid4().hex}.sqlite"
    shutil.copy(_template(), path)
    return Store(f"sqlite:///{path}", SetClock(), Counted())


def opened(kind: str, folder: Path) -> Iterator[Store]:
    """A fresh store, closed afterwards."""
    if kind == "sqlite":
        store = fresh_sqlite(folder)
        yield store
        store.close()
        return
    for address in url(kind, folder):
        store = Store(address, SetClock(), Counted())
        yield store
        store.close()


def url(kind: str, folder: Path) -> Iterator[str]:
    """The address of a fresh database; PostgreSQL's is dropped afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.sqlite'}"
        return
    postgres.needed()
    server = sa.make_url(postgres.address())
    name = f"agent_os_test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def another(store: Store, owner: str) -> Store:
    """The same database, used by another owner."""
    other = copy.copy(store)
    other.owner = owner
    return other


def dead_owner() -> str:
    """This machine, this boot, and a process that can't exist."""
    host = this_process().rsplit("/", 2)[0]
    return f"{host}/4999999/1"


def living_owner() -> str:
    """Another process that lives: the parent of this one."""
    host = this_process().rsplit("/", 2)[0]
    pid = os.getppid()
    try:
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        ticks = "-"
    return f"{host}/{pid}/{ticks}"
