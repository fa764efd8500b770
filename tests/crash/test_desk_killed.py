"""`kill -9` around what is done about a repository as a whole: each exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from agent_os.store import intents

from .aftermath import sent_once
from .conftest import Make
from .desk import KINDS
from .fates import STAGES
from .ground import ROOT, Ground

KILLED = [f"{effect.kind}.{stage}#1" for effect in KINDS for stage in STAGES]
DEFAULT = ("file_issue.performed#1",)
POINTS = [p if p in DEFAULT else pytest.param(p, marks=pytest.mark.long) for p in KILLED]


def desk(ground: Ground, point: str = "") -> int:
    """Run the process to its end; its exit status."""
    env = {**os.environ, **ground.environment, "AGENT_OS_FAILPOINT": point}
    told = ground.root / "told"
    command = [sys.executable, "-m", "tests.crash.desk", str(ground.config), str(told)]
    with ground.log.open("a") as log:
        return subprocess.run(command, env=env, cwd=ROOT, stdout=log, stderr=log).returncode


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(make: Make, point: str) -> None:
    ground = make()
    assert desk(ground, point) == -signal.SIGKILL, ground.story()
    assert desk(ground) == 0, ground.story()
    _one_of_each(ground, told_by=point)


def _one_of_each(ground: Ground, told_by: str) -> None:
    found = [i for i in ground.ask("GET", "/issues?state=all") if "pull_request" not in i]
    filed = [issue for issue in found if issue["title"] == "Mend the check"]
    assert len(filed) == 1
    assert (filed[0]["state"], filed[0]["state_reason"]) == ("closed", "not_planned")
    assert filed[0]["body"].startswith("It, drawn anew.")
    assert {label["name"] for label in filed[0]["labels"]} == {"stale", "needs criteria"}
    comments = ground.ask("GET", f"/issues/{filed[0]['number']}/comments")
    assert [c["body"].partition("\n")[0] for c in comments] == ["Found again."]
    assert [p["title"] for p in ground.pulls()] == ["Word"]
    told = (
        (ground.root / "told").read_text().splitlines() if (ground.root / "told").exists() else []
    )
    # At most once: whether a message arrived can't be looked up.
    assert told == ([] if told_by == "send_notice.intended#1" else ["Told."])
    store = ground.store()
    with store.read() as tx:
        assert intents.unresolved(tx) == []
    store.close()
    sent_once(ground)
