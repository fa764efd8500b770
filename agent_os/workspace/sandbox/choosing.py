"""Which sandbox is used: the one that the owner asks for, or the best that works here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from agent_os.domain.errors import SandboxError
from agent_os.workspace.sandbox import bwrap, containers, host
from agent_os.workspace.sandbox.bwrap import Bubblewrap
from agent_os.workspace.sandbox.containers import Container, Engine
from agent_os.workspace.sandbox.port import Bare, Sandbox, SandboxKind

Wanted = Literal["auto", "bwrap", "docker", "podman", "none"]
_ENGINES: tuple[Engine, ...] = ("docker", "podman")
_AGAIN_SECONDS = 30.0
_NEXT_STEP = "`agent-os doctor` says what to do; or the owner writes `sandbox: none`."


@dataclass(frozen=True)
class SandboxStatus:
    """What this machine offers. `none` without a `reason`: the owner wants it so; with one, nothing
    that was asked for works, and `fix` says what to do."""

    kind: SandboxKind
    reason: str = ""
    fix: str = ""

    @property
    def refuses(self) -> bool:
        """Whether no agent may run."""
        return self.kind == "none" and bool(self.reason)


_known: dict[tuple[Wanted, str], tuple[float, SandboxStatus]] = {}


def detect(wanted: Wanted = "auto", image: str = "") -> SandboxStatus:
    """What is used where `wanted` is asked for. What works is remembered by the process; what does
    not is tried again after half a minute, as somebody may have mended it."""
    asked = (wanted, image)
    at, status = _known.get(asked, (0.0, None))
    if status is None or (status.refuses and time.monotonic() > at + _AGAIN_SECONDS):
        status = _look(wanted, image)
        _known[asked] = (time.monotonic(), status)
    return status


def choose(wanted: Wanted, image: str = "") -> Sandbox:
    """The sandbox an order asks for. SandboxError when it does not work here."""
    status = detect(wanted, image)
    if status.refuses:
        raise SandboxError(
            f"Nothing keeps an agent apart on this host: {status.reason}.", next_step=_NEXT_STEP
        )
    if status.kind == "none":
        return Bare()
    return Bubblewrap() if status.kind == "bwrap" else Container(status.kind, image)


def _look(wanted: Wanted, image: str) -> SandboxStatus:
    if wanted == "none":
        return SandboxStatus("none")
    if wanted == "docker" or wanted == "podman":
        problem = containers.problem(wanted, image)
        fix = f"Install {wanted}, start it, and name an image of yours: `sandbox_image: NAME`."
        return SandboxStatus("none", problem, fix) if problem else SandboxStatus(wanted)
    bwrap.forget()
    judged = host.judge(host.gather(bwrap.problem()))
    if judged.works:
        return SandboxStatus("bwrap")
    if wanted == "auto" and image:
        for engine in _ENGINES:
            if not containers.problem(engine, image):
                return SandboxStatus(engine)
    return SandboxStatus("none", judged.reason, judged.fix)
