"""`search`: a regular expression over the files of the work directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pydantic import Field

from agent_os.agents.native.tools.tool import Arguments, Place, Tool, ToolFailed, clipped

_PROGRAM = Path(__file__).with_name("grep.py")
_SECONDS = 20.0
_MOST_LINES = 200


class SearchArguments(Arguments):
    pattern: str = Field(min_length=1, description="A regular expression (Python's), line by line.")
    path: str = Field(default=".", description="A file or directory to look in.")
    files: str = Field(default="", description="Only files whose name or path fits, e.g. *.py")


def _search(place: Place, arguments: SearchArguments) -> str:
    start = place.inside(arguments.path)
    if not start.exists():
        raise ToolFailed(f"{arguments.path} does not exist.")
    root = str(place.work.resolve())
    argv = (sys.executable, "-I", "-S", str(_PROGRAM), root, str(start))
    seconds = min(_SECONDS, place.longest_seconds)
    try:
        done = subprocess.run(
            (*argv, arguments.files, str(_MOST_LINES)),
            input=arguments.pattern.encode("utf-8", "replace"),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        found = (error.stdout or b"").decode("utf-8", "replace")
        raise ToolFailed(clipped(f"Ended after {seconds:.0f} s. Found so far:\n{found}")) from error
    except (OSError, ValueError) as error:
        raise ToolFailed(f"The search can't be made: {error}") from error
    output = clipped(done.stdout.decode("utf-8", "replace").strip())
    if done.returncode not in (0, 1):
        raise ToolFailed(output or "The search failed.")
    return output or "Nothing found."


SEARCH = Tool(
    name="search",
    description="Find the lines that match a regular expression, as path:line: text.",
    arguments=SearchArguments,
    run=_search,
    only_reads=True,
)
