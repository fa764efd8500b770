"""Ending a whole process tree, and making sure that nothing of it is left."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from agent_os.domain.errors import SandboxError
from agent_os.workspace.proctable import Process, alive, descendants

_PR_SET_CHILD_SUBREAPER = 36
#: `keyctl`, by machine: libc has no function for it.
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_JOIN_SESSION_KEYRING = 1
_POLL_SECONDS = 0.02
_KILL_SECONDS = 10.0

Finder = Callable[[], dict[int, Process]]


def become_subreaper(*, on: bool = True) -> bool:
    """Have orphans below us become our children instead of init's (Linux only), or no more.

    So a process that forks twice and starts its own session is still found below us.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0) == 0


def leave_keyring() -> None:
    """Have what this thread starts begin with an empty keyring (Linux only).

    A session's keyring is handed down past every namespace, and holds the owner's keys.
    """
    number = _KEYCTL.get(os.uname().machine, 0)
    if sys.platform.startswith("linux") and number:
        # Where the kernel has no keyrings, or forbids them (containers), there is none to leave.
        ctypes.CDLL(None, use_errno=True).syscall(number, _JOIN_SESSION_KEYRING, None)


def below(root: int, apart_from: Iterable[int] = ()) -> Finder:
    """A finder of everything below `root`, apart from some pids that are not our business."""
    known = frozenset(apart_from)
    return lambda: {pid: item for pid, item in descendants(root).items() if pid not in known}


def end_tree(find: Finder, *, grace_seconds: float, own: int = 0) -> int:
    """SIGTERM, `grace_seconds`, then SIGKILL until `find` finds nothing; returns how many lived.

    `own` is the pid that the caller itself will wait for.
    Raises SandboxError if something survives: nobody may touch its files then.
    """
    seen = _living(find)
    if seen and grace_seconds > 0:
        # Ending bwrap itself would end its namespace at once, so that one gets no SIGTERM.
        _signal((item for item in seen.values() if item.name != "bwrap"), signal.SIGTERM)
        _wait_gone(find, grace_seconds)
    deadline = time.monotonic() + _KILL_SECONDS
    while left := _living(find):
        seen.update(left)
        if time.monotonic() > deadline:
            raise SandboxError(f"Processes can't be ended: {sorted(left)[:10]}.")
        _signal(left.values(), signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    while any(alive(item) for item in seen.values()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    _reap(find, own)
    return sum(process.name != "bwrap" for process in seen.values())


def _living(find: Finder) -> dict[int, Process]:
    return {pid: item for pid, item in find().items() if not item.zombie}


def _wait_gone(find: Finder, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _living(find):
        time.sleep(_POLL_SECONDS)


def _signal(processes: Iterable[Process], number: signal.Signals) -> None:
    for process in processes:
        if alive(process):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)


def _reap(find: Finder, own: int) -> None:
    for process in find().values():
        if process.zombie and process.parent == os.getpid() and process.pid != own:
            with suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
