"""Which sandbox the tests' configs and orders ask for: the one place that decides it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from agent_os.workspace.sandbox import choosing

#: `none` only where nothing works: then what is run here says nothing about the sandbox.
USED: Literal["auto", "none"] = "none" if choosing.detect().refuses else "auto"


def path_without(folder: Path, *names: str) -> str:
    """A PATH to all programs of ours but `names`, as links in `folder`."""
    folder.mkdir()
    for entry in os.environ["PATH"].split(os.pathsep):
        for program in Path(entry).glob("*") if entry else ():
            link = folder / program.name
            if program.name not in names and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)
