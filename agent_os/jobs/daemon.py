"""The daemon: a timer for the jobs, and a wake-up when an attempt ends or something changed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from agent_os.domain.errors import AgentOSError
from agent_os.domain.tasks import Status
from agent_os.effects.world import World
from agent_os.jobs import registry
from agent_os.store import log, repositories, tasks

_log = structlog.get_logger()
_WATCH_SECONDS = 0.05
_STOP_SECONDS = 4.0
ALL = "*"
_SLOT = "slot"
_PUBLISHED = "published"
#: A change here may be work there: job and key. What asks GitHub follows only for a reason.
_FOLLOWERS = {
    "dispatcher": (("queue-engine", ALL),),
    "queue-engine": (("queue-engine", ALL), ("pr-monitor", _PUBLISHED)),
    "pr-monitor": (("queue-engine", ALL),),
}
#: What the others give themselves to do is found as a person's wish would be.
_PLANNED = (("dispatcher", ALL),)


class _Inbox:
    """What a job is asked to look at. Asking again before it looks costs nothing."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    def put(self, key: str) -> None:
        with self._lock:
            self._keys.add(key)
        self._asked.set()

    def take(self) -> set[str]:
        """Wait until there is something, and take all of it."""
        self._asked.wait()
        with self._lock:
            keys, self._keys = self._keys, set()
            self._asked.clear()
        return keys


class Daemon:
    """One thread a job, so that a slow one holds up no other; a lease keeps each single."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._stopping = threading.Event()
        self._inboxes = {name: _Inbox() for name in registry.JOBS}
        self._threads: list[threading.Thread] = []
        self._pulls: dict[str, set[tuple[object, ...]]] = {}

    def wake(self, job: str, key: str = ALL) -> None:
        """Let a job look now, at one repository or at all. From any thread."""
        self._inboxes[job].put(key)

    def working(self) -> bool:
        """Whether every thread is alive, and the store answers."""
        with self.world.store.read() as tx:
            tasks.counts(tx)
        return bool(self._threads) and all(t.is_alive() for t in self._threads)

    def serve(self) -> None:
        """Until SIGTERM or SIGINT: a stop takes at most five seconds and leaves attempts alone."""
        for name in registry.JOBS:
            registry.made(name)  # now: their code may be another one after an upgrade
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        timer = BackgroundScheduler(timezone="UTC")
        self._threads = [
            threading.Thread(target=self._work, args=[name], name=name, daemon=True)
            for name in registry.JOBS
        ]
        self._threads.append(threading.Thread(target=self._watch, name="watch", daemon=True))
        for thread in self._threads:
            thread.start()
        timer.start()
        for name in registry.JOBS:
            self._plan(timer, name)
            # The rare ones look at a start only where their time was missed.
            self.wake(name, ALL if name in registry.FREQUENT else _SLOT)
        self._stopping.wait()
        timer.shutdown(wait=False)
        for name in registry.JOBS:
            self.wake(name)
        for thread in self._threads:
            thread.join(_STOP_SECONDS / len(self._threads))
        if any(thread.is_alive() for thread in self._threads):
            # One waits for an answer of GitHub or of git. Waiting on would break the promise of
            # five seconds; what it was doing has an intent, and the next start looks it up.
            _log.warning("stopped_at_work")
            sys.stderr.flush()
            os._exit(0)

    def _plan(self, timer: BackgroundScheduler, name: str) -> None:
        """APScheduler is the timer only: when a job is due is said by its cadence."""
        when = registry.cadence(self.world.config, name).following(self.world.clock.now())
        timer.add_job(self._due, "date", run_date=when, args=[timer, name], misfire_grace_time=None)

    def _due(self, timer: BackgroundScheduler, name: str) -> None:
        self._plan(timer, name)
        self.wake(name, _SLOT)

    def _work(self, name: str) -> None:
        world = replace(self.world, client=self.world.client.copy())
        while True:
            keys = self._inboxes[name].take()
            if self._stopping.is_set():
                return
            try:
                if self._run(world, name, keys):
                    for follower, key in _FOLLOWERS.get(name, _PLANNED):
                        self.wake(follower, key)
                    if name != "dispatcher" and self._claims_wait():
                        self.wake("dispatcher")
            except AgentOSError as error:
                _log.error("job_failed", job=name, code=error.code, error=str(error))
            except Exception:  # noqa: BLE001 - a job's boundary: the next run starts afresh
                _log.exception("job_crashed", job=name)
                self._stopping.wait(1)

    def _claims_wait(self) -> bool:
        """Whether a task waits for its claim: what happened may be what it waits for."""
        with self.world.store.read() as tx:
            return bool(tasks.listed(tx, statuses=(Status.READY,)))

    def _published(self) -> set[str]:
        """Repositories whose pull requests are not as they were when this was asked before:
        opened, pushed to, or about to be worked on, held or given up."""
        with self.world.store.read() as tx:
            found = [t for _, t in tasks.listed(tx, unsettled=True)]
            names = {row.repo_id: row.name for row in repositories.listed(tx)}
        now: dict[str, set[tuple[object, ...]]] = {}
        for task in found:
            if task.pull and not (task.pull.merged_sha or task.pull.closed):
                at_work = (task.running is None, task.wanted is None, task.hold, task.cancelled)
                state = (task.pull.number, task.pull.head, *at_work)
                now.setdefault(names.get(task.repo_id, task.repo), set()).add(state)
        before, self._pulls = self._pulls, now
        return {name for name, states in now.items() if before.get(name) != states}

    def _run(self, world: World, name: str, keys: set[str]) -> bool:
        changed = registry.run_slot(world, name) if _SLOT in keys else False
        if _PUBLISHED in keys:
            keys |= self._published()
        if asked := keys - {_SLOT, _PUBLISHED}:
            changed |= registry.run(world, name, keys=None if ALL in asked else sorted(asked))
        return changed

    def _watch(self) -> None:
        """Wake the queue engine as soon as an attempt's process has ended."""
        known: set[str] = set()
        newest, directories = -1, set[str]()
        while not self._stopping.wait(_WATCH_SECONDS):
            try:
                with self.world.store.read() as tx:
                    if (last := log.newest(tx)) != newest:
                        running = [t.running for _, t in tasks.listed(tx, unsettled=True)]
                        newest, directories = last, {a.directory for a in running if a}
                ended = {d for d in directories if self._over(d)}
            except Exception:  # noqa: BLE001 - the watch must not end; it looks again
                _log.exception("watch_failed")
                continue
            if ended - known:
                self.wake("queue-engine")
            known = ended

    def _over(self, directory: str) -> bool:
        return self.world.executor.poll(Path(directory)) in ("ended", "lost")
