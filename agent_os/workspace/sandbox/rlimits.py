"""Limits that a program inherits: a shell sets them, then becomes the program."""

from __future__ import annotations

import platform
import resource
from pathlib import Path

from agent_os.workspace.bounds import Bounds

_SHELL = "/bin/sh"
_MB = 1_000_000
#: What POSIX has `ulimit -f` count in.
_BLOCK = 512
#: From Linux 5.14 on, RLIMIT_NPROC counts the user's processes in each user namespace apart.
_COUNTS_APART = (5, 14)
#: It counts threads: so many for each process that is allowed.
_THREADS = 4


def prefix(bounds: Bounds, group: Path | None = None) -> tuple[str, ...]:
    """The argv to put before a program's own; `group` is a cgroup that it enters first.

    No core files, no file larger than all files together may be, so many open files.
    """
    lines = ["ulimit -c 0"]
    if group is not None:
        lines.insert(0, f'echo $$ > "{group}/cgroup.procs"')
    if bounds.disk_mb:
        lines.append(f"ulimit -f {bounds.disk_mb * _MB // _BLOCK}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if bounds.open_files:
        # Lowered only: what is already lower stays, and nobody may raise it.
        lines.append(f"ulimit -S -n {_least(bounds.open_files, soft)}")
        lines.append(f"ulimit -H -n {_least(bounds.open_files, hard)}")
    return (_SHELL, "-c", "; ".join([*lines, 'exec "$@"']), _SHELL)


def counts_apart(user: int, kernel: tuple[int, int]) -> bool:
    """Whether RLIMIT_NPROC counts what is in a user namespace of its own, and only that."""
    # The kernel leaves root out of this limit.
    return user != 0 and kernel >= _COUNTS_APART


def inside(processes: int, *, user: int, kernel: tuple[int, int]) -> tuple[str, ...]:
    """The argv to put before a program in a user namespace of its own, where a limit of processes
    counts only those in there; empty where it would count the user's other ones, or not at all."""
    if not processes or not counts_apart(user, kernel):
        return ()
    most = processes * _THREADS
    # As bwrap says it, so that whoever reads it needs to know one form only.
    missing = 'echo "bwrap: execvp $1: No such file or directory" >&2; exit 1'
    lines = (
        f'command -v "$1" >/dev/null || {{ {missing}; }}',
        # bash calls it -u, dash -p.
        f"ulimit -u {most} 2>/dev/null || ulimit -p {most} 2>/dev/null",
        'exec "$@"',
    )
    return (_SHELL, "-c", "; ".join(lines), _SHELL)


def kernel() -> tuple[int, int]:
    """(major, minor) of this Linux; (0, 0) elsewhere."""
    if platform.system() != "Linux":
        return (0, 0)
    numbers = platform.release().split(".")
    return (int(numbers[0]), int(numbers[1])) if numbers[1:] and numbers[1].isdigit() else (0, 0)


def _least(wanted: int, now: int) -> int:
    return wanted if now == resource.RLIM_INFINITY else min(wanted, now)
