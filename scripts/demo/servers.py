"""The hub and the daemon as processes of their own, ended with all that they started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_os.workspace.proctable import Process, alive, descendants, read_process

TOKEN = "demo-token-of-agent-os"
_STOP_SECONDS = 10


@dataclass(frozen=True)
class Addresses:
    """Where the hub answers."""

    url: str
    api_url: str


@contextmanager
def hub(folder: Path, login: str) -> Generator[Addresses]:
    """A hub with two accounts: `login` (token `demo-token-of-LOGIN`) and `agent-os`."""
    argv = [sys.executable, "-m", "agent_os", "hub", "serve", "--root", str(folder / "hub")]
    argv += ["--user", f"{login}={person_token(login)}", "--user", f"agent-os={TOKEN}"]
    started = _start(argv, folder / "hub.log", stdout=subprocess.PIPE)
    try:
        assert started.stdout is not None  # asked for above
        line = started.stdout.readline()
        if not line:
            raise SystemExit(f"The hub did not start:\n{(folder / 'hub.log').read_text()}")
        yield Addresses(**json.loads(line))
    finally:
        _stop(started)
        if started.stdout is not None:
            started.stdout.close()


def person_token(login: str) -> str:
    """The token of the demo's person."""
    return f"demo-token-of-{login}"


class Daemon:
    """`agent-os up`, which can be killed and started again. A context manager."""

    def __init__(self, config: Path, env: Mapping[str, str] | None = None) -> None:
        self.config = config
        self.home = config.parent / "runtime"
        self._env = {**(os.environ if env is None else env), "AGENT_OS_GITHUB_TOKEN": TOKEN}
        self._log = config.parent / "daemon.log"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            _stop(self._process)
        self._end_attempts()

    @property
    def pid(self) -> int:
        assert self._process is not None, "the daemon was not started"
        return self._process.pid

    def start(self) -> None:
        argv = [sys.executable, "-m", "agent_os", "up", "--config", str(self.config)]
        self._process = _start(argv, self._log, env=self._env)

    def kill(self) -> None:
        """SIGKILL, as in a power cut."""
        assert self._process is not None, "the daemon was not started"
        self._process.kill()
        self._process.wait()

    def _end_attempts(self) -> None:
        """A daemon that stops leaves its attempts alone; the demo's folder goes, so they must."""
        for attempt in (self.home / "attempts").glob("*/*.*"):
            kill_attempt(attempt)


def runner_of(attempt: Path) -> Process | None:
    """The living runner of an attempt's directory, or None."""
    try:
        noted = json.loads((attempt / "started.json").read_bytes())
    except (OSError, ValueError):
        return None
    now = read_process(noted["pid"])
    return now if now and now.started == noted["pid_started"] and not now.zombie else None


def kill_attempt(attempt: Path) -> list[Process]:
    """SIGKILL to the runner and everything below it; what was killed."""
    runner = runner_of(attempt)
    if runner is None:
        return []
    found = [runner, *descendants(runner.pid).values()]
    for process in found:
        if alive(process):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    return found


def _start(argv: list[str], log: Path, **more: Any) -> subprocess.Popen[str]:
    with log.open("a") as file:
        return subprocess.Popen(argv, stderr=file, text=True, start_new_session=True, **more)


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
