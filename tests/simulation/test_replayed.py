"""Records of simulated lives again, under their own rules: the decisions come out as they were."""

from __future__ import annotations

from collections import Counter

import pytest

from agent_os.jobs import measuring, replaying
from agent_os.simulation.choices import Choices
from agent_os.store import tasks

from .plan import plan
from .running import Simulation

#: What the log does not know makes up for so little: bases that moved unseen, repositories at rest.
_UNKNOWN = 0.05


@pytest.mark.long
def test_the_same_rules_decide_as_it_was_recorded(sim: Simulation) -> None:
    decided, alike = Counter[str](), Counter[str]()
    for seed in range(1, 17):
        choices = Choices(seed)
        with sim.town(choices, plan(choices)) as town:
            town.runs()
            world = town.world()
            found = replaying.replayed(world, world.config)
            assert found.same == found.as_recorded  # the other rules are the present ones
            decided += Counter(found.decisions)
            alike += Counter(found.as_recorded)
            with world.store.read() as tx:
                known = {(t.number, t.round): t for _, t in tasks.listed(tx)}
            for row in measuring.rows(world):
                task = known.get((row.number, row.round))
                if task is None:
                    continue  # an earlier round of it
                assert [a.code for a in row.attempts] == [a.code for a in task.attempts]
                assert row.finished_at == task.finished_at
                assert bool(row.merged_at) is bool(task.pull and task.pull.merged_sha)
                assert row.held == (task.hold.reason if task.hold else "")
    assert {"routing", "merge"} <= set(decided)
    assert alike.total() >= (1 - _UNKNOWN) * decided.total(), (decided, alike)
