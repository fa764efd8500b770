"""The real hub in this process: its handlers, its rules and its database, asked without a network.

Modelled are git (see `gitmodel`) and continuous integration, which is a person named `ci` here.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.routing import compile_path

from agent_os.localhub import pushes, repositories
from agent_os.localhub.accounts import User, add, find
from agent_os.localhub.api import graphql
from agent_os.localhub.clock import Clock
from agent_os.localhub.database import Database
from agent_os.localhub.faults import Faults, Strike
from agent_os.localhub.git import NO_OBJECT, Git, Person
from agent_os.localhub.http import Handler, answer
from agent_os.localhub.hub import Hub
from agent_os.localhub.replicas import Replicas
from agent_os.localhub.routes import API
from tests import planted

from .gitmodel import OBJECTS, ModelGit

URL = "http://hub.invalid"
API_URL = f"{URL}/api/v3"
REPO = "acme/app"
LOGIN = "agent-os"
USERS = ("alice", "bob", "ci", LOGIN)
FILES = {"calc.py": "base\n", "README.md": "# app\n"}
_REMEMBERED_SECONDS = 600.0

_ROUTES: list[tuple[str, re.Pattern[str], Handler]] = [
    ("POST", re.compile("^/api/graphql$"), graphql.query),
    *(
        (method, compile_path(f"/api/v3{path}")[0], handler)
        for module in API
        for method, path, handler in module.ROUTES
    ),
]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


class ModelDatabase(Database):
    """In memory, and as it was at earlier times."""

    def __init__(self, image: bytes | None = None) -> None:
        super().__init__(Path(":memory:"))
        if image is not None:
            self._connection.deserialize(image)

    def image(self) -> bytes:
        return self._connection.serialize()


@dataclass
class ModelHub(Hub):
    refs: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])

    def git(self, repo_id: int) -> Git:
        return ModelGit(self.git_dir(repo_id), self.refs.setdefault(repo_id, {}))


class HubTemplate:
    """A hub with its people and one empty repository, to be copied for each scenario."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "repos").mkdir(parents=True, exist_ok=True)
        hub = _hub(root, ModelDatabase(), Clock())
        with hub.db.transaction():
            for login in USERS:
                add(hub.db, login, token_of(login), "2026-01-01T00:00:00Z")
            alice = find(hub.db, "alice")
            assert alice is not None
            owner, _, name = REPO.partition("/")
            hub.db.insert(
                "users",
                login=owner,
                type="Organization",
                token=None,
                created_at="2026-01-01T00:00:00Z",
            )
            organization = find(hub.db, owner)
            assert organization is not None
            self.repo_id = repositories.create(hub, alice, organization, name).id
        self.image = hub.db.image() if isinstance(hub.db, ModelDatabase) else b""
        hub.db.close()

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def _hub(root: Path, db: Database, clock: Clock) -> ModelHub:
    faults = Faults()
    return ModelHub(root, db, clock, faults, Replicas(root / "none", faults))


def token_of(login: str) -> str:
    return planted.github_token(login)


class SimulatedHub:
    """One scenario's hub. `ask` is a request of anybody's, answered at once."""

    def __init__(self, template: HubTemplate, clock: Clock) -> None:
        self.clock = clock
        self.hub = _hub(template.root, ModelDatabase(template.image), clock)
        self.repo_id = template.repo_id
        self._late: list[tuple[float, str, str, str, Any]] = []
        self._past: deque[tuple[float, bytes]] = deque()
        self.commit("main", FILES, "alice", "Begin")

    def close(self) -> None:
        self.hub.db.close()

    @property
    def refs(self) -> dict[str, str]:
        return self.hub.refs.setdefault(self.repo_id, {})

    def branch(self, name: str) -> str | None:
        return self.refs.get(f"refs/heads/{name}")

    def user(self, login: str) -> User:
        found = find(self.hub.db, login)
        assert found is not None
        return found

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
        """`url` below the API's root, or a whole one; `stale`: as of so many seconds ago."""
        self._late_ones()
        parts = urlsplit(url if url.startswith("http") else f"{API_URL}{url}")
        path = unquote(parts.path)
        handler, params = _route(verb, path)
        raw = b"" if body is None else json.dumps(body).encode()
        sent = {"host": "hub.invalid", "authorization": f"token {token_of(login)}"}
        sent |= {name.lower(): str(value) for name, value in (headers or {}).items()}
        scope: dict[str, Any] = {
            "type": "http",
            "method": verb,
            "path": path,
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "scheme": "http",
            "server": ("hub.invalid", 80),
            "path_params": params,
            "hub_path": path,
            "hub_strike": Strike(),
        }
        if verb != "GET":
            self._remember()
        hub = self._as_of(stale) if stale else self.hub
        made = answer(hub, handler, Request(scope), raw)
        if hub is not self.hub:
            hub.db.close()
        found = {name.lower(): value for name, value in made.headers.items()}
        found["date"] = _http_date(self.clock)
        return Answer(made.status_code, found, bytes(made.body).decode())

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
        parent = self.branch(branch) or self.branch("main")
        files = {**(OBJECTS.files(parent) if parent else {}), **changes}
        person = Person(login, f"{login}@example.invalid", self.clock.now())
        tree = OBJECTS.tree(files)
        sha = OBJECTS.commit(tree, [parent] if parent else [], message, person, person)
        assert self.push(login, (f"refs/heads/{branch}", sha, self.branch(branch) or ""))
        return sha

    def push(self, login: str, *updates: tuple[str, str, str]) -> bool:
        """Move refs, (ref, new or empty, expected or empty) each, with all that follows; False,
        and nothing has moved, when one is elsewhere."""
        if any(self.refs.get(ref, "") != expected for ref, _, expected in updates):
            return False
        self._remember()
        with self.hub.lock(self.repo_id), self.hub.db.transaction():
            git = self.hub.git(self.repo_id)
            for ref, new, expected in updates:
                if new:
                    git.update_ref(ref, new, expected or NO_OBJECT)
                else:
                    git.delete_ref(ref)
            pushes.sync(self.hub, repositories.by_id(self.hub, self.repo_id), self.user(login))
        return True

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


def _route(verb: str, path: str) -> tuple[Handler, dict[str, str]]:
    for method, pattern, handler in _ROUTES:
        if method == verb and (found := pattern.match(path)):
            return handler, found.groupdict()
    raise AssertionError(f"the hub has no {verb} {path}")


def _http_date(clock: Clock) -> str:
    return formatdate(clock.epoch(), usegmt=True)
