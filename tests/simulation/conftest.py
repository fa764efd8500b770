"""The simulation, ready to run; and at the end, how much was simulated."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .running import Simulation, simulation


@pytest.fixture(name="sim")
def _sim() -> Generator[Simulation]:
    with simulation() as found:
        yield found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, told in report.user_properties:
                if name == "simulation":
                    terminalreporter.write_line(f"simulation: {told}")
