"""The real hub in this process: its handlers, its rules and its database, asked without a network.

Modelled are git (see `gitmodel`) and continuous integration, which is a person named `ci` here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.routing import compile_path

from agent_os.localhub import accounts, pushes, repositories
from agent_os.localhub.accounts import User
from agent_os.localhub.api import graphql
from agent_os.localhub.clock import Clock
from agent_os.localhub.database import Database
from agent_os.localhub.faults import Faults, Strike
from agent_os.localhub.git import NO_OBJECT, Git, Person
from agent_os.localhub.http import Handler, answer
from agent_os.localhub.hub import Hub
from agent_os.localhub.replicas import Replicas
from agent_os.localhub.routes import API
from agent_os.simulation.gitmodel import OBJECTS, ModelGit

HOST = "hub.invalid"
URL = f"http://{HOST}"
API_URL = f"{URL}/api/v3"
#: Us.
LOGIN = "agent-os"

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
    heads: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    """Of each repository: every ref with its commit."""

    def git(self, repo_id: int) -> Git:
        return ModelGit(self.git_dir(repo_id), self.heads.setdefault(repo_id, {}))


def model_hub(root: Path, db: Database, clock: Clock) -> ModelHub:
    faults = Faults()
    made = ModelHub(root, db, clock, faults, Replicas(root / "none", faults), workflows=False)
    (root / "repos").mkdir(parents=True, exist_ok=True)
    return made


def token_of(login: str) -> str:
    return f"token-of-{login}"


class InProcessHub:
    """`request` is a request of anybody's, answered at once."""

    def __init__(self, root: Path, db: Database, clock: Clock) -> None:
        self.clock = clock
        self.hub = model_hub(root, db, clock)

    def close(self) -> None:
        self.hub.db.close()

    def add_people(self, *logins: str) -> None:
        with self.hub.db.transaction():
            for login in logins:
                accounts.add(self.hub.db, login, token_of(login), self.hub.now())

    def add_repository(self, full_name: str, login: str) -> int:
        """A new and empty one of an organization, made by one of its people; its id."""
        owner, _, name = full_name.partition("/")
        with self.hub.db.transaction():
            organization = accounts.owner(self.hub.db, owner, self.hub.now())
            return repositories.create(self.hub, self.user(login), organization, name).id

    def user(self, login: str) -> User:
        return accounts.get(self.hub.db, login)

    def refs_of(self, repo_id: int) -> dict[str, str]:
        return self.hub.heads.setdefault(repo_id, {})

    def request(
        self,
        verb: str,
        url: str,
        login: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """`url` below the API's root, or a whole one."""
        return self.answered(self.hub, verb, url, login, headers, body)

    def answered(
        self,
        hub: Hub,
        verb: str,
        url: str,
        login: str,
        headers: Mapping[str, str] | None,
        body: Any,
    ) -> Answer:
        """By this hub or by another picture of it."""
        parts = urlsplit(url if url.startswith("http") else f"{API_URL}{url}")
        path = unquote(parts.path)
        handler, params = _route(verb, path)
        raw = b"" if body is None else json.dumps(body).encode()
        sent = {"host": HOST, "authorization": f"token {token_of(login)}"}
        sent |= {name.lower(): str(value) for name, value in (headers or {}).items()}
        scope: dict[str, Any] = {
            "type": "http",
            "method": verb,
            "path": path,
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "scheme": "http",
            "server": (HOST, 80),
            "path_params": params,
            "hub_path": path,
            "hub_strike": Strike(),
        }
        made = answer(hub, handler, Request(scope), raw)
        found = {name.lower(): value for name, value in made.headers.items()}
        found["date"] = formatdate(self.clock.epoch(), usegmt=True)
        return Answer(made.status_code, found, bytes(made.body).decode())

    def commit_on(
        self, repo_id: int, branch: str, changes: Mapping[str, str], login: str, message: str
    ) -> str:
        """A person's push of one commit on top of the branch (made from main when new)."""
        refs = self.refs_of(repo_id)
        head = refs.get(f"refs/heads/{branch}")
        parent = head or refs.get("refs/heads/main")
        files = {**(OBJECTS.files(parent) if parent else {}), **changes}
        person = Person(login, f"{login}@example.invalid", self.clock.now())
        tree = OBJECTS.tree(files)
        sha = OBJECTS.commit(tree, [parent] if parent else [], message, person, person)
        pushed = self.push_to(repo_id, login, (f"refs/heads/{branch}", sha, head or ""))
        assert pushed
        return sha

    def push_to(self, repo_id: int, login: str, *updates: tuple[str, str, str]) -> bool:
        """Move refs, (ref, new or empty, expected or empty) each, with all that follows; False,
        and nothing has moved, when one is elsewhere."""
        refs = self.refs_of(repo_id)
        if any(refs.get(ref, "") != expected for ref, _, expected in updates):
            return False
        with self.hub.lock(repo_id), self.hub.db.transaction():
            git = self.hub.git(repo_id)
            for ref, new, expected in updates:
                if new:
                    git.update_ref(ref, new, expected or NO_OBJECT)
                else:
                    git.delete_ref(ref)
            pushes.sync(self.hub, repositories.by_id(self.hub, repo_id), self.user(login))
        return True


def _route(verb: str, path: str) -> tuple[Handler, dict[str, str]]:
    for method, pattern, handler in _ROUTES:
        if method == verb and (found := pattern.match(path)):
            return handler, found.groupdict()
    raise AssertionError(f"the hub has no {verb} {path}")
