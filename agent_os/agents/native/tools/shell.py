"""`shell`: one command, to the end of all that it started."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import Field

from agent_os.agents.native.tools.tool import Arguments, Place, Tool, clipped
from agent_os.workspace.processes import End, Ending, Program, run_program

_USUAL_SECONDS = 120.0
_MOST_BYTES = 50_000_000
_HEAD_BYTES = 12_000


class ShellArguments(Arguments):
    command: str = Field(description="Run by /bin/sh -c in the work directory.")
    seconds: float = Field(default=_USUAL_SECONDS, gt=0, description="Ended after so long.")


def _run(place: Place, arguments: ShellArguments) -> str:
    seconds = min(arguments.seconds, place.longest_seconds)
    with tempfile.TemporaryDirectory(prefix="shell-", dir=place.home) as folder:
        log = Path(folder, "output")
        log.touch()
        ending = run_program(
            Program(
                argv=("/bin/sh", "-c", arguments.command),
                cwd=place.work,
                env=dict(os.environ),
                log=log,
                seconds=seconds,
                stall_seconds=seconds,
                output_bytes=_MOST_BYTES,
            )
        )
        return f"{_ending(ending, seconds)}\n{_output(log, ending)}"


def _ending(ending: Ending, seconds: float) -> str:
    match ending.end:
        case End.EXITED:
            left = f", {ending.leftovers} background processes ended" if ending.leftovers else ""
            return f"[exit code {ending.exit_code}{left}]"
        case End.OUTPUT_LIMIT:
            return f"[ended: more than {_MOST_BYTES // 1_000_000} MB of output]"
        case _:
            return f"[ended: it took longer than {seconds:.0f} s]"


def _output(log: Path, ending: Ending) -> str:
    size = log.stat().st_size
    if size <= _HEAD_BYTES + len(ending.tail):
        return clipped(log.read_bytes().decode("utf-8", "replace"))
    with log.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    tail = ending.tail[-_HEAD_BYTES:]
    return f"{head}\n[… {size - 2 * _HEAD_BYTES} bytes left out …]\n{tail}"


SHELL = Tool(
    name="shell",
    description=(
        "Run a shell command in the work directory and get its exit code and output (the beginning "
        "and the end of it, when it is long). Nothing can be typed in. Processes that it leaves in "
        "the background are ended with it."
    ),
    arguments=ShellArguments,
    run=_run,
)
