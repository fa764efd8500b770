"""Reaching other processes, the kernel and the terminal. Runs in the sandbox."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import stat
import time
from pathlib import Path

from probe import BAIT, OPEN, attack, call

HOST = int(BAIT["pid"])


@attack
def see_other_processes() -> object:
    own = {"bwrap", "sh", "python3", "python", Path("/proc/self/comm").read_text().strip()}
    names = {p: (p / "comm").read_text().strip() for p in Path("/proc").glob("[0-9]*")}
    return [f"{p.name} {name}" for p, name in names.items() if name not in own]


@attack
def read_environment_of_others() -> object:
    told = b"".join(p.read_bytes() for p in Path("/proc").glob("[0-9]*/environ"))
    return [word for word in BAIT["words"] if word.encode() in told]


@attack
def read_own_environment() -> object:
    names = ("PATH", "HOME", "LANG", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE", "NO_PROXY")
    allowed = ("AGENT_OS_TASK", "AGENT_OS_HANDOFF", "NODE_USE_ENV_PROXY", *names)
    return sorted(n for n in os.environ if n not in allowed and not n.lower().endswith("_proxy"))


@attack
def read_command_lines() -> object:
    told = b"".join(p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline"))
    return [word for word in BAIT["words"] if word.encode() in told]


@attack
def kill_a_process_of_the_host() -> object:
    os.kill(HOST, 0)
    # The number may be one of ours: only the host's process carries this word.
    told = Path(f"/proc/{HOST}/cmdline").read_bytes()
    return "seen" if BAIT["words"][0].encode() in told else ""


@attack
def kill_everything() -> object:
    """All that it may signal but itself: in here."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    return "" if len(list(Path("/proc").glob("[0-9]*"))) < 12 else "many processes are in reach"


@attack
def trace_a_process_of_the_host() -> object:
    return (
        call("ptrace", 16, HOST, 0, 0) == 0
        and BAIT["words"][0].encode() in Path(f"/proc/{HOST}/cmdline").read_bytes()
    )


@attack
def read_memory_of_the_first_process() -> object:
    """bwrap itself, which knows paths of the host."""
    with Path("/proc/1/mem").open("rb") as file:
        file.seek(0x400000)
        return file.read(16)


@attack
def slow_down_the_owners_processes() -> object:
    """By its user: processes in other namespaces are not meant. Its own pay for it."""
    seen = {p.name for p in Path("/proc").glob("[0-9]*")}
    return (
        str(HOST) in seen
        and BAIT["words"][0].encode() in Path(f"/proc/{HOST}/cmdline").read_bytes()
    )


@attack
def use_inherited_files() -> object:
    return [f"{number} {target}" for number, target in OPEN.items() if number > 2]


@attack
def push_into_the_terminal() -> object:
    handle = os.open("/dev/tty", os.O_RDWR)
    fcntl.ioctl(handle, 0x5412, b"x")
    return "pushed"


@attack
def push_into_an_inherited_terminal() -> object:
    for number in (0, 1, 2):
        if os.isatty(number):
            fcntl.ioctl(number, 0x5412, b"x")
            return f"pushed into {number}"
    raise OSError(errno.ENOTTY, "none is a terminal")


@attack
def take_shared_memory() -> object:
    return call("shmget", int(BAIT["shm_key"]), 0, 0) >= 0


@attack
def read_the_owners_keyring() -> object:
    """Session keyrings are handed down, past every namespace."""
    number = call("keyctl", 10, -3, b"user", BAIT["key"].encode(), 0)
    buffer = ctypes.create_string_buffer(64)
    call("keyctl", 11, number, buffer, 64)
    return buffer.value


@attack
def read_the_users_keyring() -> object:
    """By its user's number, which is the owner's."""
    number = call("keyctl", 10, -4, b"user", BAIT["key"].encode(), 0)
    buffer = ctypes.create_string_buffer(64)
    call("keyctl", 11, number, buffer, 64)
    return buffer.value


@attack
def have_capabilities() -> object:
    text = Path("/proc/self/status").read_text()
    found = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    return [f"{name} {found[name]}" for name in names if int(found[name], 16)]


@attack
def gain_privileges_by_programs() -> object:
    """A setuid program runs as its owner, unless that was switched off for good."""
    text = Path("/proc/self/status").read_text()
    return "" if "NoNewPrivs:\t1" in text else "setuid programs work"


@attack
def write_core_files() -> object:
    pid = os.fork()
    if pid == 0:
        os.abort()
    _, status = os.waitpid(pid, 0)
    found = [p.name for p in Path().glob("core*") if p.is_file()]
    for name in found:
        Path(name).unlink()
    return found if os.WIFSIGNALED(status) else "no crash"


@attack
def watch_the_kernel() -> object:
    buffer = ctypes.create_string_buffer(128)
    ctypes.c_uint.from_buffer(buffer, 4).value = 128
    # The whole machine, not a process.
    return call("perf_event_open", buffer, -1, 0, -1, 0)


@attack
def read_the_kernels_log() -> object:
    buffer = ctypes.create_string_buffer(4096)
    call("syslog", 3, buffer, 4096)
    return buffer.value


@attack
def load_a_kernel_program() -> object:
    buffer = ctypes.create_string_buffer(128)
    return call("bpf", 5, buffer, 128)


@attack
def load_a_kernel_module() -> object:
    return call("init_module", b"", 0, b"") == 0


@attack
def turn_the_clock() -> object:
    """To what it shows anyway: where that is allowed, nothing is harmed."""
    time.clock_settime(time.CLOCK_REALTIME, time.time())
    return "turned"


@attack
def rename_the_host() -> object:
    """To the name that it has anyway."""
    name = os.uname().nodename.encode()
    call("sethostname", name, len(name))
    return "renamed"


@attack
def leave_a_setuid_program() -> object:
    """For another user of this host, who finds a program that runs as the owner."""
    path = Path("setuid-program")
    path.write_bytes(b"#!/bin/sh\n")
    path.chmod(0o4755)
    got = path.stat().st_mode & stat.S_ISUID
    return "left" if got else ""
