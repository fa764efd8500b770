"""Failures on order: limits, lag, chance, CI that changes its mind, tokens that are refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.hub import HubProcess, git

CI = """\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: test ! -e broken
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "root", ["alice", "bob"]) as running:
        running.seed("acme/shop", {"a": "1"})
        yield running


@pytest.fixture
def hub(shared: HubProcess) -> Iterator[HubProcess]:
    yield shared
    shared.admin("DELETE", "/faults")
    shared.admin("POST", "/ci", {"flip": None, "paused": False, "delay": 0})


def until(found: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (seen := found()):
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.05)
    return seen


def numbers(hub: HubProcess, query: str = "") -> list[int]:
    found = hub.api("GET", f"/repos/acme/shop/issues?state=all&{query}")
    return [issue["number"] for issue in found.json()]


def issue(hub: HubProcess, title: str = "one") -> int:
    return hub.api("POST", "/repos/acme/shop/issues", {"title": title}).json()["number"]


def test_the_secondary_limit(hub: HubProcess) -> None:
    hub.fault("POST", "/issues$", "secondary_limit", seconds=2)
    hub.fault("POST", "/issues$", "secondary_limit", status=429)
    path = "/repos/acme/shop/issues"
    first, second, third = (hub.api("POST", path, {"title": "x"}) for _ in range(3))
    assert [first.status_code, second.status_code, third.status_code] == [403, 429, 201]
    assert (first.headers["Retry-After"], second.headers["Retry-After"]) == ("2", "1")
    assert "exceeded a secondary rate limit" in first.json()["message"]


def test_the_primary_limit(hub: HubProcess) -> None:
    hub.fault("*", "/user$", "primary_limit", seconds=30)
    refused = hub.api("GET", "/user")
    assert refused.status_code == 403 and "API rate limit exceeded" in refused.json()["message"]
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert 25 < int(refused.headers["X-RateLimit-Reset"]) - time.time() <= 31
    assert hub.api("GET", "/user").status_code == 200


def test_an_answer_may_be_late_and_other_faults_go_on(hub: HubProcess) -> None:
    hub.fault("GET", "/user$", "latency", seconds=0.3, count=2)
    hub.fault("GET", "/user$", status=500)
    started = time.monotonic()
    assert [hub.api("GET", "/user").status_code for _ in range(3)] == [500, 200, 200]
    assert 0.6 <= time.monotonic() - started < 5


def test_chance_is_replayed_by_its_seed(hub: HubProcess) -> None:
    def story(seed: int) -> list[int]:
        hub.admin("DELETE", "/faults")
        hub.fault("GET", "/user$|/rate_limit$", probability=0.5, seed=seed)
        return [hub.api("GET", "/user").status_code for _ in range(24)]

    first, other = story(7), story(8)
    assert set(first) == {200, 502} and first != other
    assert story(7) == first
    [counted] = hub.admin("GET", "/faults")
    assert (counted["matched"], counted["fired"]) == (24, first.count(502))
    assert counted["count"] is None


def test_spent_faults_are_counted_too(hub: HubProcess) -> None:
    hub.fault("GET", "/user$", status=503)
    assert hub.api("GET", "/user").status_code == 503
    assert hub.admin("GET", "/faults") == []
    [spent] = hub.admin("GET", "/faults?spent=1")
    assert (spent["fired"], spent["count"]) == (1, 0)


def test_what_can_not_be_ordered(hub: HubProcess) -> None:
    for wrong in (
        {"path": "("},
        {"kind": "stale"},
        {"path": "x", "kind": "unknown"},
        {"path": "x", "probability": 2},
        {"path": "x", "seconds": -1},
        {"path": "x", "fired": 3},
    ):
        answer = requests.post(f"{hub.url}/_hub/faults", json=wrong, timeout=10)
        assert answer.status_code == 422, wrong


@pytest.mark.long
def test_stale_lists_show_what_was(hub: HubProcess) -> None:
    old = issue(hub)
    path = f"/repos/acme/shop/issues/{old}"
    hub.fault("*", "/issues$", "stale", seconds=2, count=None)
    new = issue(hub)
    hub.api("POST", f"{path}/labels", {"labels": ["Ready"]})
    written = time.monotonic()
    listed = hub.api("GET", "/repos/acme/shop/issues?state=all").json()
    assert listed[0]["number"] == old
    assert listed[0]["labels"] == []
    assert hub.api("GET", path).json()["labels"][0]["name"] == "Ready"
    assert until(lambda: new in numbers(hub), "the new issue")
    assert time.monotonic() - written > 1
    assert until(lambda: numbers(hub, "labels=Ready") == [old], "the label")


def test_lists_may_lack_their_newest_entries(hub: HubProcess) -> None:
    made = [issue(hub) for _ in range(3)]
    hub.fault("GET", "/issues$", "hide_newest", items=2, count=2)
    assert numbers(hub)[0] == made[0]
    assert numbers(hub, "direction=asc")[-1] == made[0]
    assert numbers(hub)[0] == made[-1]
    hub.fault("GET", "/events$", "hide_newest", items=1)
    hub.api("PATCH", f"/repos/acme/shop/issues/{made[0]}", {"state": "closed"})
    events = f"/repos/acme/shop/issues/{made[0]}/events"
    assert hub.api("GET", events).json() == []
    assert [each["event"] for each in hub.api("GET", events).json()] == ["closed"]


def test_a_revoked_token_is_refused_until_restored(hub: HubProcess, tmp_path: Path) -> None:
    assert hub.admin("POST", "/tokens", {"login": "bob", "revoked": True})["revoked"] is True
    assert hub.api("GET", "/user", user="bob").status_code == 401
    assert hub.api("GET", "/user").status_code == 200
    refused = git("clone", hub.git_url("acme/shop", "bob"), tmp_path / "work", check=False)
    assert "Authentication failed" in refused
    hub.admin("POST", "/tokens", {"login": "bob", "revoked": False})
    assert hub.api("GET", "/user", user="bob").status_code == 200


def test_ci_that_fails_once_and_is_green_again(hub: HubProcess) -> None:
    hub.admin("POST", "/ci", {"flip": {"repo": "acme/flaky", "event": "push"}})
    sha = hub.seed("acme/flaky", {".github/workflows/ci.yml": CI})

    def run() -> Any:
        [found] = hub.api("GET", "/repos/acme/flaky/actions/runs").json()["workflow_runs"]
        return found if found["status"] == "completed" else None

    first = until(run, "the run")
    [check] = hub.api("GET", f"/repos/acme/flaky/commits/{sha}/check-runs").json()["check_runs"]
    assert (first["conclusion"], check["conclusion"]) == ("failure", "failure")
    path = f"/repos/acme/flaky/actions/runs/{first['id']}"
    [job] = hub.api("GET", f"{path}/jobs").json()["jobs"]
    assert [step["conclusion"] for step in job["steps"]][-2:] == ["success", "failure"]
    assert hub.api("POST", f"{path}/rerun").status_code == 201
    assert until(run, "the second attempt")["conclusion"] == "success"
    assert hub.admin("GET", "/ci")["flips"][0]["fired"] == 1
