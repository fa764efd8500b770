"""The attempt directory: the names of its files, and how they are written."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from pydantic import ValidationError

from agent_os.attempt.failpoints import failpoint
from agent_os.domain.attempts import Order
from agent_os.domain.errors import BadInput

_MAX_ORDER = 2_000_000
_LOCK_SECONDS = 0.5


class AttemptDirectory:
    """Paths of one attempt. Nothing outside `path` is written."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.order = self.path / "order.json"
        self.task = self.path / "task.md"
        self.handoff = self.path / "handoff.md"
        self.prompt = self.path / "prompt.md"
        self.lock = self.path / "lock"
        self.started = self.path / "started.json"
        self.cancel = self.path / "cancel"
        self.prepared = self.path / "prepared.json"
        self.prompts = self.path / "prompts"
        self.agent_started = self.path / "agent.started"
        self.agent_process = self.path / "agent.process"
        self.agent_done = self.path / "agent.done"
        self.repair_started = self.path / "repair.started"
        self.repair_done = self.path / "repair.done"
        self.review_prompt = self.path / "review.md"
        self.review_started = self.path / "review.started"
        self.reviewed = self.path / "reviewed.json"
        self.triage_started = self.path / "triage.started"
        self.triage_done = self.path / "triage.done"
        self.agent_log = self.path / "agent.log"
        self.gates_log = self.path / "gates.log"
        self.runner_log = self.path / "runner.log"
        self.events = self.path / "events.jsonl"
        self.result = self.path / "result.md"
        self.answer = self.path / "answer.md"
        self.snapshot_taken = self.path / "snapshot.json"
        self.bundle = self.path / "work.bundle"
        self.evidence = self.path / "evidence.json"
        self.outcome = self.path / "outcome.json"
        self.work = self.path / "work"
        self.home = self.path / "home"
        self.repository = self.path / "snapshot.git"
        self.checkouts = self.path / "gates"

    def read_order(self) -> Order:
        """The order. BadInput when it is missing or not exactly as the contract says."""
        try:
            with self.order.open("rb") as file:
                return Order.model_validate_json(file.read(_MAX_ORDER), strict=False)
        except OSError as error:
            raise BadInput(f"order.json can't be read: {error.strerror}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "order.json"
            raise BadInput(f"order.json is wrong at {where}: {first['msg']}.") from error

    def read_text(self, path: Path, limit: int) -> str:
        """Up to `limit` characters of one of our own files; empty when it is not there."""
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                return file.read(limit)
        except FileNotFoundError:
            return ""


def write_atomic(path: Path, text: str) -> None:
    """Write the whole file or nothing: temporary file, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if path.name == "outcome.json":
        failpoint("outcome.half")
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def take_lock(path: Path) -> int | None:
    """The held lock's file descriptor (keep it open for life), or None when another holds it.

    Children don't inherit it, so it is free as soon as this process is gone.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            # Someone who only looks whether it is held holds it for an instant.
            if time.monotonic() > deadline:
                os.close(handle)
                return None
            time.sleep(_LOCK_SECONDS / 50)
