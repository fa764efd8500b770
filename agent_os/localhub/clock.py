"""The hub's only source of time."""

import time
from datetime import UTC, datetime


class Clock:
    """UTC time, real by default; tests may move it."""

    def __init__(self) -> None:
        self._offset_seconds = 0.0

    def epoch(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._offset_seconds

    def now(self) -> str:
        """Whole seconds as GitHub writes them: 2026-01-31T12:00:00Z."""
        return datetime.fromtimestamp(self.epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`; it goes on running."""
        self._offset_seconds += seconds

    def set(self, moment: str) -> None:
        """Move the clock to an ISO time (`Z` or an offset); it goes on running."""
        target = datetime.fromisoformat(moment)
        if target.tzinfo is None:
            target = target.replace(tzinfo=UTC)
        self._offset_seconds = target.timestamp() - time.time()
