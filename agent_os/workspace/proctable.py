"""The table of processes: who descends from whom, told apart from reused pids by start time."""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One line of the table. `started` is in clock ticks since boot (0 where unknown)."""

    pid: int
    parent: int
    session: int
    started: int
    name: str
    zombie: bool


def read_process(pid: int) -> Process | None:
    """The process `pid` now, or None when there is none (or no /proc)."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name stands in parentheses and may itself hold spaces and parentheses.
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]), name, fields[0] in "ZX")


def all_processes() -> dict[int, Process]:
    """Every process that we can see, by pid."""
    if not (_PROC / "self" / "stat").exists():
        return _from_ps()
    pids = [int(entry) for entry in os.listdir(_PROC) if entry.isdigit()]  # noqa: PTH208 - hot loop
    found = (read_process(pid) for pid in pids)
    return {process.pid: process for process in found if process is not None}


def descendants(root: int) -> dict[int, Process]:
    """All processes below `root`, without itself; zombies among them."""
    table = all_processes()
    children: defaultdict[int, list[Process]] = defaultdict(list)
    for process in table.values():
        children[process.parent].append(process)
    found: dict[int, Process] = {}
    todo = [root]
    while todo:
        for child in children[todo.pop()]:
            if child.pid not in found and child.pid != root:
                found[child.pid] = child
                todo.append(child.pid)
    return found


def alive(process: Process) -> bool:
    """Whether this very process still runs (not a zombie, not another one with its pid)."""
    now = read_process(process.pid) if _PROC.exists() else all_processes().get(process.pid)
    return now is not None and not now.zombie and now.started == process.started


def touching(directory: Path, sessions: frozenset[int] = frozenset()) -> dict[int, Process]:
    """Processes in one of `sessions`, or that stand in `directory`, or were told of it.

    For the time after a runner died: its children have another parent then, but their current
    directory and first environment still name the attempt.
    """
    needle = os.fsencode(directory)
    found = {
        pid: process
        for pid, process in all_processes().items()
        if pid != os.getpid() and (process.session in sessions or _names(pid, needle))
    }
    for pid in tuple(found):
        found.update(descendants(pid))
    found.pop(os.getpid(), None)
    return found


def _names(pid: int, needle: bytes) -> bool:
    entry = _PROC / str(pid)
    try:
        where = os.fsencode((entry / "cwd").readlink())
        if where == needle or where.startswith(needle + b"/"):
            return True
        told = (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(item.startswith(b"AGENT_OS_TASK=" + needle + b"/") for item in told)


def _from_ps() -> dict[int, Process]:
    # Without /proc (macOS) start times are unknown; pids are compared within seconds only.
    args = ["ps", "-A", "-o", "pid=,ppid=,sess=,stat=,ucomm="]
    listed = subprocess.run(args, capture_output=True, text=True, timeout=10, check=False).stdout
    found: dict[int, Process] = {}
    for line in listed.splitlines():
        pid, parent, _, state, name = [*line.split(None, 4), "", "", "", "", ""][:5]
        if pid.isdigit():
            found[int(pid)] = Process(int(pid), int(parent), 0, 0, name, state.startswith("Z"))
    return found
