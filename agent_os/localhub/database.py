"""One SQLite file, one connection, one lock: a request is one transaction."""

import dataclasses
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def _nothing() -> None:
    """Nobody wants to know."""


def _nothing_of(_: list[Any]) -> None:
    """Nobody wants to know."""


@cache
def _bool_fields(shape: type[Any]) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(shape) if f.type is bool)


class Database:
    """Rows in and out. All use is inside `transaction()`, which holds the lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._noted: list[Any] = []
        self._changes = 0
        self.before_commit: Callable[[], None] = _nothing
        self.on_notes: Callable[[list[Any]], None] = _nothing_of
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        schema = resources.files("agent_os.localhub").joinpath("schema.sql").read_text()
        self._connection.executescript(schema)

    @classmethod
    def as_now(cls, path: Path) -> "Database":
        """What is committed now, to be read later; it can't be written to."""
        self = cls.__new__(cls)
        self._lock = threading.RLock()
        self._depth = 1  # inside a transaction for good, which keeps what it sees
        self._noted = []
        self._changes = 0
        self.before_commit = _nothing
        self.on_notes = _nothing_of
        self._connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro",
            uri=True,
            check_same_thread=False,
            isolation_level=None,
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT 1 FROM users").fetchone()
        return self

    def note(self, what: Any) -> None:
        """Something to be told by `on_notes` if the transaction succeeds, at its end."""
        self._noted.append(what)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; an inner transaction joins the outer one."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN")
                self._changes = self._connection.total_changes
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._finish()
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._noted = []
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def _finish(self) -> None:
        if self._noted:
            noted, self._noted = self._noted, []
            self.on_notes(noted)
        if self._connection.total_changes != self._changes:
            self.before_commit()

    def run(self, sql: str, *values: Any) -> int:
        """Write; answers the id of the inserted row."""
        return self._connection.execute(sql, values).lastrowid or 0

    def changed(self, sql: str, *values: Any) -> int:
        """Write; answers how many rows changed."""
        return self._connection.execute(sql, values).rowcount

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def column(self, sql: str, *values: Any) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self._connection.execute(sql, values)]

    def all(self, shape: type[T], sql: str, *values: Any) -> list[T]:
        """Every row as a `shape` (a dataclass whose fields are among the columns)."""
        return [_load(shape, row) for row in self._connection.execute(sql, values)]

    def one(self, shape: type[T], sql: str, *values: Any) -> T | None:
        """The first row as a `shape`, or None."""
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else _load(shape, row)

    def update(self, table: str, row_id: int, **values: Any) -> None:
        """Set columns of the row with this id (names come from our code, never from a client)."""
        columns = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE {table} SET {columns} WHERE id = ?", (*values.values(), row_id)
        )

    def insert(self, table: str, **values: Any) -> int:
        """Add a row (names come from our code, never from a client); answers its id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        return self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())

    def ticket(self) -> int:
        """A number higher than all before, shared by whatever is put in one order by it."""
        number = self.run("INSERT INTO tickets DEFAULT VALUES")
        self.run("DELETE FROM tickets WHERE number = ?", number)
        return number

    def close(self) -> None:
        """Close the connection; nothing may use it afterwards."""
        with self._lock:
            self._connection.close()


def _load(shape: type[T], row: sqlite3.Row) -> T:
    flags = _bool_fields(shape)
    return shape(**{key: bool(row[key]) if key in flags else row[key] for key in row.keys()})  # noqa: SIM118 - a Row iterates over values, not keys
