"""Money and memory: ours, not the program's, whatever the program says or writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_os.domain.failures import FailureCode as Code
from agent_os.domain.usage import Price, Usage
from tests.agents.cells import begin, environment, played, still_there
from tests.agents.memory import listen
from tests.agents.programs import NAMED, Agent
from tests.agents.test_ends import agents
from tests.attempt.world import World, limits
from tests.models import ModelServer, Scenario
from tests.models.scenarios import chatty
from tests.models.steps import Shell

#: A dollar for ten thousand tokens of each kind: twelve cents and a bit for each turn.
DEAR = Price(input=100.0, output=100.0, cached=100.0)
TURN = 0.126
PROGRAMS = ("claude", "codex", "gemini", "opencode", "qwen")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("agent", agents("claude", only=PROGRAMS))
def test_trap_28_and_35_the_cap_ends_the_tree_after_the_turn(world: World, agent: Agent) -> None:
    """What the provider bills is counted, by us, and no more than one turn goes over."""
    work = tuple(Shell("timeout 0.8 tail -f /dev/null; true") for _ in range(20))
    with ModelServer(Scenario(work)) as server:
        attempt = begin(
            world,
            agent,
            server.url,
            DEAR,
            limits=limits(60, 60).model_copy(update={"usd": 2.5 * TURN}),
        )
        outcome = attempt.run(**environment())
        asked = server.count
    assert outcome.code is Code.BUDGET_EXHAUSTED, outcome.detail
    assert "one turn may go over" in outcome.detail
    assert outcome.spent is not None and outcome.spent.usd is not None
    # The third turn goes over; a fourth may have been asked for meanwhile.
    assert 2.5 * TURN <= outcome.spent.usd <= 4.01 * TURN
    assert asked <= 4
    assert list(still_there(attempt.path)) == []


@pytest.mark.long
@pytest.mark.parametrize("agent", agents(only=PROGRAMS))
def test_a_repair_counts_once_and_in_the_same_session_where_it_can(
    world: World, agent: Agent
) -> None:
    with ModelServer(played("invalid_result")) as server:
        attempt = begin(world, agent, server.url)
        outcome = attempt.run(**environment())
        asked = server.count
    assert outcome.code is None, outcome.detail
    assert outcome.spent is not None
    assert outcome.spent.turns == asked
    assert outcome.spent.usage.input == 400 * asked
    assert outcome.spent.usage.cached == 800 * asked
    events = [json.loads(line) for line in attempt.text("events.jsonl").splitlines()]
    told = [event["session"] for event in events if event["event"] == "session"]
    assert len(set(told)) == (1 if agent.name in ("claude", "codex") else 2)


@pytest.mark.long
@pytest.mark.parametrize("agent", agents(only=("claude", "codex")))
def test_fifty_megabytes_of_output_need_little_memory(world: World, agent: Agent) -> None:
    few = listen(world, agent, "succeed")
    much = listen(world, agent, chatty(24 if agent.name == "claude" else 50))
    assert much.written > 45_000_000
    assert much.peak - few.peak < 60_000_000


@pytest.mark.needs("codex")
def test_spent_is_known_by_kind(world: World) -> None:
    """The program's own figures, not the length of any text."""
    agent = NAMED["codex"]
    with ModelServer("succeed") as server:
        attempt = begin(world, agent, server.url, DEAR)
        outcome = attempt.run(**environment())
    assert outcome.spent is not None
    assert outcome.spent.usage == Usage(input=1600, cached=3200, output=240, reasoning=80)
    assert outcome.spent.usd == pytest.approx(4 * TURN)
