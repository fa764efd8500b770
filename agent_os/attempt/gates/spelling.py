"""What is wrong with a path: names that mean something else on another system, or to git."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from agent_os.workspace.names import is_git_directory, is_git_file

LONGEST_PATH = 4096
LONGEST_NAME = 255
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*|:.*)?",
    re.IGNORECASE | re.DOTALL,
)


def fault(path: str) -> str:
    """Why no file should have this name; empty: it is fine. Its bytes are surrogate-escaped."""
    raw = path.encode("utf-8", "surrogateescape")
    parts = path.split("/")
    if len(raw) > LONGEST_PATH:
        return f"its path is longer than {LONGEST_PATH} bytes"
    if any(len(part.encode("utf-8", "surrogateescape")) > LONGEST_NAME for part in parts):
        return f"its name is longer than {LONGEST_NAME} bytes"
    return next((why for part in parts if (why := _fault_of_name(part))), "")


def _fault_of_name(name: str) -> str:
    if name in ("", ".", ".."):
        return "it leads elsewhere"
    if is_git_directory(name):
        return "git's own folder has that name"
    if any(unicodedata.category(char) in ("Cc", "Cf") for char in name):
        return "its name holds control or invisible characters"
    if "\\" in name:
        return "its name holds a backslash"
    if name[-1] in ". ":
        return "its name ends with a dot or a blank"
    if _DEVICE.fullmatch(name):
        return "Windows has a device of that name"
    return ""


def names_submodules(path: str) -> bool:
    """Whether git, somewhere, would read it as the list of submodules."""
    return "/" not in path and is_git_file(path)


def twins(paths: Iterable[str], before: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of files or folders that are one on a system which does not tell upper case from
    lower case; without those that were both there `before`."""
    known = _with_folders(before)
    seen: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for path in sorted(_with_folders(paths)):
        other = seen.setdefault(_folded(path), path)
        if other != path and not (other in known and path in known):
            found.append((other, path))
    return found


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _with_folders(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = path.rpartition("/")[0]
    return found
