"""GitHub's hourly limits: when an hour is written down, and what the hours say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent_os.domain.events import Event, EventKind
from agent_os.github.governor import Governor
from agent_os.policy.metrics import api_use
from agent_os.policy.metrics.api_use import Allowance
from tests.contract.stores import SetClock

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def hour(
    used: int = 100, minutes: float = 5, resource: str = "core", limit: int = 5000
) -> Allowance:
    until = NOW + timedelta(minutes=minutes)
    return Allowance(resource=resource, used=used, limit=limit, resets_at=until)


def event(one: Allowance) -> Event:
    return Event(kind=EventKind.API_USED, at=NOW, data=one.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("seen", "known", "recorded"),
    [
        pytest.param(hour(), (), True, id="its last minutes"),
        pytest.param(hour(minutes=40), (), False, id="too early to say"),
        pytest.param(hour(5000, minutes=40), (), True, id="nothing is left"),
        pytest.param(hour(minutes=-1), (), False, id="it is over"),
        pytest.param(hour(120), (hour(100),), False, id="this hour is known"),
        pytest.param(hour(), (hour(minutes=5.01),), False, id="replicas differ by a second"),
        pytest.param(hour(), (hour(minutes=-55),), True, id="the hour before is known"),
        pytest.param(hour(), (hour(resource="graphql"),), True, id="another limit is known"),
    ],
)
def test_an_hour_is_written_down_once(
    seen: Allowance, known: tuple[Allowance, ...], recorded: bool
) -> None:
    found = api_use.to_record([seen], [event(one) for one in known], NOW, NOW)
    assert [Allowance.model_validate(e.data) for e in found] == ([seen] if recorded else [])


def test_the_hours_together_with_their_number_and_interval() -> None:
    hours = [hour(used) for used in (500, 1000, 1500, 2000, 2500, 3000, 9999)]
    graph = hour(50, resource="graphql")
    core, other = api_use.measured([event(one) for one in (*hours, graph)])
    assert (core.hours, core.median, core.most) == (7, 0.4, 1.0)
    assert core.low is not None and core.high is not None and core.low < 0.4 < core.high
    assert (other.resource, other.low, other.high) == ("graphql", None, None), (
        "one hour is no range"
    )
    assert (
        api_use.said(other)
        == "graphql: 1% of 5,000 an hour in the median, 1% at most, over 1 hours"
    )
    assert api_use.measured([]) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-used": "1", "x-ratelimit-limit": "0", "x-ratelimit-reset": "1767614700"},
        {"x-ratelimit-used": "-1", "x-ratelimit-limit": "9", "x-ratelimit-reset": "1767614700"},
        {"x-ratelimit-used": "1", "x-ratelimit-limit": "9", "x-ratelimit-reset": "9" * 30},
    ],
)
def test_headers_that_say_nothing_are_no_allowance(headers: dict[str, str]) -> None:
    governor = Governor(SetClock())
    governor.note(200, headers)
    assert governor.allowances() == ()


def test_the_newest_answer_counts_for_each_limit() -> None:
    governor = Governor(SetClock())
    for used, name in ((1, "core"), (7, "graphql"), (2, "core")):
        given = {"used": str(used), "limit": "9", "reset": "1767614700", "resource": name}
        governor.note(200, {f"x-ratelimit-{key}": value for key, value in given.items()})
    assert {one.resource: one.used for one in governor.allowances()} == {"core": 2, "graphql": 7}
