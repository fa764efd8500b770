"""Being asked to stop: by SIGTERM, or by a file named `cancel` that holds the reason."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType


class Stopped(Exception):
    """The attempt was asked to stop. The message is the reason."""


class StopRequest:
    """Asked often, by the thread that waits for a program and between the stages."""

    def __init__(self, cancel_file: Path) -> None:
        self._cancel_file = cancel_file
        self._by_signal = False

    def listen(self) -> None:
        """From now on SIGTERM asks to stop instead of ending this process."""
        signal.signal(signal.SIGTERM, self._take_signal)

    def asked(self) -> bool:
        """Whether someone asked."""
        return self._by_signal or self._cancel_file.exists()

    def reason(self) -> str:
        """One line for people."""
        try:
            text = self._cancel_file.read_text("utf-8", "replace").strip()
        except OSError:
            text = ""
        return f"stopped: {text.splitlines()[0][:200]}" if text else "stopped"

    def check(self) -> None:
        """Raise Stopped if someone asked."""
        if self.asked():
            raise Stopped(self.reason())

    def _take_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._by_signal = True
