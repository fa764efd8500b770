"""The demo in a terminal of its own, and what must not be left of it."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.demo_runs import COMMAND, ROOT, environment

_SECONDS = 120


def nothing_runs(folder: Path) -> bool:
    """Whether no process was told of the folder."""
    needle = os.fsencode(folder)
    for entry in Path("/proc").iterdir():
        try:
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue  # not a process, ended, or another user's
        if needle in told and entry.name != str(os.getpid()):
            return False
    return True


class Terminal:
    """The demo with a person in front of it."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.said = ""
        self._ours, theirs = pty.openpty()
        self._theirs = theirs
        self.before = termios.tcgetattr(theirs)
        # A session with this terminal as its own, as a shell's job has one.
        adopt = "import os, sys; os.login_tty(0); os.execv(sys.executable, sys.argv[1:])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", adopt, *COMMAND, *words],
            cwd=ROOT,
            env=environment(folder, TERM="xterm", COLUMNS="150"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )

    def read_until(self, pattern: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while not re.search(pattern, self.said):
            assert time.monotonic() < deadline, self.said
            assert self._read(), f"it ended before {pattern!r}:\n{self.said}"

    def read_until_true(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.said
            assert self._read(), f"it ended before:\n{self.said}"

    @property
    def plain(self) -> str:
        """What it said, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.said)

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def end(self) -> int:
        """Its exit code; what it still said is read."""
        deadline = time.monotonic() + _SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.said
            self._read()
        while self._read():
            pass
        return self.process.wait()

    @property
    def now(self) -> list[object]:
        return termios.tcgetattr(self._theirs)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _read(self) -> bool:
        """Whether more may come; waits a little for it."""
        ready, _, _ = select.select([self._ours], [], [], 0.2)
        if not ready:
            return self.process.poll() is None
        self.said += os.read(self._ours, 65536).decode(errors="replace")
        return True
