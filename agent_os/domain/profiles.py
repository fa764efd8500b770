"""What a sandboxed program may do: a profile for each role, and how a repository narrows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, cast

from pydantic import Field, field_validator, model_validator

from agent_os.domain.contract import Contract

_NAME = r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_NAME}|\[[0-9a-f:]+\])(?::\d{{1,5}})?")


class Role(StrEnum):
    """Who runs. `worker` has a change to make, `research` an answer to give; `reviewer` reads a
    result; `setup` and `gate` are the repository's own commands."""

    WORKER = "worker"
    RESEARCH = "research"
    REVIEWER = "reviewer"
    SETUP = "setup"
    GATE = "gate"


class Narrowing(Contract):
    """What a repository's file says of a role; None: nothing."""

    network: tuple[str, ...] | None = None
    memory_mb: int | None = Field(default=None, ge=1)
    processes: int | None = Field(default=None, ge=1)
    disk_mb: int | None = Field(default=None, ge=1)
    open_files: int | None = Field(default=None, ge=1)
    writable: bool = True

    @field_validator("network")
    @classmethod
    def _hosts(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else _checked(value)


class Profile(Contract):
    """The most that a program may use; sizes in MB, 0: no limit of ours."""

    network: tuple[str, ...] = ()
    """Hosts (`packages.example.org`, `*.example.org`, `10.0.0.7:8080`; port 443 where none is
    named) that it may reach through our proxy. An agent's own provider need not be named."""
    memory_mb: int = Field(default=8_000, ge=0)
    processes: int = Field(default=2_000, ge=0)
    disk_mb: int = Field(default=10_000, ge=0)
    """What its work dir and HOME may grow to."""
    open_files: int = Field(default=8_192, ge=0)
    writable: bool = True
    """Whether it may change the files that it is given; it may add others anyway."""

    @field_validator("network")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(value)

    def narrowed(self, by: Narrowing) -> Profile:
        """What both allow."""
        return Profile(
            network=self.network if by.network is None else self._shared(by.network),
            memory_mb=_least(self.memory_mb, by.memory_mb),
            processes=_least(self.processes, by.processes),
            disk_mb=_least(self.disk_mb, by.disk_mb),
            open_files=_least(self.open_files, by.open_files),
            writable=self.writable and by.writable,
        )

    def _shared(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `wanted` that stand in ours, or below a name with a star in ours."""
        return tuple(host for host in wanted if any(_covers(rule, host) for rule in self.network))


class Narrowings(Contract):
    worker: Narrowing = Narrowing()
    research: Narrowing = Narrowing()
    reviewer: Narrowing = Narrowing()
    setup: Narrowing = Narrowing()
    gate: Narrowing = Narrowing()


class Profiles(Contract):
    """One for each role. What a role leaves out is as its default."""

    worker: Profile = Profile()
    research: Profile = Profile(writable=False)
    reviewer: Profile = Profile()
    setup: Profile = Profile()
    gate: Profile = Profile()

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = cast("dict[str, Any]", value)
        return {name: _over(cls.model_fields, name, part) for name, part in given.items()}

    def of(self, role: Role) -> Profile:
        found: Profile = getattr(self, role.value)
        return found

    def narrowed(self, by: Narrowings) -> Profiles:
        """What both allow, role by role."""
        narrower = {role: self.of(role).narrowed(getattr(by, role.value)) for role in Role}
        return Profiles.model_validate({role.value: part for role, part in narrower.items()})


def _over(fields: Mapping[str, Any], role: str, part: Any) -> Any:
    if role not in fields or not isinstance(part, dict):
        return part
    default: Profile = fields[role].default
    return {**default.model_dump(), **cast("dict[str, Any]", part)}


def _checked(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if not _HOST.fullmatch(host.lower()):
            raise ValueError(f"`{host}` is no HOST or HOST:PORT (without https://)")
        if not 0 < int(_parted(host)[1]) < 65_536:
            raise ValueError(f"`{host}` has no port that there is")
    return tuple(host.lower() for host in hosts)


def _covers(rule: str, host: str) -> bool:
    if not rule.startswith("*."):
        return rule == host
    name, port = _parted(rule)
    return _parted(host)[1] == port and _parted(host)[0].endswith(name[1:])


def _parted(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdigit() else (host, "443")


def _least(one: int, other: int | None) -> int:
    """Of two limits of which 0 (ours) or None (theirs) is none."""
    return min(one, other) if one and other else one or other or 0
