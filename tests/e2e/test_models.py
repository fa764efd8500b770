"""The main job by agents with models: the real programs, the real SDKs, a scripted model server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.tasks import Status
from agent_os.policy import descriptions
from tests.agents import programs
from tests.models.conversation import Conversation
from tests.models.reply import Usage
from tests.models.scenario import Scenario
from tests.models.scenarios import quota_plan, succeed
from tests.models.server import ModelServer
from tests.models.steps import Fail, Kind, Shell, Step, Write

from .conftest import Build
from .town import CALC, FILES

KEYS = {"TEST_KEY": programs.SECRET}
GOOD = {"calc.py": CALC.replace("a - b", "a + b")}
#: Not in the price list that we keep: said to be unknown, never free.
UNPRICED = ("qwen",)
QUICK = ("claude", "native-chat")


def settings(server: ModelServer, *names: str, **more: Any) -> dict[str, Any]:
    """The config's part about agents: each has a provider of its own at the model server."""
    agents: dict[str, Any] = {}
    providers: dict[str, Any] = {}
    for name in names:
        one = programs.NAMED[name]
        suffix = "/v1" if one.api.startswith("openai") else ""
        providers[f"{name}-account"] = {
            "api": one.api,
            "base_url": server.url + suffix,
            "api_key": "$TEST_KEY",
        }
        agents[name] = {"driver": one.driver, "provider": f"{name}-account", "model": one.model}
    return {"providers": providers, "agents": agents, "routing": {"default": list(names)}, **more}


@pytest.fixture(autouse=True)
def the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", programs.search_path())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            one.name,
            marks=[
                *([pytest.mark.needs(one.program)] if one.program else []),
                *([] if one.name in QUICK else [pytest.mark.long]),
            ],
        )
        for one in programs.AGENTS
    ],
)
def test_an_issue_becomes_a_merged_pull_request(build: Build, name: str) -> None:
    with ModelServer(succeed(GOOD)) as server:
        town = build(keys=KEYS, **settings(server, name))
        number = town.ready("Mend add", "It subtracts.")
        task = town.reaches(number, Status.DONE, seconds=90)
        assert [a.agent for a in task.attempts] == [name]
        assert task.spent is not None and task.spent.usage.output > 0
        assert (task.spent.usd is None) is (name in UNPRICED)
        assert task.pull is not None
        body = town.pull(task.pull.number)["body"]
        assert descriptions.money(task.spent) in body and descriptions.tokens(task.spent) in body
        assert descriptions.money(task.spent) in town.comments_of(number)[0]
        assert programs.SECRET not in town.everything()
    assert server.count > 0


@pytest.mark.needs("codex")
@pytest.mark.needs("claude")
@pytest.mark.needs("gemini")
@pytest.mark.long
def test_three_providers_fail_and_the_fourth_agent_finishes(build: Build) -> None:
    failing = {
        "anthropic": "quota",
        "openai-responses": "server_error",
        "google": "hang",
        "openai-chat": succeed(GOOD),
    }
    names = ("claude", "codex", "gemini", "native-chat")
    with ModelServer(failing) as server:
        config = settings(server, *names, limits={"stall_minutes": 0.1, "backoff_seconds": 60})
        town = build(keys=KEYS, **config)
        number = town.ready("Mend add", "It subtracts.")
        task = town.reaches(number, Status.DONE, seconds=120)
    codes = [(a.agent, a.code, a.charged) for a in task.attempts]
    assert codes == [
        ("claude", FailureCode.QUOTA_EXHAUSTED, False),
        ("codex", FailureCode.OVERLOADED, False),
        ("gemini", FailureCode.OVERLOADED, False),
        ("native-chat", None, False),
    ]


@pytest.mark.long
def test_trap_13_an_exhausted_quota_is_asked_once_until_its_reset(build: Build) -> None:
    with ModelServer({"anthropic": quota_plan(7200)}) as server:
        town = build(keys=KEYS, **settings(server, "native-anthropic"))
        first = town.ready("Mend add", "It subtracts.")
        waiting = town.waits(first, "provider_cooling")
        asked = server.count
        second = town.ready("Mend add again", "It subtracts still.")
        town.waits(second, "provider_cooling")
        for _ in range(10):
            town.jobs()
        assert server.count == asked
        assert waiting.waiting is not None and waiting.waiting.until is not None
        pause = waiting.waiting.until - town.clock.now()
        assert timedelta(hours=1.9) < pause <= timedelta(hours=2)
        assert not any(a.charged for a in waiting.attempts)
        town.close(second)
        # The reset comes, and the same agent goes on.
        server.scenario = succeed(GOOD)
        town.clock.ahead = timedelta(hours=2, minutes=1)
        done = town.reaches(first, Status.DONE)
        assert [a.code for a in done.attempts] == [FailureCode.QUOTA_EXHAUSTED, None]


