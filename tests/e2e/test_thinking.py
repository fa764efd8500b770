"""The organization asks a model: what is paid, what is kept, and every way to get no answer."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.jobs import thinking
from agent_os.policy.thinking import fenced
from agent_os.store import log, providers, thoughts, trials
from tests import planted
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Say

from .conftest import Build
from .town import Town

PRICE = {"input": 1.0, "output": 5.0}


class Answer(Contract):
    text: str = Field(max_length=100)
    order: tuple[int, ...] = Field(max_length=5)


GOOD = {"text": "First the parser.", "order": [2, 1]}


def says(given: object) -> Scenario:
    return Scenario((Say(),), answer=given)


def town_of(build: Build, url: str, **more: Any) -> Town:
    """A town that was looked at once, with a model for the planner."""
    account = {"api": "anthropic", "base_url": url, "api_key": "$THINK_KEY"}
    model = {"provider": "lab", "model": "claude-haiku-4-5", "price": PRICE}
    options: dict[str, Any] = {
        "providers": {"lab": account},
        "models": {"planner": model},
        "vendors": ["lab"],
        "keys": {"THINK_KEY": planted.TRIAGE_KEY},
        **more,
    }
    town = build(**options)
    town.jobs()
    return town


def ask(town: Town, prompt: str = "In which order?") -> Answer | None:
    return thinking.think(town.world, town.repo, "planner", "order", prompt, Answer)


def ended(town: Town) -> list[dict[str, Any]]:
    return [e.data for e in town.events() if e.kind is EventKind.THOUGHT_ENDED]


def spent(town: Town) -> float:
    with town.world.store.read() as tx:
        return trials.spent_on(tx, town.world.clock.now())


def test_the_answer_is_kept_paid_and_not_asked_for_twice(build: Build) -> None:
    with ModelServer(says(GOOD)) as server:
        town = town_of(build, server.url)
        secret = f"my key is {town.token}"
        first = ask(town, fenced("In which order?", {"the issue": secret}))
        again = ask(town, fenced("In which order?", {"the issue": secret}))
        assert server.count == 1
        assert first == again == Answer(text="First the parser.", order=(2, 1))
        assert ask(town, "Another question.") == first
    assert server.count == 2
    assert town.token not in str(server.requests[0].body)
    assert "end of the issue" in str(server.requests[0].body)
    one, two = ended(town)
    assert one["code"] == two["code"] == "answered" and one["answer"] == GOOD
    assert 0 < one["usd"] < one["cap"]
    assert spent(town) == pytest.approx(one["usd"] + two["usd"])
    with town.world.store.write() as tx:
        log.rebuild(town.world.store, tx)
        week = thoughts.spent_since(tx, datetime(2020, 1, 1, tzinfo=UTC))
    assert spent(town) == pytest.approx(week) == pytest.approx(one["usd"] + two["usd"])
    assert planted.TRIAGE_KEY not in town.everything()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**GOOD, "text": "x" * 101}, "text: String should have at most 100"),
        pytest.param({**GOOD, "more": 1}, "more: Extra inputs", marks=pytest.mark.long),
        pytest.param({"text": "no"}, "order: Field required", marks=pytest.mark.long),
        pytest.param({**GOOD, "order": ["1"]}, "order.0: Input should be", marks=pytest.mark.long),
    ],
)
def test_a_wrong_answer_is_none_and_is_not_asked_for_again(
    build: Build, given: object, said: str
) -> None:
    with ModelServer(says(given)) as server:
        town = town_of(build, server.url)
        assert ask(town) is None
        assert ask(town) is None
    assert server.count == 1
    assert ended(town)[-1]["code"] == "invalid_result"
    assert said in ended(town)[-1]["detail"]
    assert spent(town) > 0


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("unauthorized", "auth_failed"),
        ("overloaded", "overloaded"),
        pytest.param("rate_limited_reset", "rate_limited", marks=pytest.mark.long),
        pytest.param("quota", "quota_exhausted", marks=pytest.mark.long),
        pytest.param("model_missing", "model_unavailable", marks=pytest.mark.long),
    ],
)
def test_a_provider_that_refuses_is_left_alone(build: Build, scenario: str, code: str) -> None:
    with ModelServer(scenario) as server:
        town = town_of(build, server.url, limits={"backoff_seconds": 60})
        assert ask(town) is None
        assert ask(town, "Another question, at once.") is None
        assert server.count == 1
    first, second = ended(town)
    assert first["code"] == code and first["usd"] == 0
    assert (second["code"], second["reason"]) == ("not_asked", "provider_cooling")
    assert spent(town) == 0
    with town.world.store.read() as tx:
        names = list(providers.listed(tx))
    account = code in ("auth_failed", "quota_exhausted")
    assert names == ["lab" if account else "lab/claude-haiku-4-5/triage"]


@pytest.mark.long
def test_after_its_pause_it_is_asked_again(build: Build) -> None:
    with ModelServer("overloaded") as server:
        town = town_of(build, server.url, limits={"backoff_seconds": 0.05})
        assert ask(town) is None
        server.scenario = says(GOOD)
        assert town.until(lambda: ask(town)) == Answer.model_validate(GOOD)
        assert server.count == 2
    with town.world.store.read() as tx:
        assert all(each.code is None for each in providers.listed(tx).values())


@pytest.mark.parametrize(
    "scenario", ["hang", pytest.param("hang_after_headers", marks=pytest.mark.long)]
)
def test_silence_ends_in_time_and_counts_with_its_cap(build: Build, scenario: str) -> None:
    with ModelServer(scenario) as server:
        town = town_of(build, server.url, limits={"triage_seconds": 0.4, "backoff_seconds": 60})
        assert ask(town) is None
    (only,) = ended(town)
    assert only["code"] == "overloaded" and only["usd"] is None
    assert spent(town) == pytest.approx(only["cap"]) and only["cap"] > 0


@pytest.mark.long
def test_nobody_listens(build: Build) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        town = town_of(build, url, limits={"backoff_seconds": 60})
        assert ask(town) is None
    assert ended(town)[-1]["code"] == "overloaded" and spent(town) == 0


@pytest.mark.parametrize(
    ("more", "reason", "words"),
    [
        ({"limits": {"usd_per_day": 0.01}}, "over_budget", "for this day"),
        ({"improvement": {"usd_per_week": 0.01}}, "over_budget", "improvement.usd_per_week"),
        pytest.param({"vendors": []}, "vendor_not_allowed", "lab", marks=pytest.mark.long),
        pytest.param(
            {"keys": {"THINK_KEY": ""}}, "no_credentials", "THINK_KEY", marks=pytest.mark.long
        ),
    ],
)
def test_trap_39_what_keeps_it_from_being_asked_has_its_reason(
    build: Build, more: dict[str, Any], reason: str, words: str
) -> None:
    with ModelServer(says(GOOD)) as server:
        town = town_of(build, server.url, **more)
        assert ask(town) is None
        assert ask(town) is None
    assert server.count == 0
    (only,) = ended(town)  # the same refusal is told once
    assert (only["code"], only["reason"]) == ("not_asked", reason)
    assert words in only["detail"]
    assert spent(town) == 0


@pytest.mark.long
def test_the_repositorys_own_file_keeps_a_vendor_away(build: Build) -> None:
    files = {"a.py": "", ".agent-os.yaml": "test: 'true'\nvendors: [other]\n"}
    with ModelServer(says(GOOD)) as server:
        town = town_of(build, server.url, files=files)
        assert ask(town) is None
    assert server.count == 0
    assert ended(town)[-1]["reason"] == "vendor_not_allowed"


def test_without_a_model_nothing_is_said_or_written(build: Build) -> None:
    town = build()
    town.jobs()
    assert ask(town) is None
    assert ended(town) == []


@pytest.mark.long
def test_a_thought_whose_process_died_costs_its_cap(build: Build) -> None:
    with ModelServer(says(GOOD)) as server:
        town = town_of(build, server.url)
        ask(town)
        begun = next(e for e in town.events() if e.kind is EventKind.THOUGHT_STARTED)
        before = spent(town)
        died = {**begun.data, "of": "another", "cap": 0.5}
        with town.world.store.write() as tx:
            event = Event(
                kind=begun.kind, at=begun.at, repo_id=begun.repo_id, number=DESK, data=died
            )
            log.append(town.world.store, tx, [event])
        assert spent(town) == pytest.approx(before + 0.5)


@pytest.mark.long
def test_trap_33_a_loop_of_thinking_is_stopped(build: Build) -> None:
    with ModelServer(says(GOOD)) as server:
        town = town_of(build, server.url)
        for number in range(20):
            ask(town, f"Question {number}.")
    assert server.count == 12
    assert ended(town)[-1]["reason"] == "backoff"
