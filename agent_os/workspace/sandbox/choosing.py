"""Which sandbox is used: the one that the owner asks for, or the best that works here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent_os.domain.errors import SandboxError
from agent_os.workspace.sandbox import bwrap
from agent_os.workspace.sandbox.bwrap import Bubblewrap
from agent_os.workspace.sandbox.port import Bare, Sandbox, SandboxKind

Wanted = Literal["auto", "bwrap", "docker", "podman", "none"]


@dataclass(frozen=True)
class SandboxStatus:
    """What this machine offers, and why."""

    kind: SandboxKind
    reason: str


def detect() -> SandboxStatus:
    """What `auto` would use; `none` when nothing works here. Remembered by the process."""
    problem = bwrap.problem()
    return SandboxStatus("none", problem) if problem else SandboxStatus("bwrap", "bwrap works.")


def choose(wanted: Wanted) -> Sandbox:
    """The sandbox an order asks for. SandboxError when it does not work here."""
    if wanted == "none":
        return Bare()
    if problem := bwrap.problem():
        raise SandboxError(
            f"Nothing keeps an agent apart on this host: {problem}",
            next_step="`agent-os doctor` says what to do; or the owner writes `sandbox: none`.",
        )
    return Bubblewrap()
