"""The webhook receiver over real HTTP: signed, bounded, each delivery once."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Generator
from typing import Any

import pytest
import requests

from agent_os.web import webhooks
from agent_os.web.server import served

SECRET = "a-fake-secret-for-tests"


class Site:
    """A receiver that is served, and what it woke."""

    def __init__(self, port: int, woken: list[tuple[str, str]]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.woken = woken

    def deliver(
        self,
        event: str = "issues",
        body: Any = None,
        *,
        secret: str = SECRET,
        delivery: str = "",
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        data = raw if raw is not None else json.dumps(body or _about("acme/todo")).encode()
        signature = hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
        given = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
            "X-Hub-Signature-256": f"sha256={signature}",
            **(headers or {}),
        }
        return requests.post(f"{self.url}/webhook", data, headers=given, timeout=10).status_code


def _about(repository: str, action: str = "labeled") -> dict[str, Any]:
    return {
        "action": action,
        "repository": {"full_name": repository},
        "sender": {"login": "alice"},
    }


@pytest.fixture
def site() -> Generator[Site]:
    woken: list[tuple[str, str]] = []
    receiver = webhooks.Receiver(
        SECRET,
        lambda job, repo: woken.append((job, repo)),
        lambda: True,
        lambda event, payload: payload["sender"]["login"] == "ours",
    )
    with served(receiver.app(), "127.0.0.1", 0) as port:
        yield Site(port, woken)


def test_each_event_wakes_the_jobs_that_look_at_it(site: Site) -> None:
    for event, jobs in webhooks.EVENTS.items():
        site.woken.clear()
        assert site.deliver(event, _about("acme/todo", action="completed")) == 202
        assert site.woken == [(job, "acme/todo") for job in jobs]


def test_what_is_our_own_act_or_not_over_yet_wakes_nothing(site: Site) -> None:
    ours = {**_about("acme/todo"), "sender": {"login": "ours"}}
    assert site.deliver("issues", ours) == 202
    assert site.deliver("check_run", _about("acme/todo", action="created")) == 202
    assert site.deliver("status", {**_about("acme/todo"), "state": "pending"}) == 202
    assert site.woken == []


def test_an_unsigned_or_wrongly_signed_delivery_wakes_nothing(site: Site) -> None:
    assert site.deliver(secret="another") == 401
    assert site.deliver(headers={"X-Hub-Signature-256": ""}) == 401
    assert (
        site.deliver(headers={"X-Hub-Signature-256": "sha256=é".encode().decode("latin-1")}) == 401
    )
    assert site.woken == []


def test_a_doubled_delivery_counts_once(site: Site) -> None:
    assert [site.deliver(delivery="d-1") for _ in range(3)] == [202, 202, 202]
    assert len(site.woken) == 1


def test_other_events_and_deliveries_without_repository_are_taken_and_ignored(site: Site) -> None:
    assert site.deliver("star") == 202
    assert site.deliver("ping", {"zen": "x"}) == 202
    assert site.woken == []


@pytest.mark.parametrize("raw", [b"", b"not json", b"[1]", b"\xff\xfe", b"[" * 20_000])
def test_a_body_that_is_no_delivery_is_refused(site: Site, raw: bytes) -> None:
    assert site.deliver(raw=raw) == 400
    assert site.woken == []


def test_a_body_over_the_limit_is_not_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LARGEST_BODY", 1000)
    assert site.deliver(raw=b"x" * 1001) == 413
    assert site.deliver() == 202


def test_how_we_are(site: Site) -> None:
    assert requests.get(f"{site.url}/healthz", timeout=10).json() == {"ok": True}
    assert requests.get(f"{site.url}/readyz", timeout=10).status_code == 200


def test_not_ready_is_said() -> None:
    receiver = webhooks.Receiver(SECRET, lambda *_: None, lambda: False, lambda *_: False)
    with served(receiver.app(), "127.0.0.1", 0) as port:
        assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 503
