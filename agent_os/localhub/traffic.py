"""The log of requests that clients sent, kept in memory."""

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT_REQUESTS = 100_000
READS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Request:
    """One request; `status` 0 means the connection was cut before an answer."""

    seq: int
    method: str
    path: str
    query: str
    status: int
    user: str | None
    at: str
    milliseconds: float
    write: bool


def is_write(method: str, path: str) -> bool:
    """Whether the request may change something; a git fetch and a graphql query are posts too."""
    if path.endswith("/git-upload-pack"):
        return False
    return method not in READS


class Traffic:
    """Requests since the start or the last reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self._seq = 0

    def add(
        self,
        *,
        method: str,
        path: str,
        query: str,
        status: int,
        user: str | None,
        at: str,
        ms: float,
    ) -> None:
        """Remember one answered (or dropped) request."""
        with self._lock:
            self._seq += 1
            write = is_write(method, path)
            self._requests.append(
                Request(self._seq, method, path, query, status, user, at, round(ms, 2), write)
            )

    def reset(self) -> None:
        """Forget all of them; numbers go on."""
        with self._lock:
            self._requests.clear()

    def report(self, *, writes_only: bool) -> dict[str, Any]:
        """`requests` in order and `counts` by method and status."""
        with self._lock:
            kept = list(self._requests)
        counts = Counter(f"{r.method} {r.status}" for r in kept)
        return {
            "total": len(kept),
            "writes": sum(r.write for r in kept),
            "not_modified": sum(r.status == 304 for r in kept),
            "counts": dict(sorted(counts.items())),
            "requests": [asdict(r) for r in kept if r.write or not writes_only],
        }
