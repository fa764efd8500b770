"""The limits around one program: its cgroup, what it inherits, and what is run after its end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from agent_os.domain.errors import SandboxError
from agent_os.workspace.bounds import Bounds, Overuse
from agent_os.workspace.sandbox import cgroup, rlimits

_CLEANUP_SECONDS = 60.0
#: How engines say that there is nothing (any more) of that name.
_GONE = ("no such container", "no container with name")


@dataclass(frozen=True)
class Held:
    """`prefix` stands before the program's argv."""

    prefix: tuple[str, ...] = ()
    group: cgroup.Group | None = None

    def passed(self) -> Overuse | None:
        """The limit at which the kernel ended it, if it did."""
        return self.group.passed() if self.group else None


@contextmanager
def held(bounds: Bounds | None) -> Generator[Held]:
    """What holds the limits of one program, as long as it runs."""
    if bounds is None:
        yield Held()
        return
    group = _group(bounds)
    try:
        yield Held(rlimits.prefix(bounds, group.path if group else None), group)
    finally:
        if group is not None:
            group.remove()


def _group(bounds: Bounds) -> cgroup.Group | None:
    place = cgroup.place()
    if place is not None and (bounds.memory_mb or bounds.processes):
        # It may have been taken from us meanwhile; the watching holds the limits then.
        with suppress(OSError):
            return cgroup.Group(place, bounds)
    return None


def must_exist(argv: Sequence[str], env: Mapping[str, str]) -> None:
    """FileNotFoundError, as if it were started, which a prefix would hide."""
    if shutil.which(argv[0], path=env.get("PATH")) is None:
        raise FileNotFoundError(2, "No such file or directory", argv[0])


def clean_up(argv: Sequence[str]) -> None:
    """Run what ends the rest of a program, where that is not below us. SandboxError if it fails:
    what it should have ended may still write."""
    if not argv:
        return
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=_CLEANUP_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"`{argv[0]}` does not end its container: {error}.") from error
    said = done.stderr.strip()
    if done.returncode != 0 and not any(words in said.lower() for words in _GONE):
        raise SandboxError(f"`{argv[0]}` does not end its container: {said[-300:]}")
