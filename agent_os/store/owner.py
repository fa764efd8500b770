"""Who holds a lease or made an intent: a process, told apart from a later one of the same pid."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def _start_ticks(pid: int) -> str | None:
    """When the process started, in ticks since boot; "" where the host doesn't say; None: gone."""
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return ""
        return ""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def _host() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        boot = "-"
    return f"{socket.gethostname()}/{boot}"


def this_process() -> str:
    """`host/boot/pid/start`."""
    pid = os.getpid()
    return f"{_host()}/{pid}/{_start_ticks(pid) or '-'}"


def is_dead(owner: str) -> bool:
    """Positive proof only: False when it may live, or runs on another host."""
    host, _, rest = owner.rpartition("/")
    host, _, pid = host.rpartition("/")
    if not pid.isdigit():
        return False
    if host != _host():
        return host.rpartition("/")[0] == socket.gethostname()
    ticks = _start_ticks(int(pid))
    return ticks is None or (ticks != "" and rest != "-" and ticks != rest)
