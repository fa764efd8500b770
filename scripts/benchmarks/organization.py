"""Agent OS at work on a hub: its config, its daemon, and what its store says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from agent_os.cli.context import build_world, load
from agent_os.domain.events import Event
from agent_os.domain.tasks import Task
from agent_os.effects.world import World
from agent_os.store import log, tasks
from scripts.benchmarks.hub import BOT, SECRET, TOKENS, Hub

_TOKEN = "AGENT_OS_BENCH_TOKEN"
_SECRET = "AGENT_OS_BENCH_SECRET"
_POLL_SECONDS = 0.05
_START_SECONDS = 30
_PORT = re.compile(r"Webhooks are received at port (\d+)")
#: Long enough that nothing is found by polling while a bench runs.
NEVER = "every 24h"


class Organization:
    """`schedule` is how often each job looks by itself; `more` is merged over the config."""

    def __init__(
        self,
        hub: Hub,
        folder: Path,
        repos: list[str],
        command: str,
        *,
        schedule: str = NEVER,
        webhooks: bool = False,
        **more: Any,
    ) -> None:
        self.hub = hub
        self.folder = folder
        self.repos = repos
        self.webhooks = webhooks
        folder.mkdir(parents=True)
        self.config = folder / "config.yaml"
        settings: dict[str, Any] = {
            "home": "./runtime",
            "github": {"api_url": hub.api_url, "token": f"${_TOKEN}"},
            "repositories": [{"name": r, "mode": "auto-merge"} for r in repos],
            "agents": {"worker": {"driver": "command", "command": command}},
            "routing": {"default": ["worker"]},
            "schedule": dict.fromkeys(("dispatcher", "queue-engine", "pr-monitor"), schedule),
            "limits": {"memory_mb_per_attempt": 0, "backoff_seconds": 1},
        }
        if webhooks:
            settings["webhooks"] = {"listen": "127.0.0.1:0", "secret": f"${_SECRET}"}
        for key, value in more.items():
            old = settings.get(key)
            settings[key] = {**old, **value} if isinstance(old, dict) else value
        self.config.write_text(yaml.safe_dump(settings))
        os.environ[_TOKEN] = TOKENS[BOT]
        os.environ[_SECRET] = SECRET

    @contextmanager
    def world(self) -> Generator[World]:
        """The store and the jobs in this process."""
        world = build_world(load(self.config))
        try:
            yield world
        finally:
            world.store.close()

    @contextmanager
    def daemon(self) -> Generator[int]:
        """`agent-os up`; its process id. Receives the repositories' webhooks when asked to."""
        path = self.folder / "daemon.log"
        argv = [sys.executable, "-m", "agent_os", "up", "--config", str(self.config)]
        with path.open("w") as file:
            process = subprocess.Popen(argv, stderr=file, start_new_session=True)
        try:
            self._wait_until_up(process, path)
            yield process.pid
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{path.read_text()[-2000:]}") from error
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            if process.poll() is None:
                process.kill()
                process.wait()

    def _wait_until_up(self, process: subprocess.Popen[bytes], path: Path) -> None:
        wanted = _PORT if self.webhooks else re.compile("Agent OS is up")
        deadline = time.monotonic() + _START_SECONDS
        while not (found := wanted.search(path.read_text())):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the daemon did not start: {path.read_text()}")
            time.sleep(_POLL_SECONDS)
        if self.webhooks:
            for repo in self.repos:
                self.hub.hook(repo, int(found[1]))

    def stop_attempts(self, world: World) -> None:
        """End the attempts that still run, and wait until they have."""
        with world.store.read() as tx:
            running = [t.running for _, t in tasks.listed(tx, unsettled=True)]
        folders = [Path(attempt.directory) for attempt in running if attempt]
        for folder in folders:
            world.executor.stop(folder, "the bench is over")
        until(lambda: all(world.executor.poll(f) != "alive" for f in folders), "attempts end", 120)


def until(met: Callable[[], Any], what: str, seconds: float) -> Any:
    """What it answered when it held. RuntimeError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := met()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(_POLL_SECONDS)
    return found


def all_tasks(world: World) -> list[Task]:
    with world.store.read() as tx:
        return [task for _, task in tasks.listed(tx)]


def story(world: World, number: int, repo: str) -> tuple[Task, list[Event]]:
    """A task and its events, oldest first."""
    task = next(t for t in all_tasks(world) if t.number == number and t.repo == repo)
    with world.store.read() as tx:
        return task, [event for _, event in log.history(tx, task.key)]
