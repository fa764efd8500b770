"""Following the event log while the daemon works: lines for people, and the tasks as they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent_os.cli.context import build_world, load
from agent_os.domain.tasks import Task
from agent_os.policy import history
from agent_os.store import log, tasks
from agent_os.store.database import Store
from scripts.demo import screen

OVER = ("done", "blocked", "cancelled")
_POLL_SECONDS = 0.05
#: Lines of progress that say nothing new to somebody who watches for the first time.
_QUIET = (
    *("labels", "status comment", "nothing is left", "goes on", "pull request described"),
    "the repository is ours",
)


class Follower:
    """`begun` is when the demo's clock started (monotonic seconds)."""

    def __init__(self, config: Path, begun: float) -> None:
        self.begun = begun
        self.tasks: list[Task] = []
        self.ended: dict[int, float] = {}
        """Seconds after which a task was over, by issue."""
        self._config = config
        self._seen = 0

    def follow(self, until: Callable[[Sequence[Task]], bool], seconds: float) -> bool:
        """Print what happens until it is so; False when the time was over first."""
        store = build_world(load(self._config)).store
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                self._look(store)
                if until(self.tasks):
                    return True
                time.sleep(_POLL_SECONDS)
        finally:
            store.close()
        return False

    def say(self, issue: int, what: str) -> None:
        screen.event(time.monotonic() - self.begun, f"#{issue}", what)

    def _look(self, store: Store) -> None:
        with store.read() as tx:
            events = log.history(tx, after=self._seen)
            self.tasks = [task for _, task in tasks.listed(tx)]
        for number, event in events:
            self._seen, what = number, history.what(event)
            if event.number is not None and not what.startswith(_QUIET):
                self.say(event.number, what)
        for task in self.tasks:
            if task.status in OVER:
                self.ended.setdefault(task.number, time.monotonic() - self.begun)
            else:
                self.ended.pop(task.number, None)
