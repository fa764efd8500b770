"""The one way out of a sandbox: what is listed is reached, all else refused, whatever is sent."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent_os.attempt.outside import place_of
from agent_os.domain.profiles import Narrowing, Profile, Profiles
from agent_os.workspace.sandbox.door import open_door
from agent_os.workspace.sandbox.reach import Reach, Refused, split_place

from .world import FIX, World

ANSWER = b"from outside\n"


class Outside(http.server.BaseHTTPRequestHandler):
    """Says its piece, and notes what it was asked."""

    asked: list[tuple[str, str, dict[str, str]]]

    def do_GET(self) -> None:
        self.asked.append(
            (self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def outside() -> Iterator[http.server.ThreadingHTTPServer]:
    handler = type("Handler", (Outside,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def asked_of(server: http.server.ThreadingHTTPServer) -> list[tuple[str, str, dict[str, str]]]:
    return server.RequestHandlerClass.asked  # type: ignore[attr-defined]  # set by the fixture


def send(door: Path, data: bytes) -> bytes:
    with closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(20)
        client.connect(str(door))
        client.sendall(data)
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_tunnel_leads_to_a_listed_place_and_to_no_other(
    tmp_path: Path, outside: http.server.ThreadingHTTPServer
) -> None:
    port = outside.server_address[1]
    seen: list[tuple[str, str]] = []
    reach = Reach(named=(f"127.0.0.1:{port}",))
    with open_door(tmp_path, reach, lambda *what: seen.append(what)) as door:
        assert door is not None
        get = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        opened = send(door.socket, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode() + get)
        refused = send(door.socket, b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n")
    assert status(opened) == 200
    assert opened.endswith(ANSWER)
    assert status(refused) == 403
    assert b"127.0.0.1:1 is not in the `network`" in refused
    assert seen[0] == (f"127.0.0.1:{port}", "")
    assert seen[1][0] == "127.0.0.1:1"
    assert seen[1][1]
    assert not (tmp_path / "door").exists()


def test_a_plain_request_names_the_host_it_goes_to(
    tmp_path: Path, outside: http.server.ThreadingHTTPServer
) -> None:
    """The Host header is ours, and one request is all that a connection carries."""
    port = outside.server_address[1]
    with open_door(tmp_path, Reach(own=(f"127.0.0.1:{port}",)), lambda *_: None) as door:
        assert door is not None
        line = f"GET http://127.0.0.1:{port}/a?b=1 HTTP/1.1\r\n"
        heads = "Host: evil.example\r\nProxy-Authorization: Basic eA==\r\nX-Kept: yes\r\n\r\n"
        second = "GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n"
        answer = send(door.socket, (line + heads + second).encode())
    assert answer.endswith(ANSWER)
    ((command, path, headers),) = asked_of(outside)
    assert (command, path) == ("GET", "/a?b=1")
    assert headers == {"host": f"127.0.0.1:{port}", "x-kept": "yes", "connection": "close"}


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n",
        b"CONNECT :80 HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT a b:80 HTTP/1.1\r\n\r\n",
        b"connect 127.0.0.1:80 HTTP/1.1\r\n\r\n",
        b"GET ftp://127.0.0.1/ HTTP/1.1\r\n\r\n",
        b"GET http://user:pw@127.0.0.1/ HTTP/1.1\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/1.1\r\nX: a\nY: b\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/1.1\r\nX\x00: a\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n",
        b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, data: bytes) -> None:
    with open_door(tmp_path, Reach(named=("127.0.0.1:80", "127.0.0.1")), lambda *_: None) as door:
        assert door is not None
        assert status(send(door.socket, data)) == 400


def test_what_is_open_ends_with_the_door(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        client = socket.socket(socket.AF_UNIX)
        with open_door(tmp_path, Reach(own=(f"127.0.0.1:{port}",)), lambda *_: None) as door:
            assert door is not None
            client.connect(str(door.socket))
            client.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
            accepted, _ = server.accept()
            client.settimeout(10)
            assert b" 200 " in client.recv(100)
        accepted.settimeout(10)
        assert (client.recv(1), accepted.recv(1)) == (b"", b"")
        client.close()
        accepted.close()


def test_a_door_deep_in_the_folders_can_be_opened(tmp_path: Path) -> None:
    """A socket's address has some hundred characters; the path of an attempt may have more."""
    folder = tmp_path / ("x" * 120) / ("y" * 120)
    folder.mkdir(parents=True)
    with open_door(folder, Reach(named=("example.org",)), lambda *_: None) as door:
        assert door is not None
        assert door.socket.is_socket()