@pytest.mark.long
def test_a_new_key_ends_the_pause_that_the_old_one_had_earned(build: Build) -> None:
    with ModelServer("unauthorized") as server:
        town = build(keys=KEYS, **settings(server, "native-chat"))
        number = town.ready("Mend add", "It subtracts.")
        town.waits(number, "provider_cooling")
        server.scenario = succeed(GOOD)
        town.keys = {"TEST_KEY": "sk-test-renewed"}
        town.open()
        done = town.reaches(number, Status.DONE)
        assert [a.code for a in done.attempts] == [FailureCode.AUTH_FAILED, None]


@pytest.mark.long
def test_the_next_agent_goes_on_from_the_work_that_a_refused_one_left(build: Build) -> None:
    half = Scenario((Write("half.txt", "half\n"), Fail(Kind.QUOTA)))
    with ModelServer({"anthropic": half, "openai-chat": succeed(GOOD)}) as server:
        town = build(keys=KEYS, **settings(server, "native-anthropic", "native-chat"))
        number = town.ready("Mend add", "It subtracts.")
        task = town.reaches(number, Status.DONE)
        first, second = task.attempts
        assert first.code is FailureCode.QUOTA_EXHAUSTED and first.work
        assert second.start == first.work
        assert "half.txt" in town.attempt_file(number, 2, "handoff.md")
        assert town.file("half.txt") == "half\n"


def test_code_does_not_go_to_a_vendor_that_the_repository_does_not_allow(build: Build) -> None:
    file = f"{FILES['.agent-os.yaml']}vendors: [native-chat-account]\n"
    with ModelServer(succeed(GOOD)) as server:
        config = settings(server, "native-anthropic")
        town = build(keys=KEYS, files={**FILES, ".agent-os.yaml": file}, **config)
        number = town.ready("Mend add", "It subtracts.")
        task = town.waits(number, "vendor_not_allowed")
        assert server.count == 0 and not task.attempts
        assert task.waiting is not None and "native-anthropic-account" in task.waiting.detail


@pytest.mark.long
def test_trap_35_an_attempt_ends_at_its_cap_from_outside(build: Build) -> None:
    dear = Scenario(endless(), usage=Usage(input=100_000, output=10_000))
    with ModelServer({"anthropic": dear}) as server:
        limits = {"usd_per_attempt": 1, "usd_per_task": 1, "attempts": 2}
        town = build(keys=KEYS, **settings(server, "native-anthropic", limits=limits))
        number = town.ready("Mend add", "It subtracts.")
        task = town.reaches(number, Status.BLOCKED)
        assert task.hold is not None and task.hold.reason == FailureCode.BUDGET_EXHAUSTED
        assert task.attempts[0].code is FailureCode.BUDGET_EXHAUSTED
        spent = task.spent
        assert spent is not None and spent.usd is not None
        assert 0.5 < spent.usd < 2  # one turn may go over
        assert "one turn may go over" in task.attempts[0].detail


def test_trap_33_an_idle_night_asks_no_model(build: Build) -> None:
    with ModelServer("succeed") as server:
        models = {"default": {"provider": "native-chat-account", "model": "deepseek-chat"}}
        town = build(keys=KEYS, **settings(server, "native-chat"), models=models)
        town.issue("Not asked for", "Nobody labelled it.")
        for hour in range(12):
            town.clock.ahead = timedelta(hours=hour)
            town.jobs()
        assert server.count == 0


@pytest.mark.long
def test_four_variables_are_enough_for_our_own_agent(build: Build) -> None:
    with ModelServer({"openai-chat": succeed(GOOD)}) as server:
        town = build()
        for key in ("agents", "routing"):
            del town.config[key]
        town.keys = {
            "AGENT_OS_LLM_BASE_URL": f"{server.url}/v1",
            "AGENT_OS_LLM_MODEL": "deepseek-chat",
            "AGENT_OS_LLM_API_KEY": programs.SECRET,
        }
        town.config["models"] = {}
        town.open()
        number = town.ready("Mend add", "It subtracts.")
        task = town.reaches(number, Status.DONE)
        assert [a.agent for a in task.attempts] == ["own"]


def endless() -> Callable[[Conversation], Sequence[Step]]:
    """One harmless command after the other."""
    return lambda _conversation: tuple(Shell(f"echo {n}") for n in range(200))
