"""Processes that left their step's group (setsid), or outlived a hub that was killed."""

import contextlib
import os
import signal
import time
from pathlib import Path

# Every step has it in its environment, and children keep it unless they clear it on purpose.
MARK = "AGENT_OS_HUB_JOB"
PASSES = 20
PASS_SECONDS = 0.01
_PROC = Path("/proc")


def kill_marked(folder: Path) -> None:
    """Kill the processes whose job folder is at or under `folder`; nothing without /proc."""
    wanted = f"{MARK}={folder.resolve()}".encode()
    for _ in range(PASSES):  # a process may start another while we look
        found = [pid for pid in _processes() if _is_marked(pid, wanted)]
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return
        time.sleep(PASS_SECONDS)


def _processes() -> list[int]:
    names = [entry.name for entry in _PROC.iterdir()] if _PROC.is_dir() else []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def _is_marked(pid: int, wanted: bytes) -> bool:
    try:
        environ = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:  # it has ended, or is somebody else's
        return False
    return any(one == wanted or one.startswith(wanted + b"/") for one in environ.split(b"\0"))
