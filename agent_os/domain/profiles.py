"""What a sandboxed program may do: a profile for each role, and how two of them narrow each other."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator

from agent_os.domain.contract import Contract

_HOST = re.compile(
    r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?"
)


class Role(StrEnum):
    """Who runs. `worker` has a change to make, `research` an answer to give; `reviewer` reads a
    result; `setup` and `gate` are the repository's own commands."""

    WORKER = "worker"
    RESEARCH = "research"
    REVIEWER = "reviewer"
    SETUP = "setup"
    GATE = "gate"


class Profile(Contract):
    """The most that a program may use; sizes in MB, 0: no limit of ours."""

    network: tuple[str, ...] = ()
    """Hosts (`pypi.org`, `*.example.org`, `10.0.0.7:8080`; port 443 where none is named) that it
    may reach through our proxy. An agent's own provider need not be named."""
    memory_mb: int = Field(default=8_000, ge=0)
    processes: int = Field(default=2_000, ge=0)
    disk_mb: int = Field(default=10_000, ge=0)
    """What its work dir and HOME may grow to."""
    open_files: int = Field(default=8_192, ge=0)

    @field_validator("network")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.fullmatch(host.lower()):
                raise ValueError(f"`{host}` is no HOST or HOST:PORT")
        return tuple(host.lower() for host in value)

    def narrowed(self, other: Profile) -> Self:
        """What both allow."""
        return self.model_copy(
            update={
                "network": tuple(host for host in self.network if host in other.network),
                "memory_mb": _least(self.memory_mb, other.memory_mb),
                "processes": _least(self.processes, other.processes),
                "disk_mb": _least(self.disk_mb, other.disk_mb),
                "open_files": _least(self.open_files, other.open_files),
            }
        )


def _least(one: int, other: int) -> int:
    """Of two limits of which 0 is none."""
    return min(one, other) if one and other else one or other


class Profiles(Contract):
    """One for each role."""

    worker: Profile = Profile()
    research: Profile = Profile()
    reviewer: Profile = Profile()
    setup: Profile = Profile()
    gate: Profile = Profile()

    def of(self, role: Role) -> Profile:
        found: Profile = getattr(self, role.value)
        return found
