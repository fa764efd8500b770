"""Removing a folder that an agent may have filled: too deep, or shut, or both."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

_SECONDS = 600.0


def remove(path: Path) -> None:
    """As far as it can be done; what is left, is left. Links are removed, not followed."""
    # It calls itself for each folder; the program below does not.
    with suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)
    if not path.exists() or path.is_symlink():
        return
    for argv in (["chmod", "-R", "u+rwX", "--"], ["rm", "-rf", "--"]):
        subprocess.run(
            [*argv, str(path)], capture_output=True, check=False, timeout=_SECONDS, cwd="/"
        )
