"""What every attack from inside has in common. Runs in the sandbox: standard library only.

An attack is a function that returns what it got (empty: nothing), or raises. `run` prints one line
for each: its name, and what it got after `GOT`, or else why not.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Attack = Callable[[], object]
ATTACKS: dict[str, Attack] = {}
MARK = "ATTACK"
#: What the owner has on this host: paths, ports, names. Public for an attacker who knows us.
BAIT: dict[str, Any] = json.loads((Path(__file__).parent / "bait.json").read_text())
_libc = ctypes.CDLL(None, use_errno=True)
#: Numbers of system calls that have no function in libc, by machine.
_NUMBERS = {
    "x86_64": {"keyctl": 250, "add_key": 248, "open_by_handle_at": 304, "pidfd_open": 434}
    | {"process_vm_readv": 310, "setns": 308, "unshare": 272, "mount": 165, "ptrace": 101}
    | {"pivot_root": 155, "perf_event_open": 298, "bpf": 321, "io_uring_setup": 425}
    | {"kexec_load": 246, "init_module": 175, "reboot": 169, "swapon": 167, "settimeofday": 164}
    | {"sethostname": 170, "name_to_handle_at": 303, "move_mount": 429, "open_tree": 428}
    | {"userfaultfd": 323, "shmget": 29, "mq_open": 240, "setpriority": 141, "syslog": 103},
    "aarch64": {"keyctl": 219, "add_key": 217, "open_by_handle_at": 265, "pidfd_open": 434}
    | {"process_vm_readv": 270, "setns": 268, "unshare": 97, "mount": 40, "ptrace": 117}
    | {"pivot_root": 41, "perf_event_open": 241, "bpf": 280, "io_uring_setup": 425}
    | {"kexec_load": 104, "init_module": 105, "reboot": 142, "swapon": 224, "settimeofday": 170}
    | {"sethostname": 161, "name_to_handle_at": 264, "move_mount": 429, "open_tree": 428}
    | {"userfaultfd": 282, "shmget": 194, "mq_open": 180, "setpriority": 140, "syslog": 116},
}


def _open_files() -> dict[int, str]:
    """What was handed down, before anything here opens more."""
    found: dict[int, str] = {}
    for number in sorted(int(path.name) for path in Path("/proc/self/fd").iterdir()):
        try:
            found[number] = str(Path(f"/proc/self/fd/{number}").readlink())
        except OSError:
            # The one that the list itself was read by.
            continue
    return found


OPEN = _open_files()


def attack(function: Attack) -> Attack:
    """Register it under its own name."""
    ATTACKS[getattr(function, "__name__", "?")] = function
    return function


def call(name: str, *arguments: object) -> int:
    """A system call by its name; OSError as the kernel says."""
    numbers = _NUMBERS.get(os.uname().machine, {})
    if name not in numbers:
        raise OSError(errno.ENOSYS, "no number known")
    # As long as a register: a -1 in 32 bits would be another number.
    passed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    _libc.syscall.restype = ctypes.c_long
    answer = _libc.syscall(ctypes.c_long(numbers[name]), *passed)
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


def run(names: list[str]) -> None:
    """Try each; one line each. Nothing that one does ends the others."""
    for name in names or sorted(ATTACKS):
        try:
            got = ATTACKS[name]()
            said = f"GOT {got!r}"[:200] if got else "nothing"
        except OSError as error:
            said = errno.errorcode.get(error.errno or 0, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - an attack that breaks must be seen as such
            said = f"BROKEN {type(error).__name__}: {error}"[:200]
        sys.stdout.write(f"{MARK} {name} {said}\n")
        sys.stdout.flush()
