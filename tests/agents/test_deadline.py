"""Time that is over before a stall would be: whose fault it was is told apart all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.domain.failures import FailureCode as Code
from tests.agents.cells import begin, environment
from tests.agents.programs import NAMED
from tests.attempt.world import World, limits
from tests.models import ModelServer


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("hang", Code.OVERLOADED),
        pytest.param("endless_tool", Code.TIMEOUT, marks=pytest.mark.long),
    ],
)
def test_who_let_the_time_pass(tmp_path: Path, scenario: str, code: Code) -> None:
    with ModelServer(scenario) as server:
        agent = NAMED["native-chat"]
        attempt = begin(World(tmp_path), agent, server.url, limits=limits(4, 600))
        outcome = attempt.run(**environment())
    assert outcome.code is code, outcome.detail
