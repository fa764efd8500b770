"""Watches what a running program uses: the limits that nothing of the kernel's holds for us.

It looks twice a second; less often where looking takes long (at large work dirs). Between two looks
a program can use more than it may, but not for long.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice

from agent_os.workspace import disk, memory
from agent_os.workspace.bounds import Bounds, Overuse
from agent_os.workspace.tree import Finder

_LOOK_SECONDS = 0.5
#: Looking at processes, and walking, take a tenth of the time each at most.
_REST = 10
_MB = 1_000_000
_KEY = "See `profiles` in the config."


class Watch:
    """`look` as often as you like; it works when it is time to."""

    def __init__(self, bounds: Bounds, find: Finder) -> None:
        self._bounds = bounds
        self._find = find
        self._looks_at = 0.0
        self._walks_at = 0.0
        self._walk: disk.Walk | None = None
        self._walked = 0.0
        """Seconds that this walk took so far."""

    def look(self) -> Overuse | None:
        """The limit that is passed, if one is."""
        now = time.monotonic()
        found = None
        if now >= self._looks_at:
            found = self._processes() or self._free()
            cost = time.monotonic() - now
            self._looks_at = now + max(_LOOK_SECONDS, cost * _REST)
        return found or self._folders(now)

    def _processes(self) -> Overuse | None:
        bounds = self._bounds
        if not bounds.memory_mb and not bounds.processes:
            return None
        found = self._find()
        if bounds.processes and len(found) > bounds.processes:
            said = f"It had {len(found)} processes at once; {bounds.processes} are allowed. {_KEY}"
            return Overuse("processes", said)
        limit = bounds.memory_mb * _MB
        if not limit:
            return None
        used = memory.used(found, limit) + self._scratch(found)
        if used <= limit:
            return None
        said = f"It used {used // _MB} MB of memory; {bounds.memory_mb} MB are allowed. {_KEY}"
        return Overuse("memory", said)

    @staticmethod
    def _scratch(found: Iterable[int]) -> int:
        """All of a sandbox see the same; the first may not be in it yet."""
        return max((memory.scratch(pid) for pid in islice(found, 3)), default=0)

    def _free(self) -> Overuse | None:
        floor = self._bounds.free_disk_mb * _MB
        for folder in self._bounds.folders if floor else ():
            free = disk.free_bytes(folder)
            if free is not None and free < floor:
                said = f"{free // _MB} MB are free on the disk; {floor // _MB} MB must stay free."
                return Overuse("disk_full", said)
        return None

    def _folders(self, now: float) -> Overuse | None:
        if not self._bounds.disk_mb or now < self._walks_at:
            return None
        walk = self._walk or disk.Walk(self._bounds.folders)
        begun = time.monotonic()
        over = walk.step()
        self._walked += time.monotonic() - begun
        self._walk = None if over else walk
        if over:
            self._walks_at = now + max(_LOOK_SECONDS, self._walked * _REST)
            self._walked = 0.0
        # What was counted so far is there, whatever comes.
        return self._judged(walk)

    def _judged(self, walk: disk.Walk) -> Overuse | None:
        if walk.problem:
            return Overuse("disk", f"{walk.problem[0].upper()}{walk.problem[1:]}.")
        if walk.bytes <= self._bounds.disk_mb * _MB:
            return None
        said = (
            f"Its files took {-(-walk.bytes // _MB)} MB of disk; {self._bounds.disk_mb} MB are "
            f"allowed. {_KEY}"
        )
        return Overuse("disk", said)