@pytest.mark.parametrize(
    ("named", "host", "port", "address", "allowed"),
    [
        ("example.org", "example.org", 443, "93.184.216.34", True),
        ("example.org", "EXAMPLE.org.", 443, "93.184.216.34", True),
        ("example.org", "example.org", 80, "93.184.216.34", False),
        ("example.org:80", "example.org", 80, "93.184.216.34", True),
        ("example.org", "a.example.org", 443, "93.184.216.34", False),
        ("*.example.org", "a.b.example.org", 443, "93.184.216.34", True),
        ("*.example.org", "example.org", 443, "93.184.216.34", False),
        ("*.example.org", "evilexample.org", 443, "93.184.216.34", False),
        ("example.org", "example.org", 443, "127.0.0.1", False),
        ("example.org", "example.org", 443, "10.1.2.3", False),
        ("example.org", "example.org", 443, "169.254.169.254", False),
        ("example.org", "example.org", 443, "::1", False),
        ("example.org", "example.org", 443, "::ffff:127.0.0.1", False),
        ("example.org", "example.org", 443, "fd00::1", False),
        ("10.1.2.3:8080", "10.1.2.3", 8080, "10.1.2.3", True),
        ("10.1.2.3:8080", "10.1.2.3", 443, "10.1.2.3", False),
        ("*.2.3:443", "10.1.2.3", 443, "10.1.2.3", False),
        ("[::1]:9", "::1", 9, "::1", True),
    ],
)
def test_what_is_within_reach(
    named: str, host: str, port: int, address: str, allowed: bool
) -> None:
    """A listed name that leads into a private network is no way into it."""
    reach = Reach(named=(named,), resolve=lambda _host, port: [(address, port)])
    if allowed:
        assert reach.addresses(host, port) == [(address, port)]
    else:
        with pytest.raises(Refused):
            reach.addresses(host, port)


def test_the_owners_own_provider_may_be_anywhere() -> None:
    reach = Reach(own=("llm.corp:8000",), resolve=lambda _host, port: [("10.9.9.9", port)])
    assert reach.addresses("llm.corp", 8000) == [("10.9.9.9", 8000)]
    assert Reach(own=("localhost:9", "a.org:1"), named=("127.0.0.1:7",)).local == (
        "localhost:9",
        "127.0.0.1:7",
    )


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.org/v1", "a.org:443"),
        ("http://a.org", "a.org:80"),
        ("http://[::1]:8/v1", "[::1]:8"),
        ("ftp://a.org", ""),
        ("nonsense", ""),
        ("http://a.org:x", ""),
    ],
)
def test_the_place_of_a_url(url: str, place: str) -> None:
    assert place_of(url) == place
    if place:
        assert split_place(place)[1] > 0


def test_a_repository_narrows_and_never_widens() -> None:
    ours = Profile(network=("a.org", "*.b.org:443"), memory_mb=100, disk_mb=0)
    asked = Narrowing(network=("a.org", "x.b.org", "c.org"), memory_mb=900, disk_mb=5)
    both = ours.narrowed(asked)
    assert both.network == ("a.org", "x.b.org")
    assert (both.memory_mb, both.disk_mb) == (100, 5)
    assert ours.narrowed(Narrowing()) == ours
    assert ours.narrowed(Narrowing(network=())).network == ()
    assert not ours.narrowed(Narrowing(writable=False)).writable


def test_a_role_keeps_the_defaults_that_it_does_not_name() -> None:
    profiles = Profiles.model_validate({"research": {"memory_mb": 7}})
    assert (profiles.research.memory_mb, profiles.research.writable) == (7, False)


FETCH = (
    "import urllib.request as r, sys\n"
    "try:\n    print('GOT', r.urlopen(sys.argv[1], timeout=10).read())\n"
    "except Exception as e:\n    print('NOT', e)\n"
)


@pytest.mark.needs("bwrap")
def test_an_attempt_reaches_what_its_roles_may(
    world: World, outside: http.server.ThreadingHTTPServer
) -> None:
    """Setup may reach the server, checks and the worker may not; refusals stand in the journal."""
    place = f"127.0.0.1:{outside.server_address[1]}"
    world.base = world.commit({"fetch.py": FETCH})
    world.sync()
    attempt = world.attempt(
        f"python3 fetch.py http://{place}/worker > worker.txt; {FIX}",
        sandbox="bwrap",
        gates={
            "setup": f"python3 fetch.py http://{place}/setup | grep GOT",
            "checks": {"no-way-out": f"python3 fetch.py http://{place}/gate | grep NOT"},
        },
        profiles={"setup": {"network": [place]}},
    )
    outcome = attempt.run()
    assert outcome.code is None, outcome
    assert {path for _, path, _ in asked_of(outside)} == {"/setup"}
    lines = [json.loads(line) for line in attempt.text("events.jsonl").splitlines()]
    assert {line["place"] for line in lines if line["event"] == "reached"} == {place}
