"""A hub that misbehaves, a daemon that works against it, and the config of both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from agent_os.domain.clock import RandomIds, SystemClock
from agent_os.domain.tasks import Task
from agent_os.policy import history
from agent_os.store import log, tasks
from agent_os.store.database import Store
from tests import planted, sandboxes
from tests.hub import HubProcess

ROOT = Path(__file__).parents[2]
LOGIN = "agent-os"
SECRET = planted.WEBHOOK_SECRET
EVENTS = ("issues", "issue_comment", "push", "pull_request", "pull_request_review", "check_suite")
CI = """on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: "true"
"""
FILES = {"readme.txt": "x\n", ".agent-os.yaml": "test: 'true'\n", ".github/workflows/ci.yml": CI}
#: A file of its own, so that two tasks meet in the base's history only; now and then no work.
STEADY = "date +%N > work-$(date +%s%N).txt"
SHAKY = f"case $(date +%N) in *[05]) exit 1;; esac; {STEADY}"
#: Of all requests to the API about a twentieth is hit, by one of these.
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "latency", "seconds": 0.2, "probability": 0.02},
    {"kind": "status", "status": 502, "probability": 0.007},
    {"kind": "status", "status": 500, "probability": 0.003},
    {"kind": "drop_before", "probability": 0.006},
    {"kind": "drop_after", "probability": 0.006},
    {"kind": "stale", "seconds": 2, "probability": 0.004},
    {"kind": "hide_newest", "items": 1, "probability": 0.003},
    {"kind": "secondary_limit", "seconds": 1, "probability": 0.001},
)
_GIT_FAULTS = (
    {"kind": "drop_before", "probability": 0.01},
    {"kind": "drop_after", "probability": 0.01},
)
_PORT = re.compile(r"Webhooks are received at port (\d+)")


class Works:
    """`repos` repositories; every other one wants results checked on its newest base."""

    def __init__(
        self, hub: HubProcess, root: Path, repos: int, seed: int, every: str = "every 1s"
    ) -> None:
        self.hub = hub
        self.root = root
        self.home = root / "runtime"
        self.seed = seed
        self.repos = [f"acme/chaos{n}" for n in range(repos)]
        root.mkdir(parents=True)
        for repo in self.repos:
            hub.seed(repo, FILES)
        (root / "config.yaml").write_text(yaml.safe_dump(self._config(every)))

    def _config(self, every: str) -> dict[str, Any]:
        repositories = [
            {"name": repo, "mode": "auto-merge", "allow_stale_base": bool(n % 2)}
            for n, repo in enumerate(self.repos)
        ]
        commands = {"shaky": SHAKY, "steady": STEADY}
        return {
            "home": "./runtime",
            "github": {
                "api_url": self.hub.api_url,
                "token": "$TOKEN",
                "settle_seconds": 2.5,
                "request_timeout_seconds": 5,
            },
            "repositories": repositories,
            "agents": {n: {"driver": "command", "command": c} for n, c in commands.items()},
            "routing": {"default": list(commands)},
            "sandbox": sandboxes.USED,
            "limits": {
                "backoff_seconds": 0.5,
                "memory_mb_per_attempt": 0,
                "concurrent_attempts": 4,
                "attempts": 6,
            },
            "schedule": dict.fromkeys(("dispatcher", "queue-engine", "pr-monitor"), every),
            "webhooks": {"listen": "127.0.0.1:0", "secret": "$SECRET"},
        }

    def misbehave(self) -> None:
        for number, fault in enumerate(FAULTS):
            path, seed = "/repos/|/api/graphql$", self.seed * 100 + number
            self.hub.admin("POST", "/faults", {"method": "*", "path": path, "seed": seed, **fault})
        for fault in _GIT_FAULTS:
            self.hub.admin("POST", "/faults", {"method": "*", "path": r"\.git/", **fault})
        self.hub.webhooks(duplicate=0.1, drop=0.1, order="shuffle", window=0.2, seed=self.seed)
        for repo in self.repos:
            flip = {"repo": repo, "event": "push", "count": 1, "probability": 0.05}
            self.hub.ci(flip={**flip, "seed": self.seed}, delay=0.1)

    def behave(self) -> tuple[int, dict[str, int]]:
        """No more faults; how many requests there were, and faults among them by kind."""
        spent: Counter[str] = Counter()
        for fault in self.hub.admin("GET", "/faults?spent=1"):
            spent[fault["kind"]] += fault["fired"]
        asked = len(self.hub.requests())
        self.hub.admin("DELETE", "/faults")
        self.hub.webhooks(duplicate=0, drop=0, order="kept", window=0)
        self.hub.ci(flip=None, delay=0)
        return asked, {kind: count for kind, count in spent.items() if count}

    @contextmanager
    def daemon(self) -> Generator[subprocess.Popen[bytes]]:
        """`agent-os up`, hooked to the repositories."""
        path = self.root / "daemon.log"
        argv = [sys.executable, "-m", "agent_os", "up", "--config", str(self.root / "config.yaml")]
        env = {"PATH": os.environ["PATH"], "TOKEN": self.hub.token(LOGIN), "SECRET": SECRET}
        with path.open("w") as file:
            process = subprocess.Popen(argv, stderr=file, stdout=file, env=env, cwd=ROOT)
        try:
            port = self.until(lambda: _PORT.search(path.read_text()), 30, "the daemon is up")[1]
            for repo in self.repos:
                self._hook(repo, int(port))
            yield process
        finally:
            process.terminate()
            process.wait(15)

    def _hook(self, repo: str, port: int) -> None:
        config = {"url": f"http://127.0.0.1:{port}/webhook", "secret": SECRET}
        body = {"config": {**config, "content_type": "json"}, "events": list(EVENTS)}
        assert self.hub.api("POST", f"/repos/{repo}/hooks", body).status_code == 201

    def store(self) -> Store:
        """The store as it is now; close it."""
        return Store(f"sqlite:///{self.home / 'agent-os.sqlite'}", SystemClock(), RandomIds())

    def tasks(self) -> list[Task]:
        if not (self.home / "agent-os.sqlite").exists():
            return []
        store = self.store()
        try:
            with store.read() as tx:
                return [task for _, task in tasks.listed(tx)]
        finally:
            store.close()

    def story(self, task: Task) -> str:
        """What happened to a task, for a failed test."""
        store = self.store()
        try:
            with store.read() as tx:
                lines = [history.line(event) for _, event in log.history(tx, task.key)]
        finally:
            store.close()
        state = f"{task.name}: {task.status} hold={task.hold} waiting={task.waiting}"
        return "\n  ".join([state, *lines])

    def until(self, met: Callable[[], Any], seconds: float, what: str) -> Any:
        """What it answered when it held."""
        deadline = time.monotonic() + seconds
        while not (found := met()):
            said = (self.root / "daemon.log").read_text()[-1000:]
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s: {what}\n{said}"
            time.sleep(0.2)
        return found
