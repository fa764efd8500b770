"""Time that is over before a stall would be: whose fault it was is told apart all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.domain.failures import FailureCode as Code
from tests.agents.cells import begin, environment
from tests.agents.programs import NAMED
from tests.attempt.world import World, limits
from tests.models import ModelServer


@pytest.mark.long
@pytest.mark.parametrize(
    ("scenario", "code"), [("hang", Code.OVERLOADED), ("endless_tool", Code.TIMEOUT)]
)
def test_who_let_the_time_pass(tmp_path: Path, scenario: str, code: Code) -> None:
    with ModelServer(scenario) as server:
        agent = NAMED["native-chat"]
        attempt = begin(World(tmp_path), agent, server.url, limits=limits(12, 600))
        outcome = attempt.run(**environment())
    assert outcome.code is code, outcome.detail
