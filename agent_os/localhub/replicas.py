"""Reads that see the storage as it was: GitHub's lists may come from a replica that lags."""

import dataclasses
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_os.localhub.database import Database
from agent_os.localhub.faults import Faults

if TYPE_CHECKING:
    from agent_os.localhub.hub import Hub

#: States kept of the longest time that is looked back; those between are left out.
KEPT_STATES = 50


@dataclass
class _State:
    """What the storage held until a moment (monotonic seconds)."""

    until: float
    db: Database


class Replicas:
    """Keeps states of the storage while faults of kind `stale` are ordered, else nothing.

    Git's refs are not among them: what is read from a repository is always fresh.
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        self._path = path
        self._faults = faults
        self._lock = threading.RLock()
        self._states: list[_State] = []

    def keep(self) -> None:
        """Keep what is there now; called just before something else is committed."""
        span = self._faults.longest_staleness()
        if not span and not self._states:
            return
        now = time.monotonic()
        with self._lock:
            while self._states and self._states[0].until < now - span:
                self._states.pop(0).db.close()
            if not span:
                return
            if self._states and now - self._states[-1].until < span / KEPT_STATES:
                self._states[-1].until = now
            else:
                self._states.append(_State(now, Database.as_now(self._path)))

    @contextmanager
    def seen_from(self, hub: "Hub", seconds: float) -> Generator["Hub"]:
        """The hub as it was that long ago; the hub itself when nothing changed since, or for 0."""
        if not seconds:
            yield hub
            return
        with self._lock:
            moment = time.monotonic() - seconds
            found = next((state.db for state in self._states if state.until > moment), None)
            yield hub if found is None else dataclasses.replace(hub, db=found)

    def close(self) -> None:
        """Let go of every state."""
        with self._lock:
            while self._states:
                self._states.pop().db.close()
