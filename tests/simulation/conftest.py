"""The simulation, ready to run."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .running import Simulation, simulation


@pytest.fixture(name="sim")
def _sim() -> Generator[Simulation]:
    with simulation() as found:
        yield found
