"""One SQLite file, one connection, one lock: a request is one transaction."""

import dataclasses
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def _bool_fields(shape: type[Any]) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(shape) if f.type is bool)


class Database:
    """Rows in and out. All use is inside `transaction()`, which holds the lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        schema = resources.files("agent_os.localhub").joinpath("schema.sql").read_text()
        self._connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; an inner transaction joins the outer one."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

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
