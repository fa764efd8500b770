"""What the chaos amounted to, at the end of the run."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "chaos" and report.when == "call":
                terminalreporter.write_line(f"chaos: {value}")
