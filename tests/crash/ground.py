"""One repository, one home and one issue to work on; and the processes that do the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import yaml

from agent_os.domain.clock import OFFSET_FILE, RandomIds, SystemClock
from agent_os.domain.tasks import Task
from agent_os.store import leases, tasks
from agent_os.store.database import Store
from tests import sandboxes
from tests.hub import HubProcess

ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.005
LOGIN = "agent-os"
USERS = ["alice", "bob", LOGIN]
CI = """on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: "true"
"""
FILES = {
    "calc.py": "def add(a, b):\n    return a - b\n",
    "test_calc.py": "from calc import add\nassert add(1, 2) == 3\n",
    ".agent-os.yaml": "test: grep -q 'a + b' calc.py\n",
    ".github/workflows/ci.yml": CI,
}
_MADE = "git log -1 --format='made %H'"
#: A commit of its own, amended; one that it drops; one that it stashes; and a change that it
#: leaves uncommitted. Its log says which commits it made.
FIX = (
    f"sed -i 's/a - b/a + b/' calc.py; git commit -qam mended; {_MADE};"
    f"git commit -q --amend -m better; {_MADE};"
    f"git commit -q --allow-empty -m dropped; {_MADE}; git reset -q --hard HEAD~1;"
    f"echo later > later.txt; git add later.txt; git stash -q; {_MADE} stash;"
    "echo done >> notes.txt"
)
COMMITS_MADE = 4


class Drives:
    """Processes that run the jobs (see `drive.py`), one at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.crash.drive"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        self._at_work = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._at_work:
            self._end()
        self._process.communicate(timeout=60)

    def start(self, order: dict[str, Any]) -> int:
        """Start one; its process id. What a failed test left at work is ended first."""
        if self._at_work:
            self._end()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._at_work = self._answer()["pid"]
        return self._at_work

    def wait(self) -> int:
        """The exit status of the one that was started; negative: the signal that ended it."""
        status = self._answer()["status"]
        self._at_work = 0
        return status

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._at_work, signal.SIGKILL)
        self.wait()

    def _answer(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the forking process has ended"
        return json.loads(line)


class Ground:
    """`config` is merged over the default one. More `issues` than one are asked for at once.

    The hub forgets the requests of grounds before: one is at work at a time.
    """

    def __init__(
        self,
        hub: HubProcess,
        root: Path,
        repo: str,
        mode: str = "auto-merge",
        issues: int = 1,
        **config: Any,
    ) -> None:
        self.hub = hub
        self.repo = repo
        self.mode = mode
        self.root = root
        self.home = root / "runtime"
        self.config = root / "config.yaml"
        self.log = root / "drive.log"
        self.points = root / "points"
        self.kills = root / "kills"
        self.clock = root / "clock"
        self.runner_plan = root / "runner-plan"
        self.runner_kills = root / "runner-kills"
        self._more: dict[str, Any] = {}
        self.pids: list[int] = []
        """Of the processes that ran the jobs, in order."""
        root.mkdir(parents=True)
        self.jump(0)
        self.configure(**config)
        hub.seed(repo, FILES)
        hub.reset_requests()
        self.numbers: list[int] = []
        for _ in range(issues):
            self.ask_for()
        self.number = self.numbers[0]

    def ask_for(self) -> None:
        """One more issue, labelled Ready."""
        made = self.ask("POST", "/issues", {"title": "add is wrong", "body": "## Goal\nFix add."})
        self.ask("POST", f"/issues/{made['number']}/labels", {"labels": ["Ready"]})
        self.numbers.append(made["number"])

    def configure(self, **config: Any) -> None:
        """Write the config: the default one, and this over it."""
        self._more = {**self._more, **config}
        self.config.write_text(yaml.safe_dump(self._config(self._more)))

    def _config(self, more: dict[str, Any]) -> dict[str, Any]:
        config: dict[str, Any] = {
            "home": "./runtime",
            "github": {
                "api_url": self.hub.api_url,
                "token": "$TOKEN",
                "settle_seconds": 0.2,
                "request_timeout_seconds": 5,
            },
            "repositories": [{"name": self.repo, "mode": self.mode}],
            "agents": {"fixer": {"driver": "command", "command": FIX}},
            "routing": {"default": ["fixer"]},
            "limits": {"backoff_seconds": 0.5, "memory_mb_per_attempt": 0},
            "sandbox": sandboxes.USED,
        }
        for key, value in more.items():
            old = config.get(key)
            config[key] = {**old, **value} if isinstance(old, dict) else value
        return config

    @property
    def environment(self) -> dict[str, str]:
        return {"TOKEN": self.hub.token(LOGIN)}

    def start(
        self,
        drives: Drives,
        *,
        point: str = "",
        runner_point: str = "",
        number: signal.Signals = signal.SIGKILL,
    ) -> int:
        """Run the jobs in a process; its id. It is killed at `point`: a pattern of names, `#`,
        and at which match; or it gets another signal there. A runner is killed at `runner_point`.
        """
        env = {**self.environment, "AGENT_OS_FAILPOINT_LOG": str(self.points)}
        env[OFFSET_FILE] = str(self.clock)
        order = {"config": self.config, "log": self.log, "kills": self.kills}
        order |= {"runner_plan": self.runner_plan, "runner_kills": self.runner_kills}
        if runner_point:
            self.runner_plan.write_text(runner_point)
        paths = {name: str(path) for name, path in order.items()}
        more = {"env": env, "point": point, "signal": int(number)}
        self.pids.append(drives.start({**paths, **more}))
        return self.pids[-1]

    def drive(self, drives: Drives, *, point: str = "", runner_point: str = "") -> int:
        """Like `start`, to the end of the process; its exit status."""
        self.start(drives, point=point, runner_point=runner_point)
        return drives.wait()

    def finishes(self, drives: Drives, *, runner_point: str = "") -> None:
        """Run the jobs until nothing is left to do."""
        assert self.drive(drives, runner_point=runner_point) == 0, self.story()

    def reached(self) -> list[str]:
        """The points that the jobs passed, in order."""
        return _lines(self.points)

    def jump(self, seconds: float) -> None:
        """Set our clock (jobs and runners): so far from the host's."""
        new = self.clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.clock)

    def killed(self) -> list[str]:
        """The names of the points at which processes of the jobs were killed, in order."""
        return _lines(self.kills)

    def runners_killed(self) -> list[str]:
        """The same for runners."""
        return _lines(self.runner_kills)

    def story(self) -> str:
        return self.log.read_text() if self.log.exists() else "(no log)"

    # people and GitHub

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request of alice's below the repository; the JSON of a good answer."""
        answer = self.hub.api(method, f"/repos/{self.repo}{path}", body)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def pulls(self) -> list[dict[str, Any]]:
        return self.ask("GET", "/pulls?state=all&per_page=100")

    def writes(self) -> list[str]:
        """Our own writes: method, and path below the repository or the GraphQL mutation's name."""
        name = f"/{self.repo}"
        return [
            r["operation"] or f"{r['method']} {r['path'].partition(name)[2]}"
            for r in self.hub.requests(writes=True)
            if r["user"] == LOGIN
            and (r["operation"] or f"{name}/" in r["path"].replace(".git/", "/"))
        ]

    # ours

    def store(self) -> Store:
        """The store as it is now; close it."""
        return Store(f"sqlite:///{self.home / 'agent-os.sqlite'}", SystemClock(), RandomIds())

    def task(self, number: int = 0) -> Task | None:
        """The task of the issue (the first one), if there is one yet."""
        if not (self.home / "agent-os.sqlite").exists():
            return None
        store = self.store()
        try:
            with store.read() as tx:
                wanted = number or self.number
                return next((t for _, t in tasks.listed(tx) if t.number == wanted), None)
        finally:
            store.close()

    def held(self) -> list[str]:
        """Names of the leases that somebody holds, or left held when he was killed."""
        store = self.store()
        try:
            with store.read() as tx:
                return leases.held(tx)
        finally:
            store.close()

    def attempts(self) -> list[Path]:
        """The directories of all attempts."""
        return sorted(self.home.glob("attempts/*/*"))


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def until(met: Callable[[], Any], ground: Ground, seconds: float = 20) -> Any:
    """What it answered when it held."""
    deadline = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < deadline, f"waited too long:\n{ground.story()}"
        time.sleep(POLL_SECONDS)
    return found
