"""The process of one step: a session of its own, ended as a whole."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.05
CANCEL_POLL_SECONDS = 0.25
TERM_SECONDS = 1.0
DRAIN_SECONDS = 0.5
CHUNK_BYTES = 64 * 1024


class Stopped(Enum):
    """Why a step's process was ended from outside."""

    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Limits:
    """When to end a step: a deadline of `time.monotonic()`, and a question asked now and then."""

    deadline: float
    cancelled: Callable[[], bool]


class StepProcess:
    """A running step whose output goes to `output`.

    What it leaves in the background lives on until `end`, as on GitHub where later steps may use
    a server that an earlier one started. The leader is not reaped before that: its pid is the id
    of the group, and must not be given to a stranger while we may still signal it.
    """

    def __init__(
        self,
        command: list[str],
        directory: Path,
        environment: dict[str, str],
        output: Callable[[bytes], None],
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        pipe = self._process.stdout
        assert pipe is not None
        self._pipe: IO[bytes] = pipe
        self._reader = threading.Thread(target=_copy, args=(pipe, output), daemon=True)
        self._reader.start()

    def wait(self, limits: Limits) -> int | Stopped:
        """The exit code (128 + signal when killed), or why it was stopped."""
        delay, next_question = 0.001, 0.0
        while not self._exited():
            now = time.monotonic()
            if now >= limits.deadline:
                return self._stop(Stopped.TIMEOUT)
            if now >= next_question:
                next_question = now + CANCEL_POLL_SECONDS
                if limits.cancelled():
                    return self._stop(Stopped.CANCELLED)
            time.sleep(delay)
            delay = min(delay * 2, POLL_SECONDS)
        self._reader.join(DRAIN_SECONDS)
        return self._exit_code()

    def end(self) -> None:
        """Kill what is left of the group and reap it. Safe to call more than once."""
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._reader.join(DRAIN_SECONDS)
        if not self._reader.is_alive():
            self._pipe.close()

    def _stop(self, why: Stopped) -> Stopped:
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + TERM_SECONDS
        while not self._exited() and time.monotonic() < deadline:
            time.sleep(0.01)
        self._signal(signal.SIGKILL)
        self._reader.join(DRAIN_SECONDS)
        return why

    def _exited(self) -> bool:
        """Whether the leader has exited; it stays unreaped."""
        return os.waitid(os.P_PID, self._process.pid, _LOOK) is not None

    def _exit_code(self) -> int:
        result = os.waitid(os.P_PID, self._process.pid, _LOOK)
        assert result is not None
        return result.si_status if result.si_code == os.CLD_EXITED else 128 + result.si_status

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


_LOOK = os.WEXITED | os.WNOHANG | os.WNOWAIT


def _copy(pipe: IO[bytes], output: Callable[[bytes], None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := os.read(pipe.fileno(), CHUNK_BYTES):
            output(data)
