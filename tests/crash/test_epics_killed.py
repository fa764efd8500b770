"""`kill -9` while an epic is read and split: each part has one issue and is done once."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.tasks import Status
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Say
from tests.unit.test_triage import epic

from .conftest import Make
from .fates import STAGES
from .ground import Drives, Ground

WORK = "date +%N >> log.txt; sed -i 's/a - b/a + b/' calc.py"
READ = Scenario((Say(),), answer=epic([], [0]))


def thinking(url: str) -> dict[str, Any]:
    """A server of one's own, that wants no key."""
    account = {"api": "openai-chat", "base_url": f"{url}/v1", "vendor": "lab"}
    return {
        "providers": {"lab": account},
        "models": {"default": {"provider": "lab", "model": "small"}},
        "vendors": ["lab"],
        "agents": {"fixer": {"driver": "command", "command": WORK}},
    }


def all_done_once(ground: Ground) -> None:
    issues = [i for i in ground.ask("GET", "/issues?state=all") if "pull_request" not in i]
    assert len(issues) == 3, ground.story()
    assert {i["state"] for i in issues} == {"closed"}
    assert len(ground.pulls()) == 2 and all(p["merged_at"] for p in ground.pulls())
    whole = ground.task()
    assert whole is not None and whole.status is Status.DONE and whole.settled
    for child in whole.children:
        part = ground.task(child.number)
        assert part is not None and part.status is Status.DONE and part.parent == whole.number
        assert [a.code for a in part.attempts] == [None]
    notices = [
        c["body"]
        for c in ground.ask("GET", f"/issues/{whole.number}/comments")
        if "@alice: done" in c["body"]
    ]
    assert len(notices) == 1


@pytest.mark.long
@pytest.mark.parametrize("point", [f"create_issue.{stage}#{n}" for stage in STAGES for n in (1, 2)])
def test_killed_while_parts_are_opened(make: Make, drives: Drives, point: str) -> None:
    with ModelServer(READ) as server:
        ground = make(**thinking(server.url))
        assert ground.drive(drives, point=point) == -signal.SIGKILL, ground.story()
        ground.finishes(drives)
        assert server.count == 1
    all_done_once(ground)


@pytest.mark.long
@pytest.mark.parametrize("point", ["agent.claimed", "agent.done", "outcome.half"])
def test_the_runner_of_the_triage_is_killed(make: Make, drives: Drives, point: str) -> None:
    with ModelServer(READ) as server:
        ground = make(**thinking(server.url))
        ground.finishes(drives, runner_point=point)
        assert ground.runners_killed() == [point]
        assert server.count == 1
    whole = ground.task()
    assert whole is not None and [a.kind for a in whole.attempts] == [Kind.TRIAGE]
    all_done_once(ground)
