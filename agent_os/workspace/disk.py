"""How much disk folders use: read in small pieces, so that nobody waits for a walk."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

#: Of one piece of a walk.
_PIECE_SECONDS = 0.02
_BLOCK = 512
#: An empty file costs something too: its inode, its name.
_LEAST = 512
MOST_ENTRIES = 2_000_000


class Walk:
    """One walk over folders, going on a little with each `step`. Links are not followed; holes in
    files cost nothing; a file with several names counts once for all of them."""

    def __init__(self, folders: tuple[Path, ...], most: int = MOST_ENTRIES) -> None:
        self.bytes = 0
        self.entries = 0
        self.problem = ""
        """Why what lies there can't be measured."""
        self._most = most
        self._walk = self._all([str(folder) for folder in folders])

    def step(self) -> bool:
        """Go on for some milliseconds; True once it is over."""
        until = time.monotonic() + _PIECE_SECONDS
        for _ in self._walk:
            if self.problem:
                return True
            if time.monotonic() > until:
                return False
        return True

    def _all(self, todo: list[str]) -> Iterator[None]:
        while todo:
            try:
                with os.scandir(todo.pop()) as entries:
                    for entry in entries:
                        if self._count(entry):
                            todo.append(entry.path)
                        yield
            except OSError as error:
                self._note(error)
                yield

    def _count(self, entry: os.DirEntry[str]) -> bool:
        """Add it; whether there is more below it."""
        self.entries += 1
        if self.entries > self._most:
            self.problem = f"it made more than {self._most} files"
        try:
            found = entry.stat(follow_symlinks=False)
            folder = entry.is_dir(follow_symlinks=False)
        except OSError as error:
            self._note(error)
            return False
        names = 1 if folder else max(1, found.st_nlink)
        self.bytes += max(_LEAST, found.st_blocks * _BLOCK) // names
        return folder

    def _note(self, error: OSError) -> None:
        # What is gone by now costs nothing; what can't be reached by its name would not count.
        if error.errno == errno.ENAMETOOLONG:
            self.problem = "its folders lie too deep to be measured"


def free_bytes(folder: Path) -> int | None:
    """What anybody but root may still write there; None where nobody can tell."""
    try:
        space = os.statvfs(folder)
    except OSError:
        return None
    return space.f_bavail * space.f_frsize
