"""GitHub goes away in the middle of the work and comes back: it is finished all the same."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.hub import HubProcess

from .aftermath import merged_once
from .ground import USERS, Drives, Ground, until

DOWN_SECONDS = 0.3


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Generator[HubProcess]:
    """The others' hub is left alone."""
    with HubProcess(tmp_path_factory.mktemp("own") / "hub", USERS) as running:
        yield running


@pytest.mark.parametrize(
    ("when", "how"),
    [
        ("start_attempt.recorded", "killed"),
        ("push_branch.intended", "killed"),
        ("merge_pull.intended", "restarted"),
    ],
)
def test_the_hub_is_gone_for_a_while(
    own_hub: HubProcess, drives: Drives, tmp_path: Path, when: str, how: str
) -> None:
    ground = Ground(own_hub, tmp_path / "g", f"acme/{when.replace('_', '-')}")
    ground.start(drives)
    until(lambda: f"{when}#1" in ground.reached(), ground)
    if how == "killed":
        own_hub.kill()
        time.sleep(DOWN_SECONDS)
        own_hub.start()
    else:
        own_hub.restart()
    assert drives.wait() == 0, ground.story()
    merged_once(ground)
