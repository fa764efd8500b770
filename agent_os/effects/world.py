"""What performers may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from agent_os.config.settings import Config
from agent_os.domain.clock import Clock
from agent_os.domain.effects import Effect
from agent_os.domain.errors import StoreError, TaskNotFound
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import Task, TaskKey
from agent_os.effects.crew import Crew
from agent_os.effects.redaction import finder_of
from agent_os.executor.port import Executor
from agent_os.github.client import GitHubClient
from agent_os.secrets.finder import Finder
from agent_os.store import repositories, tasks
from agent_os.store.database import Store
from agent_os.store.repositories import Repository
from agent_os.workspace.mirror import Mirror
from agent_os.workspace.ownership import Ownership


@dataclass(frozen=True)
class World:
    config: Config
    store: Store
    client: GitHubClient
    executor: Executor
    crew: Crew = field(default_factory=Crew)
    """Applies the effects of tasks side by side."""
    lanes: Crew = field(default_factory=lambda: Crew(size=4))
    """Runs a job for its repositories side by side."""

    def __post_init__(self) -> None:
        self.store.redact = self.finder.redact_data

    @cached_property
    def finder(self) -> Finder:
        """Finds the secrets of this installation, and what looks like one."""
        return finder_of(self.config)

    @property
    def clock(self) -> Clock:
        return self.store.clock

    @property
    def token(self) -> str:
        return self.config.github.token.get_secret_value()

    @property
    def key_marks(self) -> dict[str, str]:
        """By provider: which key it has, told apart by a few digits that say nothing of it."""
        found: dict[str, str] = {}
        for name, provider in self.config.providers.items():
            key = provider.api_key.value.get_secret_value()
            said = f"{self.store.installation}:{name}:{key}".encode()
            found[name] = hashlib.sha256(said).hexdigest()[:8] if key else ""
        return found

    def task(self, key: TaskKey) -> Task:
        with self.store.read() as tx:
            found = tasks.get(tx, key)
        if found is None:
            raise TaskNotFound(f"There is no task {key.repo_id}#{key.number}.")
        return found

    def repository(self, repo_id: int) -> Repository:
        with self.store.read() as tx:
            found = repositories.get(tx, repo_id)
        if found is None:
            raise StoreError(f"Repository {repo_id} was never looked at.")
        return found

    def github_time(self, ours: datetime) -> datetime:
        """A time of our clock, as GitHub's clock showed it."""
        return ours + (self.client.governor.github_now() - self.clock.now())

    def mirror(self, repo_id: int) -> Mirror:
        return Mirror(self.config.home / "mirrors" / f"{repo_id}.git")

    def ownership(self, repo_id: int) -> Ownership:
        """Whether the repository is ours to work on, and our pushes to it."""
        row, installation = self.repository(repo_id), self.store.installation
        return Ownership(self.mirror(repo_id), row.clone_url, self.token, installation, row.name)

    def attempt_dir(self, task: Task, number: int) -> Path:
        """`attempts/<owner>-<repo>-<issue>.<repository's id>/<round>.<number>`.

        The id tells a repository apart from an earlier one that had the same name.
        """
        folder = f"{task.repo.replace('/', '-')}-{task.number}.{task.repo_id}"
        return self.config.home / "attempts" / folder / f"{task.round}.{number}"

    def fact(
        self,
        effect: Effect,
        kind: EventKind,
        data: Mapping[str, object] | None = None,
        *,
        attempt: int | None = None,
    ) -> Event:
        """An event about the effect's task, now."""
        return Event(
            kind=kind,
            at=self.clock.now(),
            repo_id=effect.repo_id,
            number=effect.number,
            attempt=attempt,
            data=dict(data or {}),
        )
