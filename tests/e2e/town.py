"""A town: one world of ours (config, store, attempts) and people, around a real hub."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from agent_os.config.loading import load_config
from agent_os.domain.clock import RandomIds
from agent_os.domain.events import Event
from agent_os.domain.tasks import Status, Task, TaskKey
from agent_os.effects.world import World
from agent_os.executor.local import LocalExecutor
from agent_os.github.client import GitHubClient
from agent_os.github.governor import Governor
from agent_os.jobs import registry
from agent_os.policy import history
from agent_os.store import declined, log, repositories, tasks
from agent_os.store.database import Store
from tests import sandboxes
from tests.hub import HubProcess

from .people import People

POLL_SECONDS = 0.1
MUTATIONS = "/api/graphql$"
CALC = "def add(a, b):\n    return a - b\n\n\ndef twice(a):\n    return a + a\n"
TEST = """import unittest
from calc import add, twice
class T(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)
    def test_twice(self):
        self.assertEqual(twice(2), 4)
"""
CI = """on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python3 -m unittest -q
"""
FILES = {
    "calc.py": CALC,
    "test_calc.py": TEST,
    ".agent-os.yaml": "test: python3 -m unittest -q\n",
    ".github/workflows/ci.yml": CI,
}
WITHOUT_CI = {k: v for k, v in FILES.items() if not k.startswith(".github")}
FIX = "sed -i 's/a - b/a + b/' calc.py"
#: A base whose checks pass, and an agent whose every run changes something.
GREEN = {**FILES, "calc.py": CALC.replace("a - b", "a + b")}
WORK = "date +%N >> log.txt"


class TownClock:
    """The real time, and what a test has added to it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def agent(command: str, **more: Any) -> dict[str, Any]:
    return {"driver": "command", "command": command, **more}


