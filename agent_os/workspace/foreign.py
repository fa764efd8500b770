"""Opening what an agent left: each folder by its handle, nothing through a link.

So a file or folder that becomes a link between the look and the use leads nowhere.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import BinaryIO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Not waiting: a pipe that took a file's place would have no writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def folder_below(top: str | os.PathLike[str], path: bytes = b"") -> Generator[int]:
    """A handle of the folder at `path` below `top`. OSError when one on the way is no folder."""
    handle = os.open(top, _FOLDER)
    try:
        for part in path.split(b"/"):
            if not part:
                continue
            # Only what is in our way: an agent may have shut its own folders.
            with suppress(OSError):
                _open_up(part, 0o700, handle)
            inner = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


@contextmanager
def open_file(folder: int, name: bytes) -> Generator[BinaryIO]:
    """A regular file, to be read. OSError for anything else."""
    try:
        handle = os.open(name, _FILE, dir_fd=folder)
    except PermissionError:
        _open_up(name, 0o600, folder)
        handle = os.open(name, _FILE, dir_fd=folder)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("no regular file")
        yield file


def read_file(folder: int, name: bytes, most: int) -> bytes | None:
    """A regular file whole; None when it is larger than `most`. OSError for anything else."""
    with open_file(folder, name) as file:
        if os.fstat(file.fileno()).st_size > most:
            return None
        # One that grows while it is read ends here too.
        data = file.read(most + 1)
    return data if len(data) <= most else None


def _open_up(name: bytes, bits: int, folder: int) -> None:
    """Give the owner `bits` on it, if they are missing; never on what a link leads to."""
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode) or mode & bits == bits:
        return
    wanted = stat.S_IMODE(mode) | bits
    if sys.platform == "linux":
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            if not stat.S_ISLNK(os.fstat(handle).st_mode):
                os.chmod(f"/proc/self/fd/{handle}", wanted)  # noqa: PTH101 - a handle
        finally:
            os.close(handle)
    else:
        os.chmod(name, wanted, dir_fd=folder, follow_symlinks=False)
