"""How agents reach their provider from a sandbox without a network: by our proxy only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.agents.cells import begin, environment
from tests.agents.programs import AGENTS, Agent
from tests.agents.test_ends import agents
from tests.attempt.world import World, limits

#: A name that nobody may have (RFC 2606): what is shown is that it was asked for, and where.
NOWHERE = "models.example.invalid"


@pytest.mark.long
@pytest.mark.needs("bwrap")
@pytest.mark.parametrize("agent", agents(only=tuple(agent.name for agent in AGENTS)))
def test_an_agent_asks_its_vendor_by_our_proxy(tmp_path: Path, agent: Agent) -> None:
    """With an address on the internet, as its owner has it; nothing else is let through."""
    attempt = begin(
        World(tmp_path), agent, f"https://{NOWHERE}", limits=limits(25, 20), sandbox="bwrap"
    )
    outcome = attempt.run(**environment())
    assert outcome.code is not None
    lines = [json.loads(line) for line in attempt.text("events.jsonl").splitlines()]
    asked = {line["place"]: line["problem"] for line in lines if line["event"] == "refused"}
    assert asked.get(f"{NOWHERE}:443", "").startswith("unreachable"), (asked, outcome.detail)
    assert not [line for line in lines if line["event"] == "reached"]
