"""Single keys from the terminal, without echo; none when nobody sits there."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty


class Keys:
    """A context manager. `attended` says whether a person can press a key at all."""

    def __init__(self) -> None:
        self.attended = _attended()
        self._before: list[int | list[bytes | int]] = []

    def __enter__(self) -> Keys:
        if self.attended:
            self._before = termios.tcgetattr(sys.stdin.fileno())
            tty.setcbreak(sys.stdin.fileno())
        return self

    def __exit__(self, *_: object) -> None:
        if not self.attended:
            return
        # Sent to the background meanwhile: restoring must not stop us.
        ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, self._before)
        finally:
            signal.signal(signal.SIGTTOU, ignored)

    def pressed(self) -> str:
        """The keys since the last call, in lower case."""
        if not self.attended:
            return ""
        ready, _, _ = select.select([sys.stdin], [], [], 0)
        data = os.read(sys.stdin.fileno(), 100) if ready else b""
        if ready and not data:
            self.attended = False  # the terminal is gone
        return data.decode("ascii", "ignore").lower()


def _attended() -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    # A job in the background that touches the terminal would be stopped.
    return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
