"""A script that does a piece of work: files, the result file, a command, a last word."""

from __future__ import annotations

from collections.abc import Mapping

from agent_os.attempt.result import FILE_NAME, example
from tests.models.steps import Say, Shell, Step, Write

COMMAND = "ls -A"
LAST_WORD = "The work is done; the result file says what was changed."


def patch(
    files: Mapping[str, str], result: str | None = None, command: str = COMMAND
) -> tuple[Step, ...]:
    """Writes each file and the result file (a valid one), runs a command, says a last word."""
    return (
        *(Write(path, content) for path, content in files.items()),
        Write(FILE_NAME, example() if result is None else result),
        Shell(command),
        Say(LAST_WORD),
    )
