"""The folder of one job below the work root, and those that a killed hub left behind."""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agent_os.localhub.workflows import strays


@contextmanager
def job_folder(work_root: Path, key: str) -> Generator[Path, None, None]:
    """A new folder for one job. Afterwards its processes are killed and it is removed.

    The hub holds a lock on it, which ends with the process whatever way it dies: a folder that
    nobody locks belongs to a hub that was killed, and is cleared before a new job starts.
    """
    work_root.mkdir(parents=True, exist_ok=True)
    root = _open(work_root)
    try:
        fcntl.flock(root, fcntl.LOCK_EX)
        clear_abandoned(work_root)
        folder = Path(tempfile.mkdtemp(prefix=f"{key}-", dir=work_root))
        held = _open(folder)
        fcntl.flock(held, fcntl.LOCK_EX)
    finally:
        os.close(root)
    try:
        yield folder
    finally:
        _clear(folder)
        os.close(held)


def clear_abandoned(work_root: Path) -> None:
    """End and remove what no living hub holds."""
    for folder in work_root.iterdir():
        try:
            held = _open(folder)
        except FileNotFoundError:  # its job has just ended
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(folder)
        except BlockingIOError:
            continue
        finally:
            os.close(held)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY)


def _clear(folder: Path) -> None:
    """Kill the job's processes and delete its files, also those that it made read-only."""
    strays.kill_marked(folder)
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
