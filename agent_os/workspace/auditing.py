"""Asking pip-audit and npm what they know of a commit's pinned dependencies.

They get copies of manifest files in a folder of their own, and run in our sandbox with the network
of the role `setup`. A process apart holds their limits: ending a program's tree ends all that its
runner started. `python -m agent_os.workspace.auditing` reads an order from stdin.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from agent_os.domain.contract import Contract
from agent_os.domain.errors import AgentOSError, BadInput
from agent_os.domain.profiles import Profile
from agent_os.policy.grooming.dependencies import Advisory, Audit, pins
from agent_os.workspace import audit_reports
from agent_os.workspace.bounds import Bounds
from agent_os.workspace.processes import End, Program, run_program
from agent_os.workspace.sandbox.choosing import Wanted, choose
from agent_os.workspace.sandbox.door import open_door
from agent_os.workspace.sandbox.port import View
from agent_os.workspace.sandbox.reach import Reach

SECONDS = 60.0
_STARTING_SECONDS = 30.0
_REPORT_BYTES = 5_000_000
#: Its report is on stdout; what it says besides is nobody's.
_QUIET = ("/bin/sh", "-c", 'exec "$0" "$@" 2>/dev/null')
_PIP = ("pip-audit", "--format", "json", "--progress-spinner", "off", "--no-deps", "--disable-pip")
_NPM = ("npm", "audit", "--json", "--package-lock-only", "--no-update-notifier")


class Place(Contract):
    """How programs are kept apart."""

    sandbox: Wanted = "auto"
    image: str = ""
    profile: Profile = Profile()
    seconds: float = SECONDS


class Order(Contract):
    """`folder` holds `files/`, which the program may change, and takes its log."""

    folder: Path
    argv: tuple[str, ...]
    place: Place


class Printed(Contract):
    """`problem` empty: it ended by itself."""

    problem: str = ""
    report: str = ""


def audit_python(requirements: Mapping[str, str], place: Place) -> list[Audit]:
    """Of each requirements file (text by path) that pins something."""
    return [
        _audit(_PIP[0], path, place, (*_PIP, "--requirement", "pins.txt"), {"pins.txt": text})
        for path, content in requirements.items()
        if (text := "".join(f"{name}=={version}\n" for name, version in pins(content).items()))
    ]


def audit_npm(locks: Mapping[str, tuple[str, str]], place: Place) -> list[Audit]:
    """Of each package-lock.json: (package.json, the lock) by the lock's path."""
    return [
        _audit(_NPM[0], path, place, _NPM, {"package.json": manifest, "package-lock.json": lock})
        for path, (manifest, lock) in locks.items()
    ]


def _audit(
    program: str, path: str, place: Place, argv: tuple[str, ...], files: Mapping[str, str]
) -> Audit:
    shown = "npm audit" if program == "npm" else program
    if shutil.which(program) is None:
        return Audit(program=shown, file=path, problem=f"`{program}` is not installed here")
    if place.sandbox != "none" and not place.profile.network:
        problem = "`profiles.setup.network` lets it reach nobody whom it could ask"
        return Audit(program=shown, file=path, problem=problem)
    read: Callable[[bytes], tuple[Advisory, ...]] = (
        audit_reports.npm_audit if program == "npm" else audit_reports.pip_audit
    )
    printed = _printed(argv, files, place)
    if printed.problem:
        return Audit(program=shown, file=path, problem=printed.problem)
    try:
        return Audit(program=shown, file=path, found=read(printed.report.encode()))
    except BadInput as error:
        return Audit(program=shown, file=path, problem=error.message)


def _printed(argv: tuple[str, ...], files: Mapping[str, str], place: Place) -> Printed:
    """What a program prints, run by a process of its own; never raises for what it does."""
    with tempfile.TemporaryDirectory(prefix="agent-os-audit-") as made:
        folder = Path(made)
        (folder / "files").mkdir()
        for name, text in files.items():
            (folder / "files" / name).write_text(text, "utf-8")
        order = Order(folder=folder, argv=argv, place=place)
        try:
            done = subprocess.run(
                [sys.executable, "-m", __name__],
                input=order.model_dump_json().encode(),
                capture_output=True,
                timeout=place.seconds + _STARTING_SECONDS,
                check=False,
                cwd="/",
                env=_environment(),
            )
            return Printed.model_validate_json(done.stdout)
        except (OSError, subprocess.TimeoutExpired, ValidationError) as error:
            return Printed(problem=f"it could not be run ({type(error).__name__})")


def _environment() -> dict[str, str]:
    """Of the process between: nothing of ours but what Python needs to find this program."""
    names = ("PATH", "LANG", "PYTHONPATH")
    return {name: os.environ[name] for name in names if name in os.environ}


def run(order: Order) -> Printed:
    """Run one program to the end of its tree, in the sandbox."""
    work, home = order.folder / "files", order.folder / "home"
    home.mkdir()
    search_path = os.environ.get("PATH", os.defpath)
    env = {"PATH": search_path, "HOME": str(home), "LANG": "C.UTF-8", "CI": "1"}
    profile, log = order.place.profile, order.folder / "log"
    try:
        sandbox = choose(order.place.sandbox, order.place.image)
        with open_door(order.folder, Reach(profile.network), lambda _place, _problem: None) as door:
            view = View(
                writable=(work, home),
                search_path=search_path,
                profile=profile,
                door=None if sandbox.kind == "none" else door,
                environment=env,
            )
            argv = sandbox.wrap((*_QUIET, *order.argv), work, view)
            ending = run_program(
                Program(
                    argv=argv,
                    cwd=work,
                    env=env,
                    log=log,
                    seconds=order.place.seconds,
                    stall_seconds=order.place.seconds,
                    output_bytes=_REPORT_BYTES,
                    namespaced=sandbox.namespaced,
                    bounds=Bounds.of(profile, view.writable),
                    cleanup=sandbox.cleanup(argv),
                )
            )
    except (AgentOSError, OSError) as error:
        return Printed(problem=f"it could not be run ({error})")
    if ending.end is not End.EXITED:
        seconds = f" after {order.place.seconds:.0f} s" if ending.end is End.TIMEOUT else ""
        return Printed(problem=f"it was ended{seconds}: {ending.end.value}")
    # Both end with 1 when they find something, so their exit codes tell nothing.
    return Printed(report=log.read_bytes().decode("utf-8", "replace"))


def main() -> None:
    order = Order.model_validate_json(sys.stdin.buffer.read())
    json.dump(run(order).model_dump(mode="json"), sys.stdout)


if __name__ == "__main__":
    main()
