"""One hub and one forking process for all tests of a worker; the points that were tried."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.hub import HubProcess

from . import daemons
from .ground import USERS, Drives, Ground

Make = Callable[..., Ground]
Up = Callable[[Ground], daemons.Daemon]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Generator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "hub", USERS) as running:
        yield running


@pytest.fixture(scope="session")
def mortal_hub(tmp_path_factory: pytest.TempPathFactory) -> Generator[HubProcess]:
    """For tests that kill it: the others' hub is left alone."""
    with HubProcess(tmp_path_factory.mktemp("mortal") / "hub", USERS) as running:
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


@pytest.fixture
def up() -> Generator[Up]:
    """Starts a daemon; those that still run at the end are killed."""
    started: list[daemons.Daemon] = []

    def start(ground: Ground) -> daemons.Daemon:
        started.append(daemons.start(ground, "up"))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
