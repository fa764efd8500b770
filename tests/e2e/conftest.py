"""One real hub for all tests of this folder in a process; a new town and repository for each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.hub import HubProcess

from .town import Town

USERS = ["alice", "agent-os", "bob"]
_numbers = itertools.count(1)
Build = Callable[..., Town]


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Generator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "hub", USERS) as running:
        yield running


@pytest.fixture
def own_hub(tmp_path: Path) -> Generator[HubProcess]:
    """For tests that stop the hub or move its clock."""
    with HubProcess(tmp_path / "own" / "hub", USERS) as running:
        yield running


def _builder(hub: HubProcess, root: Path, made: list[Town], login: str) -> Build:
    def build(**options: Any) -> Town:
        number = next(_numbers)
        options = {"login": login, **options}
        repo = options.pop("repo", f"acme/r{number}")
        town = Town(hub, root / f"town{number}", repo, **options)
        made.append(town)
        return town

    return build


@pytest.fixture
def build(hub: HubProcess, tmp_path: Path) -> Generator[Build]:
    """Makes a town; our token is that of the user agent-os."""
    yield from _built(hub, tmp_path, "agent-os")


@pytest.fixture(params=["bot", pytest.param("owner", marks=pytest.mark.long)])
def build_as(hub: HubProcess, tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Build]:
    """Makes a town; our token is a bot's, or alice's own: names of actors don't decide."""
    yield from _built(hub, tmp_path, "alice" if request.param == "owner" else "agent-os")


@pytest.fixture
def build_alone(own_hub: HubProcess, tmp_path: Path) -> Generator[Build]:
    """Makes a town with a hub of its own."""
    yield from _built(own_hub, tmp_path, "agent-os")


def _built(hub: HubProcess, root: Path, login: str) -> Generator[Build]:
    made: list[Town] = []
    yield _builder(hub, root, made, login)
    hub.admin("DELETE", "/faults")
    for town in made:
        town.end()


@pytest.fixture
def town(build: Build) -> Town:
    """auto-merge, with CI; one agent that mends `add`."""
    return build()
