"""The log file of one job: plain text, bounded, written by several threads."""

import threading
from pathlib import Path
from types import TracebackType

MAX_BYTES = 10 * 1024 * 1024
TRUNCATED = b"\n##[warning]The log reached %d bytes; what follows is left out.\n"


class JobLog:
    """Appends to a file until `max_bytes`, then says so once and drops ordinary output."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._written = 0
        self._truncated = False
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)

    def __enter__(self) -> "JobLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._file.close()

    def output(self, data: bytes) -> None:
        """Add a step's output, as much as there is room for."""
        with self._lock:
            if self._truncated or self._file.closed:
                return
            room = self._max_bytes - self._written
            self._file.write(data[:room])
            self._written += min(len(data), room)
            if len(data) > room:
                self._truncated = True
                self._file.write(TRUNCATED % self._max_bytes)

    def group(self, title: str, lines: list[str]) -> None:
        """Open a step: its title, with details that a reader may fold away."""
        self._always("\n".join([f"##[group]{title}", *lines, "##[endgroup]"]) + "\n")

    def error(self, text: str) -> None:
        """Add an error of the runner itself; never dropped, so that the reason is always there."""
        self._always(f"##[error]{text}\n")

    def _always(self, text: str) -> None:
        with self._lock:
            self._file.write(text.encode("utf-8", "replace"))
