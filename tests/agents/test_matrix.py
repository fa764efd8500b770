"""Every program against every scenario, in the real runner; `matrix.py` prints the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agents.cells import EXPECTED, run_cell
from tests.agents.programs import AGENTS, NAMED, Agent
from tests.attempt.world import World


def needs(agent: Agent) -> list[pytest.MarkDecorator]:
    return [pytest.mark.needs(agent.program)] if agent.program else []


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.needs("bwrap")
@pytest.mark.parametrize("scenario", ["succeed", "quota"])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=needs(NAMED[n])) for n in ("claude", "codex")]
)
def test_a_cell(world: World, name: str, scenario: str) -> None:
    cell = run_cell(world, NAMED[name], scenario)
    assert cell.faults == []


@pytest.mark.long
@pytest.mark.needs("bwrap")
@pytest.mark.parametrize("scenario", EXPECTED)
@pytest.mark.parametrize("name", [pytest.param(agent.name, marks=needs(agent)) for agent in AGENTS])
def test_the_matrix(world: World, name: str, scenario: str) -> None:
    cell = run_cell(world, NAMED[name], scenario)
    assert cell.faults == [], cell.detail
