"""One raid for all tests of a process; and what each attack came to, for the summary."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.attempt.world import World
from tests.redteam.raid import Raid, raided

_HERE = Path(__file__).parent
#: They show that attacks were made, and are none.
_CONTROLS = (
    "test_all_four_places_were_attacked_and_the_work_was_done",
    "test_the_traps_work_where_they_were_laid",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test here is an attack; `tests/told.py` counts them."""
    for item in items:
        name = getattr(item, "originalname", item.name)
        if item.path.is_relative_to(_HERE) and name not in _CONTROLS:
            item.user_properties.append(("attack", name))


@pytest.fixture(scope="session")
def raid(tmp_path_factory: pytest.TempPathFactory) -> Generator[Raid]:
    with raided(tmp_path_factory.mktemp("raid")) as done:
        yield done


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
