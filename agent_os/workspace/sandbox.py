"""The sandbox: bubblewrap with its own mounts and pids, or nothing, said plainly.

The network is shared: agents reach their vendors directly until the gateway stands between.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_os.domain.errors import SandboxError
from agent_os.workspace.roots import outermost, program_roots, system_mounts

_PROBE_SECONDS = 10.0
_ISOLATION = (
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"),
    # As root, bwrap would leave all capabilities: enough to undo every mount below.
    *("--cap-drop", "ALL"),
)
_FRESH = (
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
    *("--dir", "/var/tmp", "--dir", "/run"),
)

SandboxKind = Literal["bwrap", "none"]


@dataclass(frozen=True)
class SandboxStatus:
    """What this machine offers, and why."""

    kind: SandboxKind
    reason: str


@functools.cache
def detect() -> SandboxStatus:
    """Run bwrap once and see. Cached for the life of the process."""
    program = shutil.which("bwrap")
    if program is None:
        return SandboxStatus("none", "bwrap is not installed.")
    argv = [program, *_ISOLATION, *system_mounts(), *_FRESH, "--", "/bin/true"]
    try:
        probe = subprocess.run(
            argv, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return SandboxStatus("none", f"bwrap does not run: {error}.")
    if probe.returncode != 0:
        return SandboxStatus("none", f"bwrap does not run: {probe.stderr.strip()[-300:]}")
    return SandboxStatus("bwrap", f"{program} works.")


@dataclass(frozen=True)
class View:
    """What one program sees besides the system. All paths are the host's own."""

    writable: tuple[Path, ...]
    read_only: tuple[Path, ...] = ()
    search_path: str = os.defpath
    placed: tuple[tuple[Path, Path], ...] = ()
    """(what, where): files shown, writable, at another place that lies in a writable folder."""


class Sandbox:
    """Wraps commands. `kind` says what it really does."""

    def __init__(self, kind: SandboxKind) -> None:
        self.kind: SandboxKind = kind

    @property
    def namespaced(self) -> bool:
        return self.kind == "bwrap"

    def wrap(self, argv: Sequence[str], cwd: Path, view: View) -> tuple[str, ...]:
        """The argv that runs `argv` in `cwd`, seeing only `view` and the system's programs."""
        if self.kind == "none":
            return tuple(argv)
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxError("bwrap is gone.")
        mounts: list[str] = []
        roots = [
            root
            for root in program_roots(view.search_path)
            if not any(path.is_relative_to(root) for path in view.writable)
        ]
        for path in (*roots, *outermost(item for item in view.read_only if item.exists())):
            mounts += ["--ro-bind", str(path), str(path)]
        for path in view.writable:
            mounts += ["--bind", str(path), str(path)]
        for source, target in view.placed:
            mounts += ["--bind", str(source), str(target)]
        place = ("--chdir", str(cwd))
        return (program, *_ISOLATION, *system_mounts(), *_FRESH, *mounts, *place, "--", *argv)


def choose(wanted: Literal["auto", "bwrap", "none"]) -> Sandbox:
    """The sandbox an order asks for. SandboxError if it needs bwrap and bwrap does not work."""
    if wanted == "none":
        return Sandbox("none")
    status = detect()
    if wanted == "bwrap" and status.kind != "bwrap":
        raise SandboxError(status.reason, next_step="Install bubblewrap, or allow sandbox: none.")
    return Sandbox(status.kind)
