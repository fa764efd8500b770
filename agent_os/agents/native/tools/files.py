"""`read_file`, `write_file` and `edit_file`."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path

from pydantic import Field

from agent_os.agents.native.tools.tool import Arguments, Place, Tool, ToolFailed, clipped

_MOST_BYTES = 20_000_000
_USUAL_LINES = 600
_LONGEST_LINE = 2_000


class ReadArguments(Arguments):
    path: str = Field(description="Relative to the work directory.")
    first_line: int = Field(default=1, ge=1)
    lines: int = Field(default=_USUAL_LINES, ge=1, description="How many lines at most.")


class WriteArguments(Arguments):
    path: str = Field(description="Relative to the work directory.")
    content: str = Field(description="All that the file shall hold.")


class EditArguments(Arguments):
    path: str = Field(description="Relative to the work directory.")
    old: str = Field(min_length=1, description="Must be in the file exactly once, to the letter.")
    new: str = Field(description="What stands there instead.")


def _read(place: Place, arguments: ReadArguments) -> str:
    path = place.inside(arguments.path)
    if path.is_dir():
        names = sorted(item.name + ("/" if item.is_dir() else "") for item in path.iterdir())
        return clipped("\n".join(names)) or "(an empty directory)"
    lines = _text(path, arguments.path).splitlines()
    start = arguments.first_line - 1
    chosen = lines[start : start + arguments.lines]
    shown = [
        f"{number}\t{line[:_LONGEST_LINE]}" for number, line in enumerate(chosen, start=start + 1)
    ]
    if start + len(chosen) < len(lines):
        shown.append(f"[{len(lines)} lines in all]")
    return clipped("\n".join(shown)) or f"(nothing there: {len(lines)} lines in all)"


def _write(place: Place, arguments: WriteArguments) -> str:
    path = place.inside(arguments.path)
    _put(path, arguments.path, arguments.content)
    return f"Wrote {len(arguments.content)} characters to {arguments.path}."


def _edit(place: Place, arguments: EditArguments) -> str:
    path = place.inside(arguments.path)
    text = _text(path, arguments.path)
    found = text.count(arguments.old)
    if found != 1:
        raise ToolFailed(
            f"`old` is in {arguments.path} {found} times; it must be there once. "
            + ("Take more of what surrounds it." if found else "Read the file again.")
        )
    _put(path, arguments.path, text.replace(arguments.old, arguments.new))
    return f"Changed {arguments.path}."


def _text(path: Path, name: str) -> str:
    """The file as text, with its line ends as they are."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ToolFailed(f"{name} is no file.")
        if status.st_size > _MOST_BYTES:
            raise ToolFailed(f"{name} has {status.st_size} bytes; use `shell` for a part of it.")
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ToolFailed(f"{name}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ToolFailed(f"{name} is not UTF-8 text.") from error


def _put(path: Path, name: str, text: str) -> None:
    """Replaces the file at once, so that a kill never leaves half of it; keeps its mode."""
    temporary = path.with_name(f".{path.name}.agent-os-new")
    try:
        data = text.encode("utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
        if path.exists() and not path.is_file():
            raise ToolFailed(f"{name} is no file.")
        temporary.write_bytes(data)
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
    except UnicodeEncodeError as error:
        raise ToolFailed("The text holds characters that UTF-8 can't hold.") from error
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise ToolFailed(f"{name}: {error.strerror}.") from error


READ_FILE = Tool(
    name="read_file",
    description="Read lines of a text file, each with its number; or the names in a directory.",
    arguments=ReadArguments,
    run=_read,
    only_reads=True,
)
WRITE_FILE = Tool(
    name="write_file",
    description="Write a whole text file; directories are made as needed.",
    arguments=WriteArguments,
    run=_write,
)
EDIT_FILE = Tool(
    name="edit_file",
    description="Replace one piece of a text file by another.",
    arguments=EditArguments,
    run=_edit,
)
