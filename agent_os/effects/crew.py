"""Applying the effects of many tasks side by side: each waits for GitHub, git or a process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from agent_os.github.client import GitHubClient

T = TypeVar("T")
R = TypeVar("R")

#: Far below the hundred requests that GitHub takes at once.
_SIZE = 8


@dataclass(eq=False)
class Crew:
    """`size` threads, each with a connection of its own; with one, everything is done here."""

    size: int = _SIZE
    _pool: ThreadPoolExecutor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _own: threading.local = field(default_factory=threading.local)

    def each(
        self, client: GitHubClient, act: Callable[[GitHubClient, T], R], items: Sequence[T]
    ) -> list[R]:
        """What `act` gives for each item, in their order. All have ended when it returns; of
        several errors the first item's is raised."""
        if self.size < 2 or len(items) < 2:
            return [act(client, item) for item in items]
        futures = [self._started().submit(self._with_own, client, act, item) for item in items]
        wait(futures)
        return [future.result() for future in futures]

    def _started(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.size, thread_name_prefix="effect")
            return self._pool

    def _with_own(self, client: GitHubClient, act: Callable[[GitHubClient, T], R], item: T) -> R:
        if not hasattr(self._own, "client"):
            self._own.client = client.copy()
        return act(self._own.client, item)
