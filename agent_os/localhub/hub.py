"""What every part of the hub shares."""

import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

from agent_os.localhub.ci import CiSettings
from agent_os.localhub.clock import Clock
from agent_os.localhub.database import Database
from agent_os.localhub.faults import Faults
from agent_os.localhub.git import Git
from agent_os.localhub.rates import Rates
from agent_os.localhub.recorder import Recorder
from agent_os.localhub.replicas import Replicas
from agent_os.localhub.traffic import Traffic
from agent_os.localhub.webhooks.disorder import Disorder


@dataclass
class Hub:
    """Storage, clock and the few things that live in memory only.

    Lock order: a repository's lock (whoever changes its refs holds it), then the database.
    """

    root: Path
    db: Database
    clock: Clock
    faults: Faults
    replicas: Replicas
    ci: CiSettings = field(default_factory=CiSettings)
    ci_wake: threading.Event = field(default_factory=threading.Event)
    traffic: Traffic = field(default_factory=Traffic)
    rates: Rates = field(default_factory=Rates)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """Signs addresses that are read without a token."""
    hook_wake: threading.Event = field(default_factory=threading.Event)
    disorder: Disorder = field(default_factory=Disorder)
    recorder: Recorder = field(default_factory=Recorder.from_environment)
    revoked: set[str] = field(default_factory=set[str])
    """Logins, in lower case, whose tokens are refused for now."""
    url: str = ""
    """Where the hub is served, without a slash at the end."""
    workflows: bool = True
    """False: workflow files are not looked at; who has a check to report reports it."""
    _locks: dict[int, threading.RLock] = field(default_factory=dict[int, threading.RLock])

    @classmethod
    def open(cls, root: Path) -> "Hub":
        """The hub stored below `root`, made when new."""
        (root / "repos").mkdir(parents=True, exist_ok=True)
        db, faults = Database(root / "hub.sqlite"), Faults()
        replicas = Replicas(root / "hub.sqlite", faults)
        db.before_commit = replicas.keep
        return cls(root, db, Clock(), faults, replicas)

    def now(self) -> str:
        """The hub's time, as stored."""
        return self.clock.now()

    def git_dir(self, repo_id: int) -> Path:
        """Where a repository's objects and refs are."""
        return self.root / "repos" / f"{repo_id}.git"

    def git(self, repo_id: int) -> Git:
        """Git commands in that repository."""
        return Git(self.git_dir(repo_id))

    def lock(self, repo_id: int) -> threading.RLock:
        """Held by whoever changes the repository's refs."""
        return self._locks.setdefault(repo_id, threading.RLock())
