"""Merged work that somebody has reverted: it counts against the agent that made it."""

from __future__ import annotations

import re
from datetime import timedelta

from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.store import log, tasks, trials
from agent_os.workspace.mirror import Mirror

#: For so long after its merge a revert is looked for.
WATCHED = timedelta(days=30)
_REVERTS = re.compile(r"This reverts (?:commit|changes from) ([0-9a-f]{40})")


def note_reverts(world: World, repo_id: int, mirror: Mirror, base: str) -> None:
    """Look through the base branch's newest commits, by git's own words for a revert."""
    now = world.clock.now()
    with world.store.read() as tx:
        merged = dict(trials.merged_lately(tx, repo_id, now - WATCHED))
    if not merged:
        return
    reverted = {
        match[1]: sha
        for sha, message in mirror.messages(base, WATCHED)
        for match in _REVERTS.finditer(message)
    }
    if not reverted:
        return
    with world.store.write() as tx:
        for number, round_ in merged.items():
            task = tasks.get(tx, TaskKey(repo_id, number))
            if task is None or task.round != round_ or task.pull is None:
                continue
            if by := reverted.get(task.pull.merged_sha):
                data = {"sha": task.pull.merged_sha, "by": by}
                found = Event(
                    kind=EventKind.REVERTED, at=now, repo_id=repo_id, number=number, data=data
                )
                log.append(world.store, tx, [found])
