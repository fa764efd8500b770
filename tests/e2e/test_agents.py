"""What is known of agents: verified outcomes, reverts, and the words of `agent-os agents`."""

from __future__ import annotations

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.tasks import Status
from agent_os.jobs import agents
from agent_os.policy import quality
from agent_os.store import log, trials

from .conftest import Build
from .town import CALC, FIX, Town


def results(town: Town, agent: str) -> tuple[int, int]:
    """(merged, failed or reverted) on tasks of the type implementation."""
    with town.world.store.read() as tx:
        found = trials.summary(tx).get("implementation", {}).get(agent)
    return (found.merged, found.failed) if found else (0, 0)


@pytest.mark.long
def test_a_merge_counts_for_its_agent_until_somebody_reverts_it(build: Build) -> None:
    town = build(agents={"idle": "true", "fixer": FIX})
    number = town.ready("Mend add", "It subtracts.")
    task = town.reaches(number, Status.DONE)
    assert [a.code for a in task.attempts] == [FailureCode.NO_CHANGE, None]
    assert results(town, "idle") == (0, 1)
    assert results(town, "fixer") == (1, 0)
    assert task.pull is not None
    message = f'Revert "Mend add"\n\nThis reverts commit {task.pull.merged_sha}.'
    town.hub.push(town.repo, "main", {"calc.py": CALC}, message=message)
    again = town.ready("Mend add again", "It subtracts again.")
    town.reaches(again, Status.DONE)
    assert results(town, "fixer") == (1, 1)
    assert any("was reverted" in line for line in town.story().splitlines())
    with town.world.store.write() as tx:
        before = trials.summary(tx)
        log.rebuild(town.world.store, tx)
        assert trials.summary(tx) == before
    listed = {entry["agent"]: entry for entry in agents.listed(town.world)}
    assert listed["fixer"]["results"]["implementation"]["merged"] == 1
    lines = agents.why(town.world, task)
    assert lines[1] == "Order: as the config has it."
    assert lines[3].startswith("2. fixer: 1 of 2 merged (")


@pytest.mark.long
def test_auto_asks_first_whom_the_record_favours(build: Build) -> None:
    town = build(agents={"idle": "true", "fixer": FIX}, routing="auto")
    first: list[str] = []
    for _ in range(4):
        with town.world.store.read() as tx:
            known = trials.summary(tx).get("implementation", {})
        number = town.ready("Mend add", "It subtracts.")
        task = town.reaches(number, Status.DONE)
        key = f"{task.repo_id}#{task.number}.{task.round}"
        order, _ = quality.ordered(tuple(town.world.config.agents), known, key)
        assert [a.agent for a in task.attempts] == [*order[: order.index("fixer") + 1]]
        first.append(order[0])
        town.hub.push(town.repo, "main", {"calc.py": CALC})
    assert first.count("fixer") >= 2  # one of ten explores
