"""The log analyzer: what fails again and again becomes a task; what was to get better is judged."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from agent_os.domain.events import DESK, EventKind
from agent_os.domain.signals import Signal
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.jobs import desk, judging, notifying, recollecting, reporting, wording
from agent_os.jobs.organization import Decided, Run, resting
from agent_os.jobs.recollecting import Recollection
from agent_os.policy.analysis import analysis, placing, reverting
from agent_os.policy.analysis.record import Managed
from agent_os.store import tasks
from agent_os.store.repositories import Repository


class LogAnalyzer:
    name = "log-analyzer"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked: dict[str, tuple[Recollection, list[Signal]]] = {}
        """By installation: what this run has seen, once for all repositories."""

    def due(self, world: World) -> Sequence[str]:
        with self._lock:
            self._looked.pop(world.store.installation, None)
        names = [r.name for r in world.config.repositories]
        return [name for name in names if not resting(world, name)]

    def turn(self, run: Run) -> list[Decided]:
        """All at once: a second look would see what the first one did."""
        row = None if run.turn else desk.repository(run.world, run.key)
        if row is None:
            return []
        seen, found = self._look(run.world)
        verdicts = judging.judge(run.world, row)
        return [*verdicts, *_about(run.world, row, seen, found)]

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        reporting.weekly(run)
        notifying.notify(run.world)

    def _look(self, world: World) -> tuple[Recollection, list[Signal]]:
        with self._lock:
            name = world.store.installation
            if name not in self._looked:
                seen = recollecting.recollect(world)
                self._looked[name] = seen, analysis.signals(seen.history, seen.told)
            return self._looked[name]


def _about(
    world: World, row: Repository, seen: Recollection, found: Sequence[Signal]
) -> list[Decided]:
    """A repository's own findings; in `improvement.home` also those about this installation."""
    judged = [one for one in judging.hypotheses(world) if one.repo_id == row.repo_id]
    place = Managed(repo_id=row.repo_id, name=row.name, url=row.address)
    mine = [*reverting.proposals(judged, place), *(s for s in found if s.repo_id == row.repo_id)]
    homeless = seen.history.home is None
    lost = [one for one in mine if homeless and one.place in placing.ELSEWHERE]
    filed = [one for one in mine if one not in lost]
    fresh = _fresh(world, row, seen, filed)
    return [
        *_noted(world, row, lost),
        *judging.say(world, row, judged),
        *desk.file_all(world, row, wording.worded(world, row, filed, fresh)),
    ]


def _fresh(
    world: World, row: Repository, seen: Recollection, signals: Sequence[Signal]
) -> list[str]:
    """Those that will be filed, best first: nobody thinks about the words of others."""
    if desk.stopped(world, row):
        return []
    unknown = [one for one in signals if one.id not in seen.told]
    unknown.sort(key=lambda one: (-one.rank, one.id))
    return [one.id for one in unknown[: max(0, desk.left(world, row))]]


def _noted(world: World, row: Repository, lost: Sequence[Signal]) -> list[Decided]:
    with world.store.read() as tx:
        said = desk.events(tx, row.repo_id, (EventKind.SIGNAL_SEEN,))
        seen = tasks.seq(tx, TaskKey(row.repo_id, DESK))
    outcomes = {e.data["signal"]: f"{e.data['outcome']}: {e.data['reason']}" for _, e in said}
    record = placing.unplaced(lost, outcomes, row.repo_id, world.clock.now())
    return [(record, seen)] if record else []
