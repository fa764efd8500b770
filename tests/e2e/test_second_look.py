"""A second pair of eyes, from the issue to the merge: findings go back, silence is no pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from agent_os.attempt.reviewing import FILE_NAME
from agent_os.domain.attempts import Kind
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Status, Task
from agent_os.store import providers, trials
from tests.agents import programs
from tests.models.conversation import Conversation
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Fail, Say, Step, Write
from tests.models.steps import Kind as Bad

from .conftest import Build
from .test_models import KEYS, settings
from .town import FIX, WITHOUT_CI, Town, agent

EYES = "native-chat"
BODY = "## Goal\nMend add.\n\n## Acceptance criteria\n- add adds\n- NEWS.txt tells of it\n"
HANDED = "not_met: 2. NEWS.txt tells of it [calc.py:2]: There is no such file."
WHOLE = f"{FIX}; echo mended > NEWS.txt"


def verdict(conversation: Conversation) -> Sequence[Step]:
    """By the change that it is shown."""
    told = "+mended" in conversation.user_text
    criteria = [
        {"criterion": 1, "verdict": "met", "where": ["calc.py:2"], "why": "It adds."},
        {"criterion": 2, "verdict": "met", "where": ["NEWS.txt:1"], "why": "It is told."}
        if told
        else {
            "criterion": 2,
            "verdict": "not_met",
            "where": ["calc.py:2"],
            "why": "There is no such file.",
        },
    ]
    return (Write(FILE_NAME, json.dumps({"criteria": criteria, "faults": []})), Say("Seen."))


def town_with(build: Build, server: ModelServer, *workers: str, **more: Any) -> Town:
    """Command agents `w1`, `w2`, …, and one with a model that looks at what they did."""
    config = settings(server, EYES)
    names = [f"w{n}" for n in range(1, len(workers) + 1)]
    config["agents"] |= {name: agent(script) for name, script in zip(names, workers, strict=True)}
    config |= {"routing": {"default": names}, "review": [EYES], **more}
    return build(keys=KEYS, **config)


def description(town: Town, task: Task) -> str:
    assert task.pull is not None
    return town.pull(task.pull.number)["body"]


def summary(attempts: Sequence[Attempt]) -> list[tuple[str, str, FailureCode | None, bool]]:
    return [(a.kind.value, a.agent, a.code, a.charged) for a in attempts]


@pytest.mark.long
def test_what_is_not_met_goes_to_the_next_worker_and_what_is_met_is_shown(build: Build) -> None:
    with ModelServer(Scenario(verdict)) as server:
        second = f"grep -qF '{HANDED}' $AGENT_OS_HANDOFF || exit 4; {WHOLE}"
        town = town_with(build, server, FIX, second, files=WITHOUT_CI, mode="pull-request")
        number = town.ready("Mend add", BODY)
        task = town.reaches(number, Status.IN_REVIEW, seconds=60)
        assert summary(task.attempts) == [
            ("implement", "w1", FailureCode.GATE_FAILED, True),
            ("implement", "w2", None, False),
        ]
        body = description(town, task)
        assert "| 2. NEWS.txt tells of it | ✅ met | `NEWS.txt:1` | It is told. |" in body
        assert f"A second pair of eyes: `{EYES}` (deepseek-chat, {EYES}-account)" in body
        assert "criterion 2 is not met" in body  # of the attempt before
        assert task.spent is not None and task.spent.usd is not None and task.spent.usd > 0


@pytest.mark.long
def test_while_nobody_can_look_nothing_is_merged_and_no_work_is_lost(build: Build) -> None:
    with ModelServer(Scenario((Fail(Bad.QUOTA),))) as server:
        limits = {"backoff_seconds": 0.05}
        town = town_with(build, server, WHOLE, limits=limits)
        number = town.ready("Mend add", BODY)
        task = town.waits(number, Reason.PROVIDER_COOLING)
        assert summary(task.attempts) == [
            ("implement", "w1", FailureCode.REVIEW_UNAVAILABLE, False)
        ]
        assert task.pull is None and town.pulls() == [] and not task.branch_head
        with town.world.store.read() as tx:
            seen = providers.listed(tx)[f"{EYES}-account"]
        assert seen.code is FailureCode.QUOTA_EXHAUSTED
        work = task.attempts[0].work
        server.scenario = Scenario(verdict)
        task = town.reaches(number, Status.DONE, seconds=60)
    assert summary(task.attempts)[-1] == ("verify", "", None, False)
    assert {a.kind for a in task.attempts[1:]} == {Kind.VERIFY}
    assert task.result is not None and task.result.head == work
    with town.world.store.read() as tx:
        assert trials.summary(tx)[task.spec.type]["w1"].merged == 1


@pytest.mark.long
def test_the_worker_never_looks_at_its_own_work(build: Build) -> None:
    with ModelServer(Scenario(verdict)) as server:
        town = town_with(build, server, WHOLE, review=["w1"])
        number = town.ready("Mend add", BODY)
        task = town.reaches(number, Status.BLOCKED)
        assert task.hold is not None and task.hold.reason == FailureCode.REVIEW_UNAVAILABLE
        assert "names no other agent than the worker" in task.hold.detail
        assert town.kinds(number).count("incident") == 1
        assert town.pulls() == [] and server.count == 0
        town.config["review"] = []
        town.open()
        town.label(number, "Ready")
        task = town.reaches(number, Status.DONE, seconds=60)
    assert [a.kind for a in task.attempts] == [Kind.IMPLEMENT, Kind.VERIFY]


@pytest.mark.long
def test_the_same_change_on_a_newer_base_is_not_looked_at_again(build: Build) -> None:
    with ModelServer(Scenario(verdict)) as server:
        town = town_with(build, server, WHOLE, mode="pull-request")
        number = town.ready("Mend add", BODY)
        town.waits(number, "person_merges")
        asked = server.count
        town.push("main", {"other.txt": "new\n"})
        town.config["repositories"][0]["mode"] = "auto-merge"
        town.open()
        task = town.reaches(number, Status.DONE, seconds=60)
        assert asked == server.count > 0
    assert [a.kind for a in task.attempts] == [Kind.IMPLEMENT, Kind.REFRESH]
    assert "looked at the same change on an earlier base" in description(town, task)


@pytest.mark.long
@pytest.mark.needs("claude")
@pytest.mark.needs("codex")
def test_with_two_real_programs_one_works_and_the_other_looks(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", programs.search_path())
    files = {"calc.py": "def add(a, b):\n    return a + b\n\n\ndef twice(a):\n    return a + a\n"}
    played = {
        "openai": Scenario(
            (*(Write(name, text) for name, text in files.items()), Write("NEWS.txt", "mended\n"))
        ),
        "anthropic": Scenario(verdict),
    }
    with ModelServer(played) as server:
        config = settings(server, "codex", "claude", review=["codex", "claude"])
        town = build(keys=KEYS, **config)
        number = town.ready("Mend add", BODY)
        task = town.reaches(number, Status.DONE, seconds=90)
        assert [(a.agent, a.reviewers) for a in task.attempts] == [("codex", ("claude",))]
        assert "A second pair of eyes: `claude` (claude-sonnet" in description(town, task)
