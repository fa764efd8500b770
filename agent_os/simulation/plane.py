"""Our side of a simulation: the real world of the jobs, with a wire and mirrors that need none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent_os.config.settings import Config
from agent_os.domain.clock import Ids
from agent_os.effects.crew import Crew
from agent_os.effects.world import World
from agent_os.executor.port import Executor
from agent_os.github.client import GitHubClient
from agent_os.github.governor import Governor
from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.hub import LOGIN, InProcessHub
from agent_os.simulation.mirror import Held, ModelMirror, Remote
from agent_os.simulation.objectfiles import ObjectFiles
from agent_os.store.database import Store
from agent_os.workspace.mirror import Mirror, Update


class DirectWire:
    """What the client sends is answered at once. `counts`: how often which request was sent."""

    def __init__(self, hub: InProcessHub) -> None:
        self._hub = hub
        self.counts: Counter[str] = Counter()

    def requestJson(
        self, verb: str, url: str, parameters: None, headers: dict[str, Any] | None, input: Any
    ) -> tuple[int, dict[str, Any], str]:
        """See `github.client.Wire`."""
        self.counts[verb] += 1
        made = self._hub.request(verb, url, LOGIN, headers=headers, body=input)
        return made.status, dict(made.headers), made.text


class DirectGit(Remote):
    """One repository on the hub, as git sees it."""

    def __init__(self, hub: InProcessHub, repo_id: int) -> None:
        self._hub = hub
        self._repo_id = repo_id

    def refs(self) -> dict[str, str]:
        return dict(self._hub.refs_of(self._repo_id))

    def push(self, updates: Sequence[Update]) -> bool:
        return self._hub.push_to(self._repo_id, LOGIN, *updates)


@dataclass(frozen=True)
class SimulatedWorld(World):
    hub: InProcessHub = field(kw_only=True)
    mirrors: dict[int, Held] = field(kw_only=True)

    def mirror(self, repo_id: int) -> Mirror:
        # Not where real mirrors are: those are looked after by git.
        path = self.config.home / "model" / f"{repo_id}.git"
        held = self.mirrors.get(repo_id)
        if held is None:
            held = self.mirrors[repo_id] = Held(ObjectFiles(path))
        return ModelMirror(path, held, DirectGit(self.hub, repo_id))


def open_world(
    config: Config,
    clock: SimulatedClock,
    ids: Ids,
    hub: InProcessHub,
    executor: Executor,
    wire: DirectWire,
) -> SimulatedWorld:
    config.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(config.database_url, clock, ids)
    client = GitHubClient(
        config.github.api_url,
        config.github.token.get_secret_value(),
        config.github.request_timeout_seconds,
        Governor(clock, sleep=clock.advance),
        store,
        wire,
    )
    crew = Crew(size=1)  # threads would choose for themselves what happens next
    return SimulatedWorld(config, store, client, executor, crew, crew, hub=hub, mirrors={})
