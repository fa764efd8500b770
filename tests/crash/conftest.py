"""One hub and one forking process for all tests of a worker; the points that were tried."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.hub import HubProcess

from .ground import USERS, Drives, Ground

Make = Callable[..., Ground]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Generator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "hub", USERS) as running:
        yield running


@pytest.fixture(scope="session")
def drives() -> Generator[Drives]:
    with Drives() as running:
        yield running


@pytest.fixture
def make(hub: HubProcess, tmp_path: Path) -> Make:
    """Makes a ground: a new repository, home and issue."""

    def made(**options: Any) -> Ground:
        number = next(_numbers)
        return Ground(hub, tmp_path / f"g{number}", f"acme/r{number}", **options)

    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many points were tried: every one of them was a kill and a recovery."""
    passed = terminalreporter.getreports("passed")
    points = sorted(
        str(value)
        for report in passed
        if report.when == "call"
        for name, value in report.user_properties
        if name == "killed_at"
    )
    if points:
        line = f"killed and recovered at {len(points)} points: {', '.join(points)}"
        terminalreporter.write_line(line)
