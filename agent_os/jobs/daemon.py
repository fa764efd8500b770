"""The daemon: a timer for the jobs, and a wake-up when an attempt ends or something changed."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from agent_os.domain.errors import AgentOSError
from agent_os.effects.world import World
from agent_os.jobs import registry
from agent_os.store import tasks

_log = structlog.get_logger()
_WATCH_SECONDS = 0.2
_STOP_SECONDS = 4.0
#: A change here may be work there: these jobs are looked at again.
_FOLLOWERS = {
    "dispatcher": ("dispatcher", "queue-engine"),
    "queue-engine": ("queue-engine", "pr-monitor"),
    "pr-monitor": ("pr-monitor", "queue-engine", "dispatcher"),
}


class Daemon:
    """One thread a job, so that a slow one holds up no other; a lease keeps each single."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._stopping = threading.Event()
        self._wakes = {name: threading.Event() for name in registry.JOBS}
        self._slots: dict[str, bool] = dict.fromkeys(registry.JOBS, False)

    def serve(self) -> None:
        """Until SIGTERM or SIGINT: a stop takes at most five seconds and leaves attempts alone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        timer = BackgroundScheduler(timezone="UTC")
        threads = [
            threading.Thread(target=self._work, args=[name], name=name, daemon=True)
            for name in registry.JOBS
        ]
        threads.append(threading.Thread(target=self._watch, name="watch", daemon=True))
        for thread in threads:
            thread.start()
        timer.start()
        for name in registry.JOBS:
            self._plan(timer, name)
            self._wakes[name].set()
        self._stopping.wait()
        timer.shutdown(wait=False)
        for wake in self._wakes.values():
            wake.set()
        for thread in threads:
            thread.join(_STOP_SECONDS / len(threads))

    def _plan(self, timer: BackgroundScheduler, name: str) -> None:
        """APScheduler is the timer only: when a job is due is said by its cadence."""
        when = registry.cadence(self.world.config, name).following(self.world.clock.now())
        timer.add_job(self._due, "date", run_date=when, args=[timer, name], misfire_grace_time=None)

    def _due(self, timer: BackgroundScheduler, name: str) -> None:
        self._plan(timer, name)
        self._slots[name] = True
        self._wakes[name].set()

    def _work(self, name: str) -> None:
        world = replace(self.world, client=self.world.client.copy())
        while True:
            self._wakes[name].wait()
            if self._stopping.is_set():
                return
            self._wakes[name].clear()
            slot, self._slots[name] = self._slots[name], False
            try:
                run = registry.run_slot if slot else registry.run
                if run(world, name):
                    for follower in _FOLLOWERS[name]:
                        self._wakes[follower].set()
            except AgentOSError as error:
                _log.error("job_failed", job=name, code=error.code, error=str(error))
            except Exception:  # noqa: BLE001 - a job's boundary: the next run starts afresh
                _log.exception("job_crashed", job=name)
                self._stopping.wait(1)

    def _watch(self) -> None:
        """Wake the queue engine as soon as an attempt's process has ended."""
        known: set[str] = set()
        while not self._stopping.wait(_WATCH_SECONDS):
            try:
                with self.world.store.read() as tx:
                    running = [t.running for _, t in tasks.listed(tx, unsettled=True)]
                directories = {a.directory for a in running if a}
                ended = {d for d in directories if self._over(d)}
            except Exception:  # noqa: BLE001 - the watch must not end; it looks again
                _log.exception("watch_failed")
                continue
            if ended - known:
                self._wakes["queue-engine"].set()
            known = ended

    def _over(self, directory: str) -> bool:
        return self.world.executor.poll(Path(directory)) in ("ended", "lost")
