"""The log of requests that clients sent, kept in memory."""

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT_REQUESTS = 100_000
READS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Request:
    """One request; `status` 0 means the connection was cut before an answer. `operation` is kind
    and name of a GraphQL one, as `query Checks`."""

    seq: int
    method: str
    path: str
    query: str
    status: int
    user: str | None
    at: str
    milliseconds: float
    write: bool
    operation: str | None


def is_write(method: str, path: str, operation: str | None = None) -> bool:
    """Whether the request may change something; a git fetch and a GraphQL query are posts too.
    `operation` begins with the kind of a GraphQL one."""
    if path.endswith("/git-upload-pack") or (operation or "").startswith("query"):
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
        operation: str | None = None,
    ) -> None:
        """Remember one answered (or dropped) request."""
        with self._lock:
            self._seq += 1
            write = is_write(method, path, operation)
            rounded = round(ms, 2)
            self._requests.append(
                Request(self._seq, method, path, query, status, user, at, rounded, write, operation)
            )

    def reset(self) -> None:
        """Forget all of them; numbers go on."""
        with self._lock:
            self._requests.clear()

    def report(self, *, writes_only: bool) -> dict[str, Any]:
        """`requests` in order, `counts` by method and status, and `operations` by what they are."""
        with self._lock:
            kept = list(self._requests)
        counts = Counter(f"{r.method} {r.status}" for r in kept)
        return {
            "total": len(kept),
            "writes": sum(r.write for r in kept),
            "not_modified": sum(r.status == 304 for r in kept),
            "counts": dict(sorted(counts.items())),
            "operations": dict(sorted(Counter(r.operation for r in kept if r.operation).items())),
            "requests": [asdict(r) for r in kept if r.write or not writes_only],
        }
