"""What every gate is given."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent_os.attempt.directory import AttemptDirectory
from agent_os.attempt.gates.changes import Change
from agent_os.attempt.journal import Journal
from agent_os.attempt.stopping import StopRequest
from agent_os.domain.attempts import Order
from agent_os.domain.clock import Clock
from agent_os.domain.usage import Spent
from agent_os.workspace.sandbox.port import Sandbox
from agent_os.workspace.snapshot import SnapshotRepository


@dataclass(frozen=True)
class GateContext:
    """`head` is held against `order.base`; `changes` run from their merge base to `head`."""

    order: Order
    directory: AttemptDirectory
    repository: SnapshotRepository
    sandbox: Sandbox
    journal: Journal
    stop: StopRequest
    head: str
    merge_base: str
    changes: tuple[Change, ...]
    clock: Clock
    spent: Spent | None = None
    """What the attempt has cost so far."""
    notes: tuple[str, ...] = ()
    """What of the agent's files could not be taken, a line each."""
    setups: list[float] = field(default_factory=list[float])
    """Seconds of each run of the setup command so far; two may end at the same time."""
