"""Everything that tests left in their folders, searched for the fake secrets that they used."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from tests import planted

_LARGEST = 200_000_000
_NEEDLES = re.compile("|".join(re.escape(text) for text in planted.ALL).encode())

#: What tests call a clone that they make with a token in its address.
_CLONES = ("w", "work", "other", "part")
#: Where tests or agents put them on purpose, and why. Paths below the tests' folder.
MEANT = {
    "*/hub.sqlite*": "the hub's own accounts",
    "*/hub/*.sqlite*": "the hub's own accounts",
    "*/attempts/*/work/*": "the agent's own files, as it left them",
    "*/attempts/*/home/*": "the program's key or login, which it needs there",
    "*/attempts/*/snapshot.git/*.index": "names of the agent's files; nobody publishes from there",
    **{f"/test_*/{name}/.git/config": "a person's clone of the hub" for name in _CLONES},
    "/test_*/owner/.claude/.credentials.json": "the owner's own login, which is lent",
    "*/work/.env": "a file that an agent is to read, without an attempt around it",
    "*/attempts/*/gates/*/repo/*": "a checkout of a result that was refused for it",
}


def found_below(folder: Path) -> list[str]:
    """Files in which one stands though nobody meant it, as `path: secret`."""
    found: list[str] = []
    for path in sorted(_files(folder)):
        name = str(path.relative_to(folder))
        if any(fnmatchcase(f"/{name}", pattern) for pattern in MEANT):
            continue
        told = _NEEDLES.search(_read(path))
        if told:
            found.append(f"{name}: {told[0].decode()}")
    for repository in sorted(folder.glob("*/hub/**/*.git")):
        told = _NEEDLES.search(_history(repository))
        if told:
            found.append(f"{repository.relative_to(folder)} (history): {told[0].decode()}")
    return found


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        # Compressed: what matters of them is read as history.
        folders[:] = [name for name in folders if name != "objects"]
        for name in names:
            path = Path(where) / name
            if path.is_file() and not path.is_symlink():
                yield path


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""


def _history(repository: Path) -> bytes:
    argv = ["git", "--git-dir", str(repository), "log", "--all", "-p", "--text", "--no-ext-diff"]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=60)
    return done.stdout
