"""However a run of a real program ends, nothing of it is left, and what it did is kept."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from agent_os.attempt.failpoints import FAILPOINTS, VARIABLE
from agent_os.domain.attempts import Outcome
from agent_os.domain.failures import FailureCode as Code
from tests.agents.cells import begin, environment, still_there
from tests.agents.programs import AGENTS, NAMED, Agent
from tests.attempt.test_resume import LOST_AT
from tests.attempt.world import Attempt, World, limits, wait_for
from tests.models import ModelServer, Scenario
from tests.models.steps import ToolNeverEnds, Write
from tests.models.work import patch

LONG = pytest.mark.long
#: Writes a file, then calls a tool that never ends.
HALF = Scenario((Write("half.txt", "half\n"), ToolNeverEnds()))


def agents(*quick: str, only: tuple[str, ...] = tuple(NAMED)) -> list[object]:
    """All programs; those that are not `quick` in the long run only."""
    return [
        pytest.param(
            agent,
            marks=[
                *([pytest.mark.needs(agent.program)] if agent.program else []),
                *([] if agent.name in quick else [LONG]),
            ],
            id=agent.name,
        )
        for agent in AGENTS
        if agent.name in only
    ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def in_its_tool(attempt: Attempt) -> None:
    """Wait until the tool that never ends runs."""
    wait_for(lambda: any("tail" in each for each in everything_of(attempt)), 30)


def everything_of(attempt: Attempt) -> list[str]:
    return list(still_there(attempt.path))


def gone(attempt: Attempt) -> None:
    assert everything_of(attempt) == []


def kept_half(world: World, outcome: Outcome) -> bool:
    kept = {ref.ref.rsplit("/", 1)[-1]: ref.sha for ref in outcome.kept}
    return world.mirror.read_file(kept["files"], "half.txt") == b"half\n"


@pytest.mark.parametrize("agent", agents())
def test_trap_24_at_its_deadline_the_whole_tree_ends(world: World, agent: Agent) -> None:
    with ModelServer(HALF) as server:
        attempt = begin(world, agent, server.url, limits=limits(15, 60))
        outcome = attempt.run(**environment())
    gone(attempt)
    assert outcome.code is Code.TIMEOUT
    attempt.imported()
    assert kept_half(world, outcome)


@pytest.mark.parametrize("agent", agents())
def test_cancelled_in_its_tool(world: World, agent: Agent) -> None:
    with ModelServer(HALF) as server:
        attempt = begin(world, agent, server.url, limits=limits(60, 60))
        runner = attempt.popen(**environment())
        in_its_tool(attempt)
        (attempt.path / "cancel").write_text("label removed\n")
        assert runner.wait(timeout=20) == 0
    gone(attempt)
    outcome = attempt.imported()
    assert (outcome.code, outcome.detail) == (Code.LOST, "stopped: label removed")
    assert kept_half(world, outcome)


@pytest.mark.parametrize("agent", agents())
def test_too_much_output(world: World, agent: Agent) -> None:
    most = 1_000 if agent.driver == "native" else 20_000  # it cuts its own output
    with ModelServer("chatty") as server:
        attempt = begin(world, agent, server.url, limits=limits(60, 60, output=most))
        outcome = attempt.run(**environment())
    gone(attempt)
    assert outcome.code is Code.AGENT_FAILED
    assert f"more than {most} bytes" in outcome.detail


@LONG
@pytest.mark.parametrize("agent", agents())
def test_a_runner_killed_in_the_tool_leaves_nothing(world: World, agent: Agent) -> None:
    with ModelServer(HALF) as server:
        attempt = begin(world, agent, server.url, limits=limits(120, 60))
        runner = attempt.popen(**environment())
        in_its_tool(attempt)
        runner.kill()
        runner.wait()
        outcome = attempt.run(**environment())
    gone(attempt)
    assert outcome.code is Code.LOST
    attempt.imported()
    assert kept_half(world, outcome)


@LONG
@pytest.mark.parametrize("point", FAILPOINTS)
@pytest.mark.parametrize("agent", agents(only=("claude", "codex")))
def test_a_runner_killed_at_each_stage(world: World, agent: Agent, point: str) -> None:
    """What was done once is not done again, and not lost."""
    with ModelServer(Scenario(patch({"half.txt": "half\n"}))) as server:
        attempt = begin(world, agent, server.url)
        killed = attempt.popen(**environment(**{VARIABLE: point}))
        assert killed.wait(timeout=40) == -signal.SIGKILL
        outcome = attempt.run(**environment())
        asked = server.count
    gone(attempt)
    assert outcome.code is (Code.LOST if point in LOST_AT else None), outcome.detail
    assert asked <= 4
    if point not in ("agent.claimed", "agent.running"):
        attempt.imported()
        assert kept_half(world, outcome)


@LONG
@pytest.mark.parametrize("agent", agents(only=("claude", "codex")))
def test_without_a_sandbox_the_whole_tree_ends_too(world: World, agent: Agent) -> None:
    with ModelServer(HALF) as server:
        attempt = begin(world, agent, server.url, limits=limits(10, 60), sandbox="none")
        outcome = attempt.run(**environment())
    gone(attempt)
    assert outcome.code is Code.TIMEOUT
