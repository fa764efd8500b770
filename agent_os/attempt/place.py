"""Where an agent works, what it is shown there, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent_os.attempt.directory import AttemptDirectory
from agent_os.domain.attempts import Order
from agent_os.domain.profiles import Role


@dataclass(frozen=True)
class Place:
    """`stage` is its name in the journal; `shown` are files that it may read besides."""

    stage: str
    work: Path
    home: Path
    log: Path
    task: Path
    handoff: Path
    shown: tuple[Path, ...]
    deadline: datetime
    role: Role


def workplace(directory: AttemptDirectory, order: Order) -> Place:
    """That of the agent that does the work."""
    return Place(
        stage="agent",
        work=directory.work,
        home=directory.home,
        log=directory.agent_log,
        task=directory.task,
        handoff=directory.handoff,
        shown=(directory.task, directory.handoff, directory.prompt),
        deadline=order.limits.deadline,
        role=Role.RESEARCH if order.deliverable == "answer" else Role.WORKER,
    )
