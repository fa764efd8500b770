"""Following the files in which a program notes what it does; they lie where its tools can write."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePath

_SECONDS_BETWEEN = 0.3
_MOST_FILES = 20
_MOST_BYTES = 1_000_000


@dataclass
class Notes:
    """`look` gives `take` what was added since; what was there at the start is not given."""

    home: Path
    patterns: Iterable[str]
    take: Callable[[bytes], object]
    _read: dict[Path, int] = field(default_factory=dict[Path, int])
    _looked: float = 0.0

    def __post_init__(self) -> None:
        for path in self._files():
            self._read[path] = path.lstat().st_size

    def look(self, *, now: bool = False) -> None:
        """At most every `_SECONDS_BETWEEN`, but for `now`, which reads all that there is."""
        if not now and time.monotonic() - self._looked < _SECONDS_BETWEEN:
            return
        self._looked = time.monotonic()
        for path in self._files():
            while self._more(path) and now:
                pass

    def _files(self) -> list[Path]:
        found = (
            path
            for pattern in self.patterns
            for path in _matching(self.home, PurePath(pattern).parts)
        )
        return list(islice(found, _MOST_FILES))

    def _is_inside(self, handle: int) -> bool:
        """A folder may have become a link to files that are not the agent's to read."""
        return self.home.resolve() in (Path("/proc/self/fd") / str(handle)).readlink().parents

    def _more(self, path: Path) -> bool:
        """One piece of one file; whether there may be another."""
        try:
            # A tool may have put a link or a pipe there.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or not self._is_inside(handle):
                return False
            before = self._read.get(path, 0)
            # One that became shorter is another one.
            start = before if before <= status.st_size else 0
            data = os.pread(handle, _MOST_BYTES, start)
        finally:
            os.close(handle)
        whole = data[: data.rfind(b"\n") + 1]
        # A line that is longer than a piece is passed over.
        taken = whole or (data if len(data) == _MOST_BYTES else b"")
        self._read[path] = start + len(taken)
        if whole:
            self.take(whole)
        return len(data) == _MOST_BYTES


def _matching(folder: Path, parts: Sequence[str]) -> Iterator[Path]:
    """In the order of their names. Links are not followed: they may lead out."""
    try:
        with os.scandir(folder) as entries:
            fit = sorted(
                (entry.name, entry.is_dir(follow_symlinks=False))
                for entry in entries
                if fnmatchcase(entry.name, parts[0])
            )
    except OSError:
        return
    for name, is_folder in fit:
        if len(parts) == 1:
            yield folder / name
        elif is_folder:
            yield from _matching(folder / name, parts[1:])
