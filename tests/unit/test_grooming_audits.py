"""Auditors: stand-in programs that print what the real ones print, in the real sandbox."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from agent_os.domain.errors import BadInput
from agent_os.domain.profiles import Profile
from agent_os.workspace import audit_reports, auditing
from agent_os.workspace.auditing import Place
from tests import sandboxes

PIP = {
    "dependencies": [
        {
            "name": "requests",
            "version": "2.19.0",
            "vulns": [
                {
                    "id": "PYSEC-2018-28",
                    "fix_versions": ["2.20.0"],
                    "aliases": ["CVE-2018-18074"],
                    "description": "It sends a header to another host.",
                }
            ],
        },
        {"name": "flask", "version": "3.0.0", "vulns": []},
        {"name": "ours", "skip_reason": "Dependency not found on PyPI"},
    ],
    "fixes": [],
}
NPM = {
    "auditReportVersion": 2,
    "vulnerabilities": {
        "lodash": {
            "name": "lodash",
            "severity": "critical",
            "isDirect": True,
            "via": [
                {
                    "source": 1106913,
                    "name": "lodash",
                    "dependency": "lodash",
                    "title": "Command Injection in lodash",
                    "url": "https://github.com/advisories/GHSA-35jh-r3h4-6jhm",
                    "severity": "high",
                    "cwe": ["CWE-94"],
                    "cvss": {"score": 7.2, "vectorString": None},
                    "range": "<4.17.21",
                }
            ],
            "effects": ["grunt"],
            "range": "<=4.17.20",
            "nodes": ["node_modules/lodash"],
            "fixAvailable": {"name": "lodash", "version": "4.17.21", "isSemVerMajor": False},
        },
        "grunt": {
            "name": "grunt",
            "severity": "high",
            "isDirect": True,
            "via": ["lodash"],
            "effects": [],
            "range": "*",
            "nodes": ["node_modules/grunt"],
            "fixAvailable": True,
        },
    },
    "metadata": {"vulnerabilities": {"total": 2}, "dependencies": {"total": 3}},
}
NPM_ERROR = {"error": {"code": "ENOAUDIT", "summary": "no answer", "detail": ""}}


def test_reports_as_they_are_printed() -> None:
    (hole,) = audit_reports.pip_audit(json.dumps(PIP).encode())
    assert (hole.package, hole.version, hole.id, hole.fixed) == (
        *("requests", "2.19.0", "PYSEC-2018-28", "2.20.0"),
    )
    (hole,) = audit_reports.npm_audit(json.dumps(NPM).encode())
    assert (hole.package, hole.id, hole.grave) == ("lodash", "GHSA-35jh-r3h4-6jhm", True)


@pytest.mark.parametrize(
    "printed", [b"", b"Traceback", b"[]", b"{}", json.dumps(NPM_ERROR).encode()]
)
def test_another_shape_is_never_a_finding(printed: bytes) -> None:
    for read in (audit_reports.pip_audit, audit_reports.npm_audit):
        with pytest.raises(BadInput):
            read(printed)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of PATH, for stand-ins."""
    folder = tmp_path / "programs"
    folder.mkdir()
    rest = sandboxes.path_without(tmp_path / "rest", "pip-audit", "npm")
    monkeypatch.setenv("PATH", f"{folder}:{rest}:/usr/bin:/bin")
    return folder


def stand_in(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


#: Nobody is asked: what stands there is what lets an auditor run at all.
PLACE = Place(sandbox=sandboxes.USED, profile=Profile(network=("pypi.invalid",)), seconds=20)
REQUIREMENTS = {"requirements.txt": "requests==2.19.0\n-r /etc/passwd\n"}


def test_a_program_gets_the_pins_and_nothing_of_ours(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown by what it prints: its report names its environment and files."""
    monkeypatch.setenv("TOKEN", "ours")
    (tmp_path / "report.json").write_text(json.dumps(PIP))
    said = 'echo "noise" >&2; test -z "$TOKEN" || exit 1; '
    said += 'test "$(cat pins.txt)" = "requests==2.19.0" || exit 1; '
    stand_in(programs, "pip-audit", f"{said}cat <<'END'\n{json.dumps(PIP)}\nEND\nexit 1")
    (audit,) = auditing.audit_python(REQUIREMENTS, PLACE)
    assert audit.problem == ""
    assert [hole.id for hole in audit.found] == ["PYSEC-2018-28"]


def test_npm_reads_manifest_and_lock(programs: Path) -> None:
    said = 'test "$(cat package.json package-lock.json)" = "{}{\\"a\\":1}" || exit 2; '
    stand_in(programs, "npm", f"{said}cat <<'END'\n{json.dumps(NPM)}\nEND\nexit 1")
    (audit,) = auditing.audit_npm({"web/package-lock.json": ("{}", '{"a":1}')}, PLACE)
    assert (audit.problem, len(audit.found)) == ("", 1)


@pytest.mark.parametrize(
    ("name", "script", "place", "problem"),
    [
        ("none is there", "", PLACE, "is not installed here"),
        ("it prints words", "echo oops", PLACE, "printed no report"),
        (
            "it hangs",
            "sleep 600",
            PLACE.model_copy(update={"seconds": 1.0}),
            "it was ended after 1 s: timeout",
        ),
        pytest.param(  # without a sandbox nothing is kept from the network
            "nobody may be asked",
            "echo oops",
            PLACE.model_copy(update={"profile": Profile()}),
            "`profiles.setup.network`",
            marks=pytest.mark.needs("bwrap"),
        ),
    ],
)
def test_what_an_auditor_can_not_say_has_a_reason(
    programs: Path, name: str, script: str, place: Place, problem: str
) -> None:
    if script:
        stand_in(programs, "pip-audit", script)
    (audit,) = auditing.audit_python(REQUIREMENTS, place)
    assert problem in audit.problem, name
    assert audit.found == ()


def test_files_without_pins_are_not_asked_about(programs: Path) -> None:
    assert auditing.audit_python({"requirements.txt": "flask>=1\n"}, PLACE) == []
