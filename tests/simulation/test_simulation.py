"""Thousands of short lives of the whole control plane, each from one seed.

AGENT_OS_SIM_SECONDS: how long (all of this file's scenarios together). AGENT_OS_SIM_FIRST: the
first seed. AGENT_OS_SIM_SEED: the one seed that `-k replay` runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from . import invariants
from .points import Violation
from .running import Failed, Simulation, run_for

_DEFAULT = "32" if os.environ.get("CI") == "true" else "10"
_SECONDS = float(os.environ.get("AGENT_OS_SIM_SECONDS", _DEFAULT))
_FIRST = int(os.environ.get("AGENT_OS_SIM_FIRST", "1"))
_SHARES = 2
_BETWEEN_SHARES = 10_000_000
_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("share", range(_SHARES))
def test_every_scenario_ends_well(
    share: int, sim: Simulation, record_property: Callable[[str, object], None]
) -> None:
    totals = run_for(sim, _SECONDS / _SHARES, _FIRST + share * _BETWEEN_SHARES)
    record_property("simulation", totals.told())
    assert totals.scenarios > 0


def test_a_replay_does_the_same(sim: Simulation) -> None:
    """Also in another process, where sets are in another order."""
    seed = int(os.environ.get("AGENT_OS_SIM_SEED", "5"))
    digest = sim.run(seed)
    again = subprocess.run(
        [sys.executable, "-m", "tests.simulation.running", str(seed)],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout.split()[-1] == digest


def test_a_failure_tells_its_trace_and_how_to_replay_it(
    sim: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> None:
        raise Violation("as ordered")

    monkeypatch.setattr(invariants, "check", fails)
    with pytest.raises(Failed) as failed:
        sim.run(3)
    told = str(failed.value)
    assert "Violation: as ordered" in told
    assert "AGENT_OS_SIM_SEED=3 pytest tests/simulation -k replay" in told
    assert "   1 alice asks for #1" in told
