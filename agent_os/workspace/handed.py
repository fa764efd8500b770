"""What a program reads on its standard input, in a file that it can't use for anything else."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO


@contextmanager
def handed(data: bytes) -> Generator[IO[bytes]]:
    """A file of `data`, read from its start.

    On Linux in memory, and sealed: it may be emptied, but not grow. A file on a disk of ours would
    be writable from inside a sandbox (by /proc/self/fd/0), outside of every limit.
    """
    with _made() as file:
        file.write(data)
        file.flush()
        if sys.platform == "linux":
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        file.seek(0)
        yield file


def _made() -> IO[bytes]:
    if sys.platform == "linux":
        flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        return os.fdopen(os.memfd_create("standard-input", flags), "w+b")
    return tempfile.TemporaryFile()
