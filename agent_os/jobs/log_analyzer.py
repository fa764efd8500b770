"""The log analyzer: what fails again and again becomes a task; what was to get better is judged."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.jobs.organization import Decided, Run, resting


class LogAnalyzer:
    name = "log-analyzer"

    def due(self, world: World) -> Sequence[str]:
        names = [r.name for r in world.config.repositories]
        return [name for name in names if not resting(world, name)]

    def turn(self, run: Run) -> list[Decided]:
        del run
        return []

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        pass
