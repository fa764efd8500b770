"""The standard on Linux: bubblewrap, with namespaces of its own for all that Linux has them for.

A program sees the system read-only, its own files, and no network but its loopback. The one way
out is a unix socket (`door.py`), to which a relay (`relay.py`) leads from inside.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from agent_os.domain.errors import SandboxError
from agent_os.workspace.sandbox import relay, rlimits
from agent_os.workspace.sandbox.port import DOOR, Door, SandboxKind, View
from agent_os.workspace.sandbox.roots import outermost, program_roots, system_mounts

_PROBE_SECONDS = 10.0
_ISOLATION = (
    # User, pid, network, mount, ipc, uts and cgroup namespaces. No terminal to push input into.
    *("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"),
    # As root, bwrap would leave all capabilities.
    *("--cap-drop", "ALL"),
)
#: From bubblewrap 0.8: less of the kernel is within reach.
_NO_MORE_NAMESPACES = ("--disable-userns",)
_SCRATCH_BYTES = 2_000_000_000
_SHARED_BYTES = 256_000_000
#: Settings of the whole machine. Where the owner is root, so are we in there, and root may write
#: these without any capability: bwrap covers the folders only if they themselves can be written.
_KERNEL = ("sys", "irq", "bus", "fs", "acpi", "scsi", "mtrr", "pressure")
_FRESH = (
    *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"),
    *(part for name in _KERNEL for part in ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")),
    *("--size", str(_SHARED_BYTES), "--tmpfs", "/dev/shm"),
    *("--size", str(_SCRATCH_BYTES), "--perms", "1777", "--tmpfs", "/tmp"),
    *("--dir", "/var", "--symlink", "../tmp", "/var/tmp", "--dir", "/run"),
)
_SEALED = ("--remount-ro", "/")
_RELAY_FILE = DOOR.with_name("relay.py")


class Bubblewrap:
    """`--json-status-fd` may be put behind its first argument: see `processes.py`."""

    kind: SandboxKind = "bwrap"
    namespaced = True

    def wrap(self, argv: Sequence[str], cwd: Path, view: View) -> tuple[str, ...]:
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxError("bwrap is gone.")
        inner, ways_out = tuple(argv), ()
        if view.door is not None:
            inner = (*_relayed(view.door), *argv)
            ways_out = _way_out(view.door)
        # Set inside, so that it counts what is in there only.
        most = view.profile.processes
        inner = (*rlimits.inside(most, user=os.getuid(), kernel=rlimits.kernel()), *inner)
        return (
            *(program, *_isolation(program), *system_mounts(), *_FRESH, *_mounts(view)),
            *(*ways_out, *_SEALED, "--chdir", str(cwd), "--", *inner),
        )

    def cleanup(self, wrapped: Sequence[str]) -> tuple[str, ...]:
        return ()


def _mounts(view: View) -> list[str]:
    """The programs and what else may be read; then, over it, what is writable."""
    roots = [
        root
        for root in program_roots(view.search_path)
        if not any(path.is_relative_to(root) for path in view.writable)
    ]
    args: list[str] = []
    for path in (*roots, *outermost(item for item in view.read_only if item.exists())):
        args += ["--ro-bind", str(path), str(path)]
    for path in view.writable:
        args += ["--bind", str(path), str(path)]
    for path in view.fixed:
        args += ["--ro-bind", str(path), str(path)]
    for source, target in view.placed:
        args += ["--bind", str(source), str(target)]
    return args


def _way_out(door: Door) -> tuple[str, ...]:
    """The door and the relay's own file, where the program finds them."""
    shown = (
        "--ro-bind",
        str(Path(relay.__file__).resolve()),
        str(_RELAY_FILE),
        "--bind",
        str(door.socket),
        str(DOOR),
    )
    return shown


def _relayed(door: Door) -> tuple[str, ...]:
    """What starts a program with the relay beside it."""
    # -I -S: nothing of the environment or of site-packages is run, and it starts sooner.
    return (sys.executable, "-I", "-S", str(_RELAY_FILE), str(DOOR), ",".join(door.local), "--")


@functools.cache
def _isolation(program: str) -> tuple[str, ...]:
    more = (*_ISOLATION, *_NO_MORE_NAMESPACES)
    return more if not _problem(program, more) else _ISOLATION


@functools.cache
def problem() -> str:
    """Why bubblewrap does not work here; empty when it does. It is run once, and remembered."""
    program = shutil.which("bwrap")
    if program is None:
        return "bwrap is not installed."
    return _problem(program, _isolation(program))


def forget() -> None:
    """Have `problem` look anew."""
    problem.cache_clear()
    _isolation.cache_clear()


def _problem(program: str, isolation: tuple[str, ...]) -> str:
    argv = [program, *isolation, *system_mounts(), *_FRESH, *_SEALED, "--", "/bin/true"]
    try:
        probe = subprocess.run(
            argv, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bwrap does not run: {error}."
    if probe.returncode != 0:
        return f"bwrap does not run: {probe.stderr.strip()[-300:]}"
    return ""
