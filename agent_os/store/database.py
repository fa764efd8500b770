"""Opening the database, its transactions, and its migrations."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc

from agent_os.domain.clock import Clock, Ids
from agent_os.domain.errors import StoreError
from agent_os.store import meta, owner, schema

_BUSY_MS = 30_000
_PAUSE_MS = 50
_ADVISORY_LOCK = 0x0A6E_0705
HEAD = "0003"
#: As Alembic makes it.
_VERSION_TABLE = """CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"""


Redact = Callable[[object], object]
"""JSON data without secrets."""


def _as_it_is(data: object) -> object:
    return data


class Store:
    """One database. `write()` transactions are serial, so that `seq` is in commit order."""

    def __init__(self, url: str, clock: Clock, ids: Ids) -> None:
        self.url = url
        self.clock = clock
        self.ids = ids
        self.redact: Redact = _as_it_is
        """Takes out of an event's data what must not be stored; set once, by who knows it."""
        self.owner = owner.this_process()
        self.engine = _engine(url)
        # Threads of one process take turns here: SQLite would let them sleep and try again.
        self._writing = threading.Lock()
        try:
            self._migrate()
        except StoreError:
            self.engine.dispose()
            raise
        except exc.SQLAlchemyError as error:
            self.engine.dispose()
            raise StoreError(
                f"The database at {self.engine.url!r} can't be opened: {error}.",
                next_step="Check `store.url`, the disk, and the permissions of `home`.",
            ) from error
        self.installation = self._installation()

    @contextmanager
    def write(self) -> Generator[sa.Connection]:
        connect = self.engine.connect
        with self._writing, connect().execution_options(agent_os_write=True) as tx, tx.begin():
            if self.engine.dialect.name == "postgresql":
                tx.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            yield tx

    @contextmanager
    def read(self) -> Generator[sa.Connection]:
        with self.engine.connect() as tx:
            yield tx

    def now(self, tx: sa.Connection) -> datetime:
        """The store's clock: the database server's where there is one."""
        if self.engine.dialect.name == "postgresql":
            return tx.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        return self.clock.now()

    def close(self) -> None:
        self.engine.dispose()

    def _migrate(self) -> None:
        with self.read() as tx:
            if sa.inspect(tx).has_table("alembic_version"):
                found = tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
                if found == HEAD:
                    return
                if found is not None and found > HEAD:
                    raise StoreError(
                        f"The database has version {found}; this program knows {HEAD}.",
                        next_step="Install the newer Agent OS that wrote it.",
                    )
        if not self._created():
            upgrade(self.engine)

    def _created(self) -> bool:
        """Make the tables of a new database at once: Alembic takes long to load, and a tenth of
        the memory of a process. A test compares what both make."""
        with self.write() as tx:
            if sa.inspect(tx).get_table_names():
                return False
            schema.metadata.create_all(tx)
            tx.exec_driver_sql(_VERSION_TABLE)
            tx.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEAD}')")
            return True

    def _installation(self) -> str:
        with self.write() as tx:
            found = meta.get(tx, "installation")
            if found is None:
                found = self.ids.new()
                meta.put(tx, "installation", found)
            return found


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url)
    if engine.dialect.name != "sqlite":
        return engine

    def configure(connection: object, _record: object) -> None:
        # SQLAlchemy begins transactions itself (below); the driver must not.
        connection.isolation_level = None  # type: ignore[attr-defined]  # the DB-API connection
        cursor = connection.cursor()  # type: ignore[attr-defined]  # the DB-API connection
        for pragma in (f"busy_timeout={_BUSY_MS}", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        _write_ahead(cursor)
        cursor.close()

    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("agent_os_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch a new database to WAL. While another process does the same or writes, SQLite refuses
    at once, whatever the timeout: only one that is there already is left as it is."""
    for _ in range(_BUSY_MS // _PAUSE_MS):
        try:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(_PAUSE_MS / 1000)
    cursor.execute("PRAGMA journal_mode=WAL")


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to `revision`. Serial between processes: one write transaction."""
    from alembic import command  # slow to import, rarely needed
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(agent_os_write=True) as tx, tx.begin():
        if engine.dialect.name == "postgresql":
            tx.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        settings.attributes["connection"] = tx
        command.upgrade(settings, revision)
