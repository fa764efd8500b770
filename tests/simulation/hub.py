"""One scenario's hub: one repository, lists that may lag, and requests that arrive late."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_os.localhub.clock import Clock
from agent_os.localhub.hub import Hub
from agent_os.simulation.hub import (
    API_URL,
    LOGIN,
    URL,
    Answer,
    InProcessHub,
    ModelDatabase,
    token_of,
)
from tests import planted

__all__ = ["API_URL", "LOGIN", "REPO", "URL", "Answer", "HubTemplate", "SimulatedHub", "token_of"]

REPO = "acme/app"
USERS = ("alice", "bob", "ci", LOGIN)
FILES = {"calc.py": "base\n", "README.md": "# app\n"}
_REMEMBERED_SECONDS = 600.0
#: `leaks.py` looks for what is planted by this name.
assert token_of(LOGIN) == planted.github_token(LOGIN)


class HubTemplate:
    """A hub with its people and one empty repository, to be copied for each scenario."""

    def __init__(self, root: Path) -> None:
        self.root = root
        db = ModelDatabase()
        hub = InProcessHub(root, db, Clock())
        hub.add_people(*USERS)
        self.repo_id = hub.add_repository(REPO, "alice")
        self.image = db.image()
        hub.close()

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


class SimulatedHub(InProcessHub):
    def __init__(self, template: HubTemplate, clock: Clock) -> None:
        super().__init__(template.root, ModelDatabase(template.image), clock)
        self.repo_id = template.repo_id
        self._late: list[tuple[float, str, str, str, Any]] = []
        self._past: deque[tuple[float, bytes]] = deque()
        self.commit("main", FILES, "alice", "Begin")

    @property
    def refs(self) -> dict[str, str]:
        return self.refs_of(self.repo_id)

    def branch(self, name: str) -> str | None:
        return self.refs.get(f"refs/heads/{name}")

    def request(
        self,
        verb: str,
        url: str,
        login: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        stale: float = 0.0,
    ) -> Answer:
        """See InProcessHub; `stale`: as of so many seconds ago."""
        self._late_ones()
        if verb != "GET":
            self._remember()
        hub = self._as_of(stale) if stale else self.hub
        made = self.answered(hub, verb, url, login, headers, body)
        if hub is not self.hub:
            hub.db.close()
        return made

    def receives_later(self, seconds: float, verb: str, url: str, login: str, body: Any) -> None:
        """A request that is on its way for so long."""
        self._late.append((self.clock.epoch() + seconds, verb, url, login, body))

    def _late_ones(self) -> None:
        due = [late for late in self._late if late[0] <= self.clock.epoch()]
        self._late = [late for late in self._late if late not in due]
        for _, verb, url, login, body in sorted(due, key=lambda late: late[0]):
            self.request(verb, url, login, body=body)

    def ask(self, verb: str, path: str, body: Any = None, *, user: str = "alice") -> Any:
        """A request below the repository by a person; the JSON of a good answer, None of another:
        people try things that are not possible."""
        answer = self.request(verb, f"/repos/{REPO}{path}", user, body=body)
        assert answer.status < 500, f"{verb} {path}: {answer.text}"
        good = answer.status < 300 and answer.text
        return json.loads(answer.text) if good else None

    def all(self, path: str) -> list[dict[str, Any]]:
        """A list of less than a hundred entries."""
        return self.ask("GET", f"{path}{'&' if '?' in path else '?'}per_page=100") or []

    def commit(self, branch: str, changes: Mapping[str, str], login: str, message: str) -> str:
        """A person's push of one commit on top of the branch (made from main when new)."""
        return self.commit_on(self.repo_id, branch, changes, login, message)

    def push(self, login: str, *updates: tuple[str, str, str]) -> bool:
        """See `InProcessHub.push_to`."""
        return self.push_to(self.repo_id, login, *updates)

    def push_to(self, repo_id: int, login: str, *updates: tuple[str, str, str]) -> bool:
        if any(self.refs.get(ref, "") != expected for ref, _, expected in updates):
            return False
        self._remember()
        return super().push_to(repo_id, login, *updates)

    def _remember(self) -> None:
        """Keep what is there now: lists may come from a replica that has not heard of later."""
        now = self.clock.epoch()
        while self._past and self._past[0][0] < now - _REMEMBERED_SECONDS:
            self._past.popleft()
        assert isinstance(self.hub.db, ModelDatabase)
        self._past.append((now, self.hub.db.image()))

    def _as_of(self, seconds: float) -> Hub:
        moment = self.clock.epoch() - seconds
        image = next((image for until, image in self._past if until > moment), None)
        return self.hub if image is None else dataclasses.replace(self.hub, db=ModelDatabase(image))
