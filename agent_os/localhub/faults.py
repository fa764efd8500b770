"""Failures ordered beforehand: a dropped connection or an error answer for matching requests."""

import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from agent_os.localhub.errors import Refusal

KINDS = ("drop_before", "drop_after", "status")


@dataclass
class Fault:
    """Applies to the next `count` requests of `method` (or *) whose path matches `path`.

    git sends a request once more by itself when a connection it used before is dropped: to make
    a push fail, order more than one.
    """

    path: str
    method: str = "*"
    kind: str = "status"
    status: int = 502
    count: int = 1
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Refusal(422, f"kind must be one of {', '.join(KINDS)}")
        try:
            re.compile(self.path)
        except re.error as error:
            raise Refusal(422, f"path is no regular expression: {error}") from error

    def matches(self, method: str, path: str) -> bool:
        """Whether this fault hits the request."""
        fits = self.method in ("*", method)
        return self.count > 0 and fits and re.search(self.path, path) is not None


class Faults:
    """The faults still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self._faults.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, now used once."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(method, path):
                    fault.count -= 1
                    return fault
        return None

    def pending(self) -> list[dict[str, Any]]:
        """What is still to come."""
        with self._lock:
            return [asdict(fault) for fault in self._faults if fault.count > 0]

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._faults.clear()
