"""Requests, answers and webhook payloads written to a folder, to be checked against GitHub's
published schemas. Off unless the environment names the folder."""

import json
import os
import threading
from pathlib import Path
from typing import Any

#: The environment variable that names the folder.
FOLDER = "AGENT_OS_HUB_RECORD"
#: Larger bodies are left out; the entry then has `"large": true`.
MAX_BODY_BYTES = 512 * 1024


class Recorder:
    """Appends to rest-PID.jsonl and webhooks-PID.jsonl below `folder`; None records nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @classmethod
    def from_environment(cls) -> "Recorder":
        """As the environment says."""
        named = os.environ.get(FOLDER)
        return cls(Path(named) if named else None)

    @property
    def on(self) -> bool:
        """Whether anything is recorded."""
        return self._folder is not None

    def rest(
        self,
        *,
        method: str,
        route: str,
        path: str,
        query: str,
        request: bytes,
        status: int,
        answer: bytes,
        content_type: str,
    ) -> None:
        """One request and its answer; bodies that are no JSON are left out (null)."""
        if self._folder is None:
            return
        large = len(request) > MAX_BODY_BYTES or len(answer) > MAX_BODY_BYTES
        entry = {
            "method": method,
            "route": route,
            "path": path,
            "query": query,
            "request": None if large else _json(request),
            "status": status,
            "answer": None if large else _json(answer),
            "content_type": content_type,
            "large": large,
        }
        self._append("rest", entry)

    def webhook(self, event: str, payload: dict[str, Any]) -> None:
        """One payload."""
        if self._folder is not None:
            self._append("webhooks", {"event": event, "payload": payload})

    def _append(self, name: str, entry: dict[str, Any]) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps(entry)  # plain ASCII: half of a surrogate pair can't be written else
        with self._lock, (self._folder / f"{name}-{os.getpid()}.jsonl").open("a") as file:
            file.write(line + "\n")


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
