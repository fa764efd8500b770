"""Files of ours in an agent's HOME, which the agent of a run before may have filled with traps."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from agent_os.workspace.candidates import is_real_directory
from agent_os.workspace.removing import remove


def put_file(home: Path, name: str, text: str) -> None:
    """Write it for the owner only. We are outside of the sandbox: nothing is written through a
    link (it may lead anywhere), nor into a pipe (nobody would read it). Only while no agent runs.
    """
    path = make_folders(home, name)
    _remove(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def make_folders(home: Path, name: str) -> Path:
    """The file's place, all folders on the way to it being real ones below `home`."""
    folder = home
    for part in PurePath(name).parts[:-1]:
        folder /= part
        if not is_real_directory(folder):
            _remove(folder)
            folder.mkdir()
    return folder / PurePath(name).name


def _remove(path: Path) -> None:
    if is_real_directory(path):
        remove(path)
    else:
        path.unlink(missing_ok=True)
