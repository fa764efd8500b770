"""Attacks on the one way out: a proxy that leads to listed places only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import suppress

import pytest

from agent_os.domain.profiles import Profile, Profiles
from tests.attempt.world import World
from tests.redteam.attackers import attacked, python, said

pytestmark = pytest.mark.needs("bwrap")
#: Sends each request through the relay and to the door itself, and tells the first line of the
#: answer. `@` is the allowed place, `%` another port of the host's.
TALK = """
import os, socket, sys
proxy = os.environ["http_proxy"].removeprefix("http://").partition(":")
requests = {requests!r}
def talk(client, data):
    client.settimeout(5)
    try:
        client.sendall(data)
        answer = b""
        while b"\\r\\n" not in answer and (piece := client.recv(4096)):
            answer += piece
        return answer.split(b"\\r\\n")[0].decode() or "closed"
    except OSError as error:
        return type(error).__name__
for name, text in requests.items():
    data = text.encode("latin-1")
    with socket.create_connection((proxy[0], int(proxy[2]))) as client:
        print("RELAY", name, talk(client, data), flush=True)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("/run/agent-os/door")
        print("DOOR", name, talk(client, data), flush=True)
"""


#: A name that leads to this host itself (or nowhere): a profile that lists it means no such thing.
OWN_NAME = socket.gethostname().lower()


class Server:
    """On the host's loopback; `heard` are the first bytes of each connection."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(2)
                self.heard.append(b"")
                self.heard[-1] = client.recv(65_536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture
def servers() -> Generator[tuple[Server, Server]]:
    made = (Server(), Server())
    yield made
    for server in made:
        server.close()


def requests(other: int, allowed: int) -> dict[str, str]:
    return {
        "allowed": f"CONNECT 127.0.0.1:{allowed} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "other-port": f"CONNECT 127.0.0.1:{other} HTTP/1.1\r\n\r\n",
        "other-host": "CONNECT example.org:443 HTTP/1.1\r\n\r\n",
        "name-of-loopback": f"CONNECT localhost:{allowed} HTTP/1.1\r\n\r\n",
        "named-but-private": f"CONNECT {OWN_NAME}:{other} HTTP/1.1\r\n\r\n",
        "metadata": "CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n",
        "six": f"CONNECT [::ffff:127.0.0.1]:{other} HTTP/1.1\r\n\r\n",
        "number": f"CONNECT 2130706433:{other} HTTP/1.1\r\n\r\n",
        "short": f"CONNECT 127.1:{other} HTTP/1.1\r\n\r\n",
        "dot": f"CONNECT 127.0.0.1.:{other} HTTP/1.1\r\n\r\n",
        "absolute": f"GET http://127.0.0.1:{other}/ HTTP/1.1\r\n\r\n",
        "absolute-user": f"GET http://127.0.0.1:{allowed}@127.0.0.1:{other}/ HTTP/1.1\r\n\r\n",
        "host-header": f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{other}\r\n\r\n",
        "host-differs": f"GET http://127.0.0.1:{other}/ HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{allowed}\r\n\r\n",
        "folded": f"CONNECT 127.0.0.1:{allowed} HTTP/1.1\r\nX: y\r\n z\r\n\r\n",
        "bare-line-end": f"CONNECT 127.0.0.1:{allowed} HTTP/1.1\nHost: 127.0.0.1:{other}\r\n\r\n",
        "zero": f"CONNECT 127.0.0.1:{allowed}\0.example.org:443 HTTP/1.1\r\n\r\n",
        "file": "GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        "unix": "GET http+unix://%2Frun/docker.sock/ HTTP/1.1\r\n\r\n",
        "no-port": "CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n",
        "large": "CONNECT 127.0.0.1:1 HTTP/1.1\r\nX: " + "x" * 100_000 + "\r\n\r\n",
    }


def test_the_door_leads_to_listed_places_only(world: World, servers: tuple[Server, Server]) -> None:
    """By its relay and directly, however it is asked."""
    allowed, other = servers
    network = (f"127.0.0.1:{allowed.port}", f"{OWN_NAME}:{other.port}")
    asked = requests(other.port, allowed.port)
    attempt, _ = attacked(
        world,
        python(TALK.format(requests=asked)),
        profiles=Profiles(worker=Profile(network=network)),
    )
    for way in ("RELAY", "DOOR"):
        answers = dict(line.split(" ", 1) for line in said(attempt, way))
        assert set(answers) == set(asked), answers
        assert answers.pop("allowed").startswith("HTTP/1.1 200"), way
        # 502: the name of this host leads nowhere here.
        good = ("HTTP/1.1 400", "HTTP/1.1 403", "HTTP/1.1 502", "closed", "ConnectionResetError")
        assert all(said.startswith(good) for said in answers.values()), answers
        assert answers["other-port"].startswith("HTTP/1.1 403")
    assert other.heard == [] and len(allowed.heard) == 2


@pytest.mark.long
def test_what_was_asked_for_at_the_door_stands_in_the_journal(
    world: World, servers: tuple[Server, Server]
) -> None:
    allowed, other = servers
    asked = {k: v for k, v in requests(other.port, allowed.port).items() if k == "other-port"}
    attempt, _ = attacked(
        world,
        python(TALK.format(requests=asked)),
        profiles=Profiles(worker=Profile(network=(f"127.0.0.1:{allowed.port}",))),
    )
    assert f"127.0.0.1:{other.port}" in attempt.text("events.jsonl")


@pytest.mark.long
def test_only_the_role_that_may_gets_a_door(world: World, servers: tuple[Server, Server]) -> None:
    """The worker's network is not the gate's."""
    allowed, _ = servers
    look = "test -e /run/agent-os/door && echo DOOR yes || echo DOOR no"
    attempt, outcome = attacked(
        world,
        f"{look}; sed -i 's/n \\* 3/n * 2/' app.py",
        checks={"look": f"{look}; test ! -e /run/agent-os/door"},
        profiles=Profiles(worker=Profile(network=(f"127.0.0.1:{allowed.port}",))),
    )
    assert said(attempt, "DOOR") == ["yes"]
    assert outcome.code is None, outcome.detail


@pytest.mark.long
def test_a_door_that_is_flooded_hurts_its_own_attempt_only(
    world: World, servers: tuple[Server, Server]
) -> None:
    """Connections that say nothing, more than there is room for; the attempt ends all the same."""
    allowed, _ = servers
    script = """
    import socket
    held = []
    for _ in range(600):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(0.2)
        try:
            client.connect("/run/agent-os/door")
            client.send(b"CONNECT ")
            held.append(client)
        except OSError:
            break
    print("HELD", len(held), flush=True)
    """
    attempt, outcome = attacked(
        world,
        python(script),
        profiles=Profiles(worker=Profile(network=(f"127.0.0.1:{allowed.port}",))),
    )
    assert int(said(attempt, "HELD")[0]) > 100
    assert outcome.code is None, outcome.detail
    assert not (attempt.path / "door").exists()
