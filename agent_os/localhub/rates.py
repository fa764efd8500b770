"""The hourly request limit of each user, counted in memory."""

import threading
from dataclasses import dataclass

WINDOW_SECONDS = 3600
DEFAULT_LIMIT = 15_000


@dataclass
class Window:
    """One user's hour: requests used, and when it ends (seconds since 1970)."""

    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """Requests left in this hour."""
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        """GitHub's rate-limit headers."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Resource": "core",
        }

    def body(self) -> dict[str, int | str]:
        """As GET /rate_limit shows it."""
        return {
            "limit": self.limit,
            "used": self.used,
            "remaining": self.remaining,
            "reset": self.reset,
            "resource": "core",
        }


class Rates:
    """Every user's window."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, Window] = {}
        self.limit = DEFAULT_LIMIT

    def window(self, login: str, epoch: float) -> Window:
        """The user's present hour."""
        with self._lock:
            window = self._windows.get(login)
            if window is None or epoch >= window.reset:
                window = Window(self.limit, 0, int(epoch) + WINDOW_SECONDS)
                self._windows[login] = window
            return window

    def spend(self, login: str, epoch: float) -> Window:
        """Count one request."""
        window = self.window(login, epoch)
        with self._lock:
            window.used = min(window.used + 1, window.limit)
        return window

    def set_limit(self, limit: int) -> None:
        """A new limit for everybody; all windows start again."""
        with self._lock:
            self.limit = limit
            self._windows.clear()
