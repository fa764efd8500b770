"""What programs print about vulnerable dependencies, read strictly: another shape says nothing."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from agent_os.domain.errors import BadInput
from agent_os.policy.grooming.dependencies import Advisory

_T = TypeVar("_T", bound=BaseModel)
_MOST = 200
_GRAVE = ("high", "critical")


class _PipHole(BaseModel):
    id: str
    fix_versions: list[str] = Field(default_factory=list[str])


class _PipPackage(BaseModel):
    name: str
    version: str = ""
    """Missing where it was skipped."""
    vulns: list[_PipHole] = Field(default_factory=list[_PipHole])


class _PipReport(BaseModel):
    dependencies: list[_PipPackage]


class _NpmHole(BaseModel):
    name: str
    title: str = ""
    url: str = ""
    severity: str = ""
    range: str = ""


class _NpmPackage(BaseModel):
    name: str
    via: list[_NpmHole | str]
    """A name: by way of that package, which has an entry of its own."""
    fixAvailable: bool | dict[str, Any] = False


class _NpmReport(BaseModel):
    auditReportVersion: int
    vulnerabilities: dict[str, _NpmPackage]


def pip_audit(printed: bytes) -> tuple[Advisory, ...]:
    """Of `pip-audit --format json`. BadInput for anything else."""
    report = _parsed(_PipReport, printed, "pip-audit")
    found = [
        Advisory(
            package=package.name,
            version=package.version,
            id=hole.id,
            fixed=hole.fix_versions[0] if hole.fix_versions else "",
            url=f"https://osv.dev/vulnerability/{hole.id}",
        )
        for package in report.dependencies
        for hole in package.vulns
    ]
    return tuple(found[:_MOST])


def npm_audit(printed: bytes) -> tuple[Advisory, ...]:
    """Of `npm audit --json` since npm 7. BadInput for anything else, also for its errors."""
    report = _parsed(_NpmReport, printed, "npm audit")
    found: dict[tuple[str, str], Advisory] = {}
    for package in report.vulnerabilities.values():
        for hole in package.via:
            if isinstance(hole, str):
                continue
            name = hole.url.rstrip("/").rpartition("/")[2] or hole.title
            found[hole.name, name] = Advisory(
                package=hole.name,
                version=hole.range,
                id=name,
                fixed="a newer one" if package.fixAvailable else "",
                url=hole.url,
                grave=hole.severity in _GRAVE,
            )
    return tuple(found.values())[:_MOST]


def _parsed(shape: type[_T], printed: bytes, program: str) -> _T:
    try:
        return shape.model_validate_json(printed)
    except ValidationError as error:
        raise BadInput(f"{program} printed no report that can be read.") from error
