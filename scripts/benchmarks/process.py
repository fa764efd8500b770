"""The size of a process, from /proc."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_KB = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_KB_PER_MB = 1024


@dataclass(frozen=True)
class Size:
    """MB of 1024² bytes. `pss` counts a page that n processes share as an nth; `peak` is the
    largest resident size since its program began."""

    rss: float
    pss: float
    peak: float


def size(pid: int) -> Size | None:
    """Of one process without its children; None when it has ended."""
    try:
        text = "".join(Path(f"/proc/{pid}/{f}").read_text() for f in ("smaps_rollup", "status"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = {key: int(kb) / _KB_PER_MB for key, kb in _KB.findall(text)}
    # A process that is ending has no memory any more.
    if not {"Rss", "Pss", "VmHWM"} <= found.keys():
        return None
    return Size(found["Rss"], found["Pss"], found["VmHWM"])
