"""A control plane: processes that come and go, on one store and one home."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from agent_os.config.agents import AgentSettings
from agent_os.config.services import GitHubSettings
from agent_os.config.settings import Config, RepositorySettings
from agent_os.domain.clock import Clock, Ids
from agent_os.domain.requests import Grant
from agent_os.domain.rules import LimitRules, Mode
from agent_os.effects.crew import Crew
from agent_os.effects.world import World
from agent_os.github.client import GitHubClient
from agent_os.github.governor import Governor
from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.mirror import Held, ModelMirror
from agent_os.store import owner
from agent_os.store.database import Store
from agent_os.workspace.mirror import Mirror

from .attempts import LABEL, SimulatedExecutor
from .hub import API_URL, LOGIN, REPO, token_of
from .points import Crash, Points
from .wire import GitWire, SimulatedWire

#: Beyond every real one.
_FIRST_PID = 50_000_000
_TICKS = "7"
#: Compiled SQL, kept over all stores of this process: each would compile the same anew.
_STATEMENTS: dict[object, object] = {}


class Processes:
    """The simulated host's process table."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self._next = _FIRST_PID

    def start(self) -> int:
        self._next += 1
        self.alive.add(self._next)
        return self._next

    def ticks(self, pid: int) -> str | None:
        """As `store.owner` asks the real host."""
        return _TICKS if pid in self.alive else None


@contextmanager
def host(processes: Processes) -> Generator[None]:
    """Meanwhile the store believes this process table about who lives."""
    name = "_start_ticks"
    real: Callable[[int], str | None] = getattr(owner, name)
    setattr(owner, name, processes.ticks)
    try:
        yield
    finally:
        setattr(owner, name, real)


class WatchedStore(Store):
    """A store in a process that may die between any two transactions."""

    def __init__(self, url: str, clock: Clock, ids: Ids, process: Process) -> None:
        super().__init__(url, clock, ids)
        self.process = process
        self.owner = process.owner

    def _migrate(self) -> None:
        """It was done once, in the template."""
        self.engine = self.engine.execution_options(compiled_cache=_STATEMENTS)

    @contextmanager
    def write(self) -> Generator[sa.Connection]:
        process: Process | None = getattr(self, "process", None)
        if process is not None:
            process.must_live()
            process.points.reached("transaction")
        with super().write() as tx:
            yield tx
        if process is not None:
            process.points.reached("committed")


@dataclass(frozen=True)
class SimulatedWorld(World):
    git: GitWire = field(kw_only=True)
    mirrors: dict[int, Held] = field(kw_only=True)

    def mirror(self, repo_id: int) -> Mirror:
        path = self.config.home / "mirrors" / f"{repo_id}.git"
        return ModelMirror(path, self.mirrors.setdefault(repo_id, Held()), self.git)


@dataclass
class Process:
    """One process of a control plane. Where it runs decides whether its death can be proven."""

    name: str
    pid: int
    elsewhere: bool
    processes: Processes
    points: Points

    @property
    def owner(self) -> str:
        here = owner.this_process().rpartition("/")[0].rpartition("/")[0]
        return f"{f'elsewhere-{self.name}/-' if self.elsewhere else here}/{self.pid}/{_TICKS}"

    def must_live(self) -> None:
        """A dead one does nothing more, also not on its way out."""
        if self.pid not in self.processes.alive:
            raise Crash(self.pid)


@dataclass(frozen=True)
class Home:
    """What the control planes share: the settings, the database's file, and the mirrors."""

    config: Config
    mirrors: dict[int, Held]
    executor: SimulatedExecutor


def settings(home: Path, *, mode: Mode, slots: int) -> Config:
    return Config(
        home=home,
        github=GitHubSettings(api_url=API_URL, token=SecretStr(token_of(LOGIN))),
        repositories=(RepositorySettings(name=REPO, mode=mode),),
        agents={n: AgentSettings(driver="command", command="true") for n in ("one", "two")},
        limits=LimitRules(memory_mb_per_attempt=0, concurrent_attempts=slots),
        grant=Grant(labels=(LABEL,)),
        # Nothing is run.
        sandbox="none",
    )


class StoreTemplate:
    """An empty database with its schema, to be copied: migrating takes long."""

    def __init__(self, path: Path, clock: Clock, ids: Ids) -> None:
        self.path = path
        store = Store(f"sqlite:///{path}", clock, ids)
        with store.engine.connect() as tx:
            tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()

    def copy(self, home: Path) -> None:
        home.mkdir(parents=True)
        shutil.copyfile(self.path, home / "agent-os.sqlite")


@dataclass
class Plane:
    """A control plane's present process, if it has one."""

    name: str
    process: Process | None = None
    world: SimulatedWorld | None = None


def open_world(
    home: Home, process: Process, clock: SimulatedClock, ids: Ids, wire: SimulatedWire
) -> SimulatedWorld:
    """What a new process begins with: nothing is remembered but what is stored."""
    config = home.config
    store = WatchedStore(config.database_url, clock, ids, process)
    client = GitHubClient(
        config.github.api_url,
        config.github.token.get_secret_value(),
        config.github.request_timeout_seconds,
        Governor(clock, sleep=clock.advance),
        store,
        wire,
    )
    crew = Crew(size=1)  # threads would choose for themselves what happens next
    return SimulatedWorld(
        config, store, client, home.executor, crew, crew, git=GitWire(wire), mirrors=home.mirrors
    )
