"""A filter of system calls, for what no namespace holds back.

Classic BPF, as the kernel and bubblewrap's `--seccomp` take it. Programs of another instruction
set than the machine's own (32 bits on 64) do not run below it: their calls have other numbers.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: There where the kernel can filter.
_ACTIONS = Path("/proc/sys/kernel/seccomp/actions_avail")


@dataclass(frozen=True)
class _Machine:
    """`kernels_name` is its AUDIT_ARCH; the rest are numbers of system calls."""

    kernels_name: int
    socket: int
    refused: tuple[int, ...]


#: Refused: add_key, request_key, keyctl (keyrings know no namespace), io_uring_setup (it would open
#: sockets past the filter), bpf, perf_event_open, userfaultfd, kexec_load, kexec_file_load,
#: open_by_handle_at (of no use to a program in here, but often to attackers).
_MACHINES = {
    "x86_64": _Machine(0xC000003E, 41, (248, 249, 250, 425, 321, 298, 323, 246, 320, 304)),
    "aarch64": _Machine(0xC00000B7, 198, (217, 218, 219, 425, 280, 241, 282, 104, 294, 265)),
}
#: Local sockets, IPv4, IPv6, and netlink, which tells of one's own interfaces. Not vsock, which
#: leads to the machine below a virtual one (Windows below WSL), nor any rarer family.
_FAMILIES = (0, 1, 2, 10, 16)
#: The x32 variant of x86-64 has numbers of its own from here on.
_X32 = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
#: Where the kernel puts them for a filter to look at.
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_ENDS = {
    "family": _ERROR | _EAFNOSUPPORT,
    "allowed": _ALLOW,
    "refused": _ERROR | _EPERM,
    "unknown": _ERROR | _ENOSYS,
}


@dataclass(frozen=True)
class _Line:
    """`yes` and `no`: the end that a comparison leads to; empty: the next line."""

    code: int
    value: int
    yes: str = ""
    no: str = ""


def filter_of(machine: str) -> bytes:
    """The filter for this kind of machine; empty where its numbers are not known."""
    known = _MACHINES.get(machine)
    if known is None:
        return b""
    lines = [
        _Line(_LOAD, _MACHINE),
        _Line(_EQUAL, known.kernels_name, no="unknown"),
        _Line(_LOAD, _NUMBER),
        _Line(_AT_LEAST, _X32, yes="unknown"),
        *(_Line(_EQUAL, number, yes="refused") for number in known.refused),
        _Line(_EQUAL, known.socket, no="allowed"),
        _Line(_LOAD, _FIRST_ARGUMENT),
        *(_Line(_EQUAL, family, yes="allowed") for family in _FAMILIES),
    ]
    ends = {name: len(lines) + number for number, name in enumerate(_ENDS)}
    lines += [_Line(_RETURN, value) for value in _ENDS.values()]
    return b"".join(_packed(at, line, ends) for at, line in enumerate(lines))


def _packed(at: int, line: _Line, ends: dict[str, int]) -> bytes:
    """A jump's length counts from the line after it."""
    yes, no = (ends[name] - at - 1 if name else 0 for name in (line.yes, line.no))
    return struct.pack("=HBBI", line.code, yes, no, line.value)


def available() -> bool:
    """Whether there is a filter for this machine, and a kernel that takes it."""
    known = bool(filter_of(os.uname().machine))
    return known and sys.platform == "linux" and _ACTIONS.exists()


@contextmanager
def opened() -> Generator[tuple[int, ...]]:
    """This machine's filter as an open file for bwrap; none where the kernel has no filters."""
    if not available():
        yield ()
        return
    handle = os.memfd_create("system-calls")
    try:
        os.write(handle, filter_of(os.uname().machine))
        os.lseek(handle, 0, os.SEEK_SET)
        yield (handle,)
    finally:
        os.close(handle)