class Town:
    """`repo` is made with `files`; `config` is merged over the default one."""

    def __init__(
        self,
        hub: HubProcess,
        home: Path,
        repo: str,
        *,
        login: str = "agent-os",
        files: Mapping[str, str] = FILES,
        agents: Mapping[str, str | dict[str, Any]] | None = None,
        mode: str = "auto-merge",
        keys: Mapping[str, str] | None = None,
        **config: Any,
    ) -> None:
        self.hub = hub
        self.home = home
        self.repo = repo
        self.login = login
        self.token = hub.token(login)
        self.people = People(hub, repo)
        self.clock = TownClock()
        self.keys = dict(keys or {})
        if files:
            hub.seed(repo, dict(files))
        chosen = agents or {"fixer": FIX}
        self.config: dict[str, Any] = {
            "home": "./runtime",
            "github": {
                "api_url": hub.api_url,
                "token": "$TOKEN",
                "settle_seconds": 0.2,
                "request_timeout_seconds": 5,
            },
            "repositories": [{"name": repo, "mode": mode}],
            "agents": {n: a if isinstance(a, dict) else agent(a) for n, a in chosen.items()},
            "routing": {"default": list(chosen)},
            "limits": {"backoff_seconds": 0.2, "memory_mb_per_attempt": 0},
            "sandbox": sandboxes.USED,
        }
        for key, value in config.items():
            old: Any = self.config.get(key)
            both = isinstance(old, dict) and isinstance(value, dict)
            self.config[key] = {**old, **value} if both else value
        self._worlds: list[World] = []
        self.world = self.open()

    def open(self) -> World:
        """The world anew, as after a restart of our program with the config as it is now."""
        self.home.mkdir(parents=True, exist_ok=True)
        path = self.home / "config.yaml"
        path.write_text(yaml.safe_dump(self.config))
        settings = load_config(path, {"TOKEN": self.token, **self.keys})
        settings.home.mkdir(parents=True, exist_ok=True)
        store = Store(settings.database_url, self.clock, RandomIds())
        github = settings.github
        token = github.token.get_secret_value()
        timeout = github.request_timeout_seconds
        client = GitHubClient(github.api_url, token, timeout, Governor(self.clock), store)
        self.world = World(settings, store, client, LocalExecutor())
        self._worlds.append(self.world)
        return self.world

    def end(self) -> None:
        """End what still runs."""
        with self.world.store.read() as tx:
            found = [t.running for _, t in tasks.listed(tx, unsettled=True)]
        for attempt in filter(None, found):
            directory = Path(attempt.directory)
            self.world.executor.stop(directory, "the test is over")
            deadline = time.monotonic() + 10
            while self.world.executor.poll(directory) == "alive" and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        for world in self._worlds:
            world.store.close()

    def __getattr__(self, name: str) -> Any:
        """People's acts and views, on the first repository."""
        if name == "people":
            raise AttributeError(name)
        return getattr(self.people, name)

    # our side

    def jobs(self) -> bool:
        """Every job once; whether one of them changed something."""
        return any([registry.run(self.world, name) for name in registry.FREQUENT])

    def until(self, met: Callable[[], Any], seconds: float = 40) -> Any:
        """Run the jobs until it holds; what it answered then."""
        deadline = time.monotonic() + seconds
        while True:
            changed = self.jobs()
            if found := met():
                return found
            assert time.monotonic() < deadline, f"waited too long:\n{self.story()}"
            if not changed:
                time.sleep(POLL_SECONDS)

    def task(self, number: int = 0, repo: str = "") -> Task | None:
        """The task of an issue (0: the first issue that has one)."""
        with self.world.store.read() as tx:
            row = repositories.named(tx, repo or self.repo)
            if row is None:
                return None
            if number:
                return tasks.get(tx, TaskKey(row.repo_id, number))
            return next((t for _, t in tasks.listed(tx, repo_id=row.repo_id)), None)

    def tasks(self) -> list[Task]:
        """All tasks, of every repository here."""
        with self.world.store.read() as tx:
            return [t for _, t in tasks.listed(tx)]

    def everything(self) -> str:
        """All that was stored or shown: the files of this home, and the issues' comments."""
        found = [p for p in self.home.rglob("*") if p.is_file() and not p.is_symlink()]
        texts = [p.read_bytes().decode("latin-1") for p in found]
        return "\n".join(texts) + str([self.people.comments(t.number) for t in self.tasks()])

    def reaches(self, number: int, status: Status, seconds: float = 40, repo: str = "") -> Task:
        """Run until the task has this status."""

        def met() -> Task | None:
            task = self.task(number, repo)
            return task if task and task.status is status else None

        return self.until(met, seconds)

    def waits(self, number: int, reason: str) -> Task:
        """Run until the task waits for this reason."""

        def met() -> Task | None:
            task = self.task(number)
            return task if task and task.waiting and task.waiting.reason == reason else None

        return self.until(met)

    def settles(self, number: int, status: Status) -> Task:
        """Run until the task is over, and everything is drawn."""

        def met() -> Task | None:
            task = self.task(number)
            return task if task and task.status is status and task.settled else None

        return self.until(met)

    def rests(self) -> None:
        """Run until no job finds anything to change, twice in a row."""
        self.until(lambda: not self.jobs() and not self.jobs())

    def ready(self, title: str = "add is wrong", body: str = "## Goal\nFix add.\n") -> int:
        """A new issue of alice's, labelled Ready."""
        return self.people.issue(title, body, labels=("Ready",))

    def row(self, repo: str = "") -> repositories.Repository | None:
        with self.world.store.read() as tx:
            return repositories.named(tx, repo or self.repo)

    def events(self, number: int = 0) -> list[Event]:
        """The log, of one issue or all."""
        with self.world.store.read() as tx:
            found = [e for _, e in log.history(tx)]
        return [e for e in found if not number or e.number == number]

    def kinds(self, number: int = 0) -> list[str]:
        return [e.kind.value for e in self.events(number)]

    def declined(self) -> list[declined.Declined]:
        """The rows of requests that were not taken here."""
        with self.world.store.read() as tx:
            return [d for d in declined.listed(tx) if d.repo == self.repo]

    def resync(self) -> None:
        """As if the hour were over: the next look reads the whole list."""
        with self.world.store.write() as tx:
            row = repositories.named(tx, self.repo)
            assert row is not None
            repositories.put(self.world.store, tx, row.model_copy(update={"resynced_at": None}))

    def advance(self, seconds: float) -> None:
        """Move our clock and the hub's (a hub of its own, please)."""
        self.clock.ahead += timedelta(seconds=seconds)
        self.hub.admin("POST", "/clock", {"advance": seconds})

    def story(self) -> str:
        """Everything that happened, for a failed test."""
        with self.world.store.read() as tx:
            found = [t for _, t in tasks.listed(tx)]
        states = [f"{t.name}: {t.status} hold={t.hold} waiting={t.waiting}" for t in found]
        lines = [f"#{e.number} {history.line(e)}" for e in self.events()]
        return "\n".join([*states, *lines])

    def writes(self) -> list[str]:
        """`METHOD path`, or a mutation's kind and name, of our own writes since the last reset."""
        found = self.hub.requests(writes=True)
        mine = [r for r in found if r["user"] == self.login]
        return [
            r["operation"] or f"{r['method']} {r['path'].partition(self.repo)[2]}"
            for r in mine
            if r["operation"] or self.repo in r["path"]
        ]

    def fault_on_labels(self, kind: str = "status", **more: Any) -> None:
        """Labels are changed by GraphQL, which names no repository in its path."""
        self.hub.fault("POST", MUTATIONS, kind, operation="mutation", **more)

    def faults_left(self) -> list[dict[str, Any]]:
        """Ordered faults for this repository that nothing has met."""
        found = self.hub.admin("GET", "/faults")
        return [f for f in found if self.repo in f["path"] or f["path"] == MUTATIONS]

    def directory(self, task: Task | None) -> Path:
        """Where the task's running attempt is."""
        assert task is not None and task.running is not None
        return Path(task.running.directory)

    def attempt_path(self, number: int, attempt: int) -> Path:
        task = self.task(number)
        assert task is not None
        return Path(next(a.directory for a in task.attempts if a.number == attempt))

    def attempt_file(self, number: int, attempt: int, name: str) -> str:
        """A file in an attempt's directory."""
        return (self.attempt_path(number, attempt) / name).read_text("utf-8", "replace")

    def comments_of(self, number: int) -> list[str]:
        return [c["body"] for c in self.people.comments(number)]
