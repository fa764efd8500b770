"""How much memory processes use, cheaply: pages that several share count once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PSS = re.compile(rb"^(?:Pss|SwapPss): +(\d+) kB", re.MULTILINE)


def used(pids: Iterable[int], limit: int) -> int:
    """Bytes in use by `pids`, swapped pages among them. Exact only where it comes near `limit`:
    what is cheap to read counts shared pages once for each process, so it is never too small."""
    found = tuple(pids)
    resident = sum(_resident(pid) for pid in found)
    return resident if resident <= limit else sum(_share(pid) for pid in found)


def scratch(pid: int) -> int:
    """Bytes that lie in the memory file systems of the sandbox whose first process is `pid`."""
    total = 0
    for name in ("tmp", "dev/shm"):
        inside = _PROC / str(pid) / "root" / name
        with suppress(OSError):
            if inside.stat().st_dev != (Path("/") / name).stat().st_dev:
                space = os.statvfs(inside)
                total += (space.f_blocks - space.f_bfree) * space.f_frsize
    return total


def _resident(pid: int) -> int:
    """Resident pages; 0 for a process that is gone."""
    try:
        fields = (_PROC / str(pid) / "statm").read_bytes().split()
    except OSError:
        return 0
    return int(fields[1]) * _PAGE


def _share(pid: int) -> int:
    """Its share of the pages that it has with others."""
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_bytes()
    except OSError:
        # Not ours to read, or gone.
        return _resident(pid)
    return sum(int(size) for size in _PSS.findall(text)) * 1024
