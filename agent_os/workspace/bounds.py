"""What a running program may use of the machine: the limits that are held while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_os.domain.profiles import Profile

What = Literal["memory", "processes", "disk", "disk_full"]


@dataclass(frozen=True)
class Bounds:
    """Sizes in MB; 0: no limit of ours. `folders` are what `disk_mb` counts, all together."""

    memory_mb: int = 0
    processes: int = 0
    disk_mb: int = 0
    open_files: int = 0
    folders: tuple[Path, ...] = ()
    free_disk_mb: int = 0
    """What must stay free on the disk of `folders`."""

    @classmethod
    def of(cls, profile: Profile, folders: tuple[Path, ...], free_disk_mb: int = 0) -> Bounds:
        """A profile's limits on what works in `folders`."""
        return cls(
            memory_mb=profile.memory_mb,
            processes=profile.processes,
            disk_mb=profile.disk_mb,
            open_files=profile.open_files,
            folders=folders,
            free_disk_mb=free_disk_mb,
        )


@dataclass(frozen=True)
class Overuse:
    """A limit was passed: which, and one sentence with the figures."""

    what: What
    words: str
