"""The webhook receiver over real HTTP: signed, bounded, each delivery once."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import uuid
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from agent_os.config.loading import load_config
from agent_os.domain.errors import ConfigError
from agent_os.web import server, webhooks
from agent_os.web.server import served
from tests import planted

SECRET = planted.WEBHOOK_SECRET


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


def test_the_same_body_under_another_id_is_a_replay(site: Site) -> None:
    """The signature covers the body alone: id and event are whatever the sender writes."""
    assert [site.deliver(delivery=f"d-{n}") for n in range(3)] == [202, 202, 202]
    assert len(site.woken) == 1
    assert site.deliver("issues", {**_about("acme/todo"), "at": "later"}) == 202
    assert len(site.woken) == 2


def test_another_content_type_is_refused_once_it_is_signed(site: Site) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert site.deliver(headers=form) == 415
    assert site.deliver(headers=form, secret="another") == 401
    assert site.deliver(headers={"Content-Type": "application/json; charset=utf-8"}) == 202
    assert len(site.woken) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    assert requests.request(method, f"{site.url}/webhook", timeout=10).status_code == 405
    assert site.woken == []


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as one can see without measuring: by the function that is made for it."""
    asked: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        asked.append((one, other))
        return one == other

    monkeypatch.setattr(webhooks.hmac, "compare_digest", compare)
    receiver = webhooks.Receiver(SECRET, lambda *_: None, lambda: True, lambda *_: False, "t0ken")
    with served(receiver.app(), "127.0.0.1", 0) as port:
        site = Site(port, [])
        assert site.deliver(secret="another") == 401
        assert requests.get(f"{site.url}/healthz", timeout=10).status_code == 401
    assert len(asked) == 2


def test_a_slow_body_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "BODY_SECONDS", 0.2)
    with _connected(site) as wire:
        wire.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        assert wire.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert site.deliver() == 202


@pytest.mark.parametrize("sent", [b"", b"POST /webhook HTTP/1.1\r\nHost: x\r\nX-A: b"])
def test_a_connection_without_a_request_is_closed(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.2)
    receiver = webhooks.Receiver(SECRET, lambda *_: None, lambda: True, lambda *_: False)
    with served(receiver.app(), "127.0.0.1", 0) as port:
        site = Site(port, [])
        with _connected(site) as wire:
            wire.sendall(sent)
            with suppress(ConnectionResetError):  # closed as well
                assert wire.recv(1000) == b""
        assert site.deliver() == 202


def test_more_connections_than_there_is_room_for_are_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "_MOST", 3)
    receiver = webhooks.Receiver(SECRET, lambda *_: None, lambda: True, lambda *_: False)
    with served(receiver.app(), "127.0.0.1", 0) as port:
        full = Site(port, [])
        wires = [_connected(full) for _ in range(3)]
        assert full.deliver() == 503
        for wire in wires:
            wire.close()


def test_a_fault_of_ours_shows_nothing_of_the_inside() -> None:
    def broken(_job: str, _repository: str) -> None:
        raise LookupError("the inside")

    receiver = webhooks.Receiver(SECRET, broken, lambda: True, lambda *_: False)
    with served(receiver.app(), "127.0.0.1", 0) as port:
        url, body = f"http://127.0.0.1:{port}/webhook", json.dumps(_about("acme/todo")).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": "issues", "X-GitHub-Delivery": "d"}
        headers["X-Hub-Signature-256"] = f"sha256={signature}"
        answer = requests.post(url, body, headers=headers, timeout=10)
    assert answer.status_code == 500
    assert "inside" not in answer.text and "Traceback" not in answer.text
    assert "server" not in answer.headers


def test_with_a_token_only_who_sends_it_is_told_how_we_are() -> None:
    receiver = webhooks.Receiver(SECRET, lambda *_: None, lambda: True, lambda *_: False, "t0ken")
    with served(receiver.app(), "127.0.0.1", 0) as port:
        for page in ("healthz", "readyz"):
            url = f"http://127.0.0.1:{port}/{page}"
            for given in ("", "t0ken", "Bearer t0kem", "Bearer t0ken "):
                headers = {"Authorization": given.strip() or "Bearer"}
                expected = 200 if given == "Bearer t0ken " else 401
                assert requests.get(url, headers=headers, timeout=10).status_code == expected
        assert Site(port, []).deliver() == 202  # what is signed needs no token


ENVIRON = {"T": "x", "S": "a-fake-secret", "K": "a-fake-token"}


def _configured(folder: Path, listen: str, more: str = "") -> str:
    path = folder / "config.yaml"
    path.write_text(f"github: {{token: $T}}\nwebhooks: {{listen: '{listen}', secret: $S{more}}}\n")
    return load_config(path, ENVIRON).webhooks.address[0]


@pytest.mark.parametrize(
    ("listen", "host"),
    [
        (":80", "127.0.0.1"),
        ("127.0.0.2:80", "127.0.0.2"),
        ("[::1]:80", "::1"),
        ("localhost:80", "localhost"),
    ],
)
def test_it_listens_on_this_machine_by_default(tmp_path: Path, listen: str, host: str) -> None:
    assert _configured(tmp_path, listen) == host


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "box.example:80"])
def test_beyond_this_machine_it_needs_a_token(tmp_path: Path, listen: str) -> None:
    with pytest.raises(ConfigError, match="needs a `token` too"):
        _configured(tmp_path, listen)
    assert _configured(tmp_path, listen, ", token: $K")


def test_the_token_is_no_secret_of_the_config_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds a secret in the file"):
        _configured(tmp_path, ":80", ", token: not-a-real-one")


def _connected(site: Site) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2])), timeout=10)


def test_a_comment_on_a_pull_request_wakes_who_looks_at_those(site: Site) -> None:
    comment = _about("acme/todo", "created")
    assert site.deliver("issue_comment", {**comment, "issue": {"number": 1}}) == 202
    on_pull = {"number": 2, "pull_request": {"url": "u"}}
    assert site.deliver("issue_comment", {**comment, "issue": on_pull}) == 202
    assert site.woken == [("dispatcher", "acme/todo"), ("pr-monitor", "acme/todo")]
