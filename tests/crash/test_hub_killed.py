"""GitHub goes away in the middle of the work and comes back: it is finished all the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.hub import HubProcess

from .aftermath import merged_once
from .ground import Drives, Ground, until

pytestmark = pytest.mark.long

DOWN_SECONDS = 0.3


@pytest.mark.parametrize(
    ("when", "how"),
    [
        ("start_attempt.recorded", "killed"),
        ("push_branch.intended", "killed"),
        ("merge_pull.intended", "restarted"),
    ],
)
def test_the_hub_is_gone_for_a_while(
    mortal_hub: HubProcess, drives: Drives, tmp_path: Path, when: str, how: str
) -> None:
    ground = Ground(mortal_hub, tmp_path / "g", f"acme/{when.replace('_', '-')}")
    ground.start(drives)
    until(lambda: f"{when}#1" in ground.reached(), ground)
    if how == "killed":
        mortal_hub.kill()
        time.sleep(DOWN_SECONDS)
        mortal_hub.start()
    else:
        mortal_hub.restart()
    assert drives.wait() == 0, ground.story()
    merged_once(ground)
