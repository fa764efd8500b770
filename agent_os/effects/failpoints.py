"""Named places at which a test may kill this process. Without the variable they do nothing.

AGENT_OS_FAILPOINT="NAME#N" kills at the N-th time that NAME is reached; the names that were
reached are appended to the file AGENT_OS_FAILPOINT_LOG.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

_reached: Counter[str] = Counter()
_watchers: list[Callable[[str], None]] = []


@contextmanager
def watched(by: Callable[[str], None]) -> Generator[None]:
    """Meanwhile `by` is called with each name that is reached; what it raises unwinds the job."""
    _watchers.append(by)
    try:
        yield
    finally:
        _watchers.remove(by)


def failpoint(name: str) -> None:
    for watcher in _watchers:
        watcher(name)
    wanted = os.environ.get("AGENT_OS_FAILPOINT")
    record = os.environ.get("AGENT_OS_FAILPOINT_LOG")
    if not wanted and not record:
        return
    _reached[name] += 1
    point = f"{name}#{_reached[name]}"
    if record:
        with Path(record).open("a", encoding="utf-8") as file:
            file.write(f"{point}\n")
    if point == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
