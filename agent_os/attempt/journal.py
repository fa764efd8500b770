"""`events.jsonl`: one line for each step, so that progress can be shown while it happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from agent_os.domain.clock import Clock


class Journal:
    """Appends lines `{"at", "stage", "event", ...}`; times are UTC in ISO 8601."""

    def __init__(
        self, path: Path, clock: Clock, redact: Callable[[str], str] = lambda text: text
    ) -> None:
        """`redact` takes out of its texts what must not be stored."""
        self._path = path
        self._clock = clock
        self._redact = redact
        self._lock = threading.Lock()

    def write(self, stage: str, event: str, **facts: str | int | float | None) -> None:
        """One event. Facts are small: a verdict, a code, a number of seconds."""
        at = self._clock.now().isoformat()
        clean = {k: self._redact(v) if isinstance(v, str) else v for k, v in facts.items()}
        line = json.dumps({"at": at, "stage": stage, "event": event, **clean}) + "\n"
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line)
