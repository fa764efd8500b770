"""Commands that measure something in a checkout, in our sandbox, one after the other.

A process apart runs them: ending a program's tree ends all that its runner started.
`python -m agent_os.workspace.measuring` reads an order from stdin.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from agent_os.domain.contract import Contract
from agent_os.domain.errors import AgentOSError
from agent_os.domain.profiles import Profile
from agent_os.workspace.bounds import Bounds
from agent_os.workspace.processes import End, Program, run_program
from agent_os.workspace.sandbox.choosing import Wanted, choose
from agent_os.workspace.sandbox.door import open_door
from agent_os.workspace.sandbox.port import View
from agent_os.workspace.sandbox.reach import Reach

_STARTING_SECONDS = 20.0
_OUTPUT_BYTES = 5_000_000
_LONGEST_LINE = 300


class Command(Contract):
    command: str
    profile: Profile
    seconds: float


class Order(Contract):
    """`folder` holds the checkout `repo`; `objects` are what it borrows from."""

    folder: Path
    objects: tuple[Path, ...]
    sandbox: Wanted = "auto"
    image: str = ""
    commands: tuple[Command, ...]


class Said(Contract):
    """The last line that a command printed. `problem` empty: it ended well."""

    line: str = ""
    problem: str = ""


class _Answer(Contract):
    said: tuple[Said, ...]


def run_apart(order: Order) -> tuple[Said, ...]:
    """One for each command; never raises for what they do."""
    most = sum(command.seconds for command in order.commands) + _STARTING_SECONDS
    names = ("PATH", "LANG", "PYTHONPATH")  # nothing of ours but what Python needs
    try:
        done = subprocess.run(
            [sys.executable, "-m", "agent_os.workspace.measuring"],
            input=order.model_dump_json().encode(),
            capture_output=True,
            timeout=most,
            check=False,
            cwd="/",
            env={name: os.environ[name] for name in names if name in os.environ},
        )
        return _Answer.model_validate_json(done.stdout).said
    except (OSError, subprocess.TimeoutExpired, ValidationError) as error:
        problem = f"it could not be run ({type(error).__name__})"
        return tuple(Said(problem=problem) for _ in order.commands)


def run(order: Order) -> tuple[Said, ...]:
    """All of them, in one checkout."""
    home = order.folder / "home"
    home.mkdir(exist_ok=True)
    return tuple(_one(order, command, home) for command in order.commands)


def _one(order: Order, command: Command, home: Path) -> Said:
    repo, search_path = order.folder / "repo", os.environ.get("PATH", os.defpath)
    env = {"PATH": search_path, "HOME": str(home), "LANG": os.environ.get("LANG", "C.UTF-8")}
    profile = command.profile
    try:
        sandbox = choose(order.sandbox, order.image)
        with open_door(order.folder, Reach(profile.network), lambda _place, _problem: None) as door:
            view = View(
                writable=(repo, home),
                read_only=order.objects,
                search_path=search_path,
                profile=profile,
                door=None if sandbox.kind == "none" else door,
                environment=env,
            )
            argv = sandbox.wrap(("/bin/sh", "-c", command.command), repo, view)
            ending = run_program(
                Program(
                    argv=argv,
                    cwd=repo,
                    env=env,
                    log=order.folder / "log",
                    seconds=command.seconds,
                    stall_seconds=command.seconds,
                    output_bytes=_OUTPUT_BYTES,
                    namespaced=sandbox.namespaced,
                    bounds=Bounds.of(profile, view.writable),
                    cleanup=sandbox.cleanup(argv),
                )
            )
    except (AgentOSError, OSError) as error:
        return Said(problem=f"it could not be run ({error})"[:_LONGEST_LINE])
    if ending.end is not End.EXITED:
        return Said(problem=f"it was ended: {ending.end.value} ({ending.seconds:.0f} s)")
    line = _last(ending.tail.splitlines())
    if ending.exit_code:
        return Said(line=line, problem=f"it ended with exit code {ending.exit_code}")
    return Said(line=line)


def _last(lines: Sequence[str]) -> str:
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:_LONGEST_LINE] if said else ""


def main() -> None:
    order = Order.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.write(_Answer(said=run(order)).model_dump_json())


if __name__ == "__main__":
    main()
