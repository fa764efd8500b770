"""Limits that the kernel holds for a whole tree of processes: a cgroup (version 2) of its own.

It needs a place where we may make groups, whose groups get the controllers `memory` and `pids`:
a service of a systemd user session has one (beside its own group), so has root.
"""

from __future__ import annotations

import functools
import itertools
import os
import time
from contextlib import suppress
from pathlib import Path

from agent_os.workspace.bounds import Bounds, Overuse

ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_NEEDED = frozenset({"memory", "pids"})
_NAME = "agent-os-"
_MB = 1_000_000
#: `pids.max` counts threads.
_THREADS = 4
_GONE_SECONDS = 2.0
_numbers = itertools.count()


class Group:
    """One group below `place`, with the limits of `bounds`. OSError when it can't be made."""

    def __init__(self, place: Path, bounds: Bounds) -> None:
        _sweep(place)
        self.path = place / f"{_NAME}{os.getpid()}-{next(_numbers)}"
        self._bounds = bounds
        self.path.mkdir()
        try:
            if bounds.memory_mb:
                self._set("memory.max", bounds.memory_mb * _MB)
                self._set("memory.oom.group", 1)
                with suppress(OSError):  # no swap accounting
                    self._set("memory.swap.max", 0)
            if bounds.processes:
                self._set("pids.max", bounds.processes * _THREADS)
        except OSError:
            self.remove()
            raise

    def passed(self) -> Overuse | None:
        """The limit at which the kernel ended what was in it, if it did."""
        if not self._bounds.memory_mb or not _count(self.path / "memory.events", "oom_kill"):
            return None
        said = f"It used more memory than the {self._bounds.memory_mb} MB that are allowed."
        return Overuse("memory", said)

    def remove(self) -> None:
        """End what is left in it and take it away."""
        with suppress(OSError):
            self._set("cgroup.kill", 1)
        deadline = time.monotonic() + _GONE_SECONDS
        while not _removed(self.path) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _set(self, name: str, value: int) -> None:
        (self.path / name).write_text(f"{value}\n")


def problem(root: Path = ROOT, own: Path = _OWN) -> str:
    """Why there is no place for groups here; empty when there is one."""
    if not (root / "cgroup.controllers").exists():
        return "no cgroup of version 2 is mounted at /sys/fs/cgroup"
    if place(root, own) is None:
        return "no cgroup is delegated to us, with the controllers memory and pids"
    return ""


def place(root: Path = ROOT, own: Path = _OWN) -> Path | None:
    """The folder to make groups in: beside our own group, else below the root. Tried once."""
    return _place(root, own)


@functools.cache
def _place(root: Path, own: Path) -> Path | None:
    if not (root / "cgroup.controllers").exists():
        return None
    try:
        lines = own.read_text("utf-8").splitlines()
    except OSError:
        return None
    ours = next((line[3:].strip("/") for line in lines if line.startswith("0::")), "")
    # A group with processes in it can't have limited groups below it: hence beside ours.
    for folder in dict.fromkeys(((root / ours).parent if ours else root, root)):
        if _fits(folder):
            return folder
    return None


def _fits(folder: Path) -> bool:
    """Groups may be made and entered there, and have what we need."""
    try:
        given = (folder / "cgroup.subtree_control").read_text("utf-8").split()
    except OSError:
        return False
    if not set(given) >= _NEEDED or not os.access(folder / "cgroup.procs", os.W_OK):
        return False
    trial = folder / f"{_NAME}{os.getpid()}-trial"
    with suppress(OSError):
        trial.mkdir()
        return _removed(trial)
    return False


def _sweep(place: Path) -> None:
    """Groups of runners that died before they could remove them."""
    for left in place.glob(f"{_NAME}*"):
        pid = left.name.removeprefix(_NAME).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            _removed(left)


def _removed(path: Path) -> bool:
    # Its files are the kernel's; the folder goes when no process is in it.
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _count(file: Path, name: str) -> int:
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0)
