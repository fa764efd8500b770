"""The port of a sandbox: what one program may see and use, and the command that runs it so."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from agent_os.domain.profiles import Profile

SandboxKind = Literal["bwrap", "docker", "podman", "none"]
#: Where a program's relay finds the door in its sandbox.
DOOR = Path("/run/agent-os/door")


@dataclass(frozen=True)
class Door:
    """The one way out: a unix socket on our side, behind which an allow-listing proxy listens.

    `local` are `HOST:PORT` on this machine's loopback that shall be there inside too.
    """

    socket: Path
    local: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """What one program sees besides the system. All paths are the host's own."""

    writable: tuple[Path, ...]
    read_only: tuple[Path, ...] = ()
    fixed: tuple[Path, ...] = ()
    """What lies in a writable folder and can't be changed all the same."""
    search_path: str = os.defpath
    placed: tuple[tuple[Path, Path], ...] = ()
    """(what, where): files shown, writable, at another place that lies in a writable folder."""
    profile: Profile = field(default_factory=Profile)
    door: Door | None = None
    """None: no way out at all."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """The program's; a back end with a client of its own hands it on by name."""


class Sandbox(Protocol):
    """Wraps commands; `kind` says what it really does."""

    @property
    def kind(self) -> SandboxKind: ...

    @property
    def namespaced(self) -> bool:
        """Whether what `wrap` returns starts bwrap, whose pid namespace can be asked for."""
        ...

    def wrap(self, argv: Sequence[str], cwd: Path, view: View) -> tuple[str, ...]:
        """The argv that runs `argv` in `cwd`, seeing only `view` and the system's programs.
        SandboxError."""
        ...

    def cleanup(self, wrapped: Sequence[str]) -> tuple[str, ...]:
        """What to run after the end of a wrapped command, so that nothing of it is left; empty:
        nothing."""
        ...


class Bare:
    """No sandbox: the owner wrote `sandbox: none`, and every status says so."""

    kind: SandboxKind = "none"
    namespaced = False

    def wrap(self, argv: Sequence[str], cwd: Path, view: View) -> tuple[str, ...]:
        return tuple(argv)

    def cleanup(self, wrapped: Sequence[str]) -> tuple[str, ...]:
        return ()
