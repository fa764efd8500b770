"""Attempts as processes of this machine, which outlive whoever started them."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from agent_os.domain.attempts import Outcome
from agent_os.domain.errors import BadInput, SandboxError
from agent_os.executor.port import Liveness

_START_SECONDS = 5.0
_POLL_SECONDS = 0.02
#: After the request to stop: SIGTERM, and later SIGKILL. The runner needs time for the snapshot.
_TERM_AFTER_SECONDS = 20.0
_KILL_AFTER_SECONDS = 120.0
_MAX_EVENTS_BYTES = 1_000_000
_MODULE = "agent_os.attempt"
#: Starts the runner and ends at once, so that the runner's parent is init (or a subreaper):
#: it stays nobody's zombie here, and SIGCHLD of our process is left alone.
_DETACH = (
    "import os,sys\n"
    "log=os.open(sys.argv[2],os.O_WRONLY|os.O_CREAT|os.O_APPEND,0o600)\n"
    "if os.fork():\n"
    "    os._exit(0)\n"
    "os.setsid()\n"
    "os.dup2(log,1)\n"
    "os.dup2(log,2)\n"
    "os.execv(sys.executable,[sys.executable,'-m',sys.argv[1],sys.argv[3]])\n"
)


class _Pid(BaseModel):
    pid: int
    pid_started: int


class LocalExecutor:
    """See `port.Executor`."""

    def start(self, dir: Path, env: Mapping[str, str]) -> None:
        """See Executor.start."""
        path = dir.resolve()
        if self.poll(path) in ("alive", "ended"):
            return
        (path / "start").touch()
        # -I -S: this one needs nothing but the interpreter, and starts in a third of the time.
        argv = [sys.executable, "-I", "-S", "-c", _DETACH, _MODULE]
        argv += [str(path / "runner.log"), str(path)]
        try:
            subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(env),
                cwd="/",
                timeout=_START_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SandboxError(f"The attempt could not be started: {error}.") from error
        self._wait_until_started(path)

    def poll(self, dir: Path) -> Liveness:
        """See Executor.poll."""
        try:
            if (dir / "outcome.json").exists():
                return "ended"
            if _is_locked(dir / "lock"):
                return "alive"
            # It may have ended between the two looks.
            if (dir / "outcome.json").exists():
                return "ended"
            started = (dir / "started.json").exists() or (dir / "start").exists()
        except OSError:
            return "unknown"
        return "lost" if started else "absent"

    def stop(self, dir: Path, reason: str) -> None:
        """See Executor.stop. The file `cancel` asks; its age says how hard to ask."""
        cancel = dir / "cancel"
        try:
            with cancel.open("x", encoding="utf-8") as file:
                file.write(f"{reason}\n")
            return
        except FileExistsError:
            age = time.time() - cancel.stat().st_mtime
        if age < _TERM_AFTER_SECONDS or self.poll(dir) != "alive":
            return
        _signal_runner(dir, signal.SIGKILL if age > _KILL_AFTER_SECONDS else signal.SIGTERM)

    def collect(self, dir: Path) -> Outcome:
        """See Executor.collect."""
        try:
            return Outcome.model_validate_json((dir / "outcome.json").read_bytes())
        except (OSError, ValidationError) as error:
            first = str(error).splitlines()[0]
            raise BadInput(f"The outcome of {dir.name} can't be read: {first}") from error

    def events(self, dir: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
        """See Executor.events. At most a megabyte at a time; unreadable lines are left out."""
        try:
            with (dir / "events.jsonl").open("rb") as file:
                file.seek(offset)
                data = file.read(_MAX_EVENTS_BYTES)
        except FileNotFoundError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        found: list[dict[str, Any]] = []
        for line in whole.splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found, offset + len(whole)

    def _wait_until_started(self, path: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.poll(path) in ("alive", "ended"):
                return
            if (path / "agent.log").exists() and not (path / "started.json").exists():
                break  # it refused the order
            time.sleep(_POLL_SECONDS)
        tail = ""
        with suppress(OSError):
            lines = (path / "runner.log").read_text("utf-8", "replace").strip().splitlines()
            lines += (path / "agent.log").read_text("utf-8", "replace").strip().splitlines()
            tail = lines[-1][:300] if lines else ""
        raise SandboxError(f"The attempt in {path.name} did not start. {tail}".strip())


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # A shared lock, so that two who look at the same time don't see each other.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _signal_runner(dir: Path, number: signal.Signals) -> None:
    try:
        noted = _Pid.model_validate_json((dir / "started.json").read_bytes())
        stat = Path(f"/proc/{noted.pid}/stat").read_text("utf-8", "replace")
    except (OSError, ValidationError):
        return
    if int(stat.rpartition(")")[2].split()[19]) == noted.pid_started:
        with suppress(ProcessLookupError):
            os.kill(noted.pid, number)
