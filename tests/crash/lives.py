"""A life: one or a few tasks from request to merge, with kill after kill, and what must hold."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.hub import HubProcess

from . import cuts
from .aftermath import created_once, merged_once, sent_once
from .blows import Blow, suffer
from .ground import FIX, Drives, Ground

#: More than any life has room for; the recovery after them has a limit of time.
MOST_BLOWS = 60
#: Little to wait for: the hub does not lag.
QUICK: dict[str, Any] = {"github": {"settle_seconds": 0.05}, "limits": {"backoff_seconds": 0.1}}
#: There is time to kill it.
SLOW = {"fixer": {"driver": "command", "command": f"{FIX}; sleep 0.4"}}


@dataclass(frozen=True)
class Life:
    name: str
    blows: Sequence[Blow]
    runner: tuple[str, ...] = ()
    """Points at which one runner after the other is killed: at most three an attempt."""
    cut: str = ""
    """Writes are cut off once: drop_before or drop_after the change was made."""
    issues: int = 1
    attempts: int | None = 1
    """How many it takes; None: that depends on the moment."""
    agents: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def has_hub_killed(self) -> bool:
        return any(blow.hub_after for blow in self.blows)


def sweep(*patterns: str) -> list[Blow]:
    """Killed at each of these in turn, to the end of the life."""
    return [Blow(at=pattern) for pattern in islice(cycle(patterns), MOST_BLOWS)]


def moments(seed: int, kills: int) -> list[Blow]:
    """In a request, in git, in the store, in an import."""
    chance = random.Random(seed)
    return [Blow(seconds=chance.uniform(0.02, 0.4)) for _ in range(kills)]


def live(life: Life, hub: HubProcess, drives: Drives, root: Path, repo: str) -> list[str]:
    """Lead this life to its end and check what is left of it. What was killed or cut off, as
    `NAME#N`: the N-th of this name."""
    ground = Ground(hub, root, repo, issues=life.issues, agents=life.agents, **QUICK)
    ground.runner_plan.write_text("\n".join(life.runner))
    if life.cut:
        cuts.order(ground, life.cut)
    fallen = suffer(ground, drives, life.blows)
    ground.finishes(drives)
    fallen += [f"runner {point}" for point in ground.runners_killed()]
    if life.cut:
        fallen += cuts.fell(ground)
    merged_once(ground, attempts=life.attempts)
    if not life.has_hub_killed:  # which forgets what it was asked
        sent_once(ground, git_again=int(bool(life.cut)))
        if not life.cut:
            created_once(ground)
    return _numbered(fallen)


def _numbered(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    numbered: list[str] = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name}#{seen[name]}")
    return numbered
