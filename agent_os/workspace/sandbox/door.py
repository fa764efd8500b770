"""The door: an HTTP proxy on a unix socket, one for each sandboxed run, to listed places only.

It is ours and outside. What stands at its other end may send anything, so a request's head has a
limit in size and time, and what is not understood is refused.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from agent_os.workspace.sandbox.port import Door
from agent_os.workspace.sandbox.reach import Reach, Refused, connect, split_place

_LONGEST_HEAD = 32_768
_HEAD_SECONDS = 30.0
_PIECE = 65_536
#: At once; each takes two threads and two files.
_MOST = 100
_PAUSE_SECONDS = 0.2
_MOST_NOTED = 50
_LINE = re.compile(rb"([A-Z]{1,16}) ([\x21-\x7e]{1,8000}) HTTP/1\.[01]")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}):[ \t]*([\x20-\x7e\x80-\xff\t]*)")
#: Of one connection only, or not the other side's business.
_HOP = (b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"host")

#: What was asked for, and why it was refused; empty: it was let through.
Noted = Callable[[str, str], None]


@dataclass
class _Visits:
    """What came to the door, each place once."""

    noted: Noted
    seen: set[str] = field(default_factory=set[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, place: str, problem: str) -> None:
        with self.lock:
            if f"{place} {problem}" in self.seen or len(self.seen) >= _MOST_NOTED:
                return
            self.seen.add(f"{place} {problem}")
        self.noted(place[:300], problem[:300])


@contextmanager
def open_door(folder: Path, reach: Reach, noted: Noted) -> Generator[Door | None]:
    """A door in `folder` while the context lasts; None when nothing is within reach.

    All that went through it is cut off at the end. OSError when the socket can't be made.
    """
    if not reach:
        yield None
        return
    path = folder / "door"
    listener = _listen(folder, path.name)
    keeper = _Keeper(listener, reach, _Visits(noted))
    thread = threading.Thread(target=keeper.serve, daemon=True)
    thread.start()
    try:
        yield Door(path, reach.local)
    finally:
        keeper.close()
        thread.join()
        path.unlink(missing_ok=True)


def _listen(folder: Path, name: str) -> socket.socket:
    """By the folder's handle: a socket's whole path may only be some hundred characters long."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    (folder / name).unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{handle}/{name}")
    except OSError:
        listener.close()
        raise
    finally:
        os.close(handle)
    (folder / name).chmod(0o600)
    listener.listen(_MOST)
    return listener


class _Keeper:
    """Takes connections, a thread each."""

    def __init__(self, listener: socket.socket, reach: Reach, visits: _Visits) -> None:
        self._listener = listener
        self._reach = reach
        self._visits = visits
        self._room = threading.Semaphore(_MOST)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False

    def serve(self) -> None:
        while True:
            self._room.acquire()
            try:
                client, _ = self._listener.accept()
            except OSError:
                self._room.release()
                if self._closed:
                    return
                # No file is free, perhaps; it may be again soon.
                time.sleep(_PAUSE_SECONDS)
                continue
            threading.Thread(target=self._visit, args=(client,), daemon=True).start()

    def close(self) -> None:
        """No more connections; those that are open end now."""
        with self._lock:
            self._closed = True
            left = tuple(self._open)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        # A serving thread that waits for room takes it and finds the listener closed.
        self._room.release()
        for item in left:
            with suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)

    def _kept(self, item: socket.socket) -> bool:
        with self._lock:
            if not self._closed:
                self._open.add(item)
            return not self._closed

    def _visit(self, client: socket.socket) -> None:
        try:
            with client:
                if self._kept(client):
                    self._answer(client)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(client)
            self._room.release()

    def _answer(self, client: socket.socket) -> None:
        head, rest = _head_of(client)
        request = _parse(head)
        if request is None:
            _say(client, 400, "This is no request for a proxy.")
            return
        try:
            addresses = self._reach.addresses(request.host, request.port)
            server = connect(addresses)
        except Refused as refusal:
            self._visits.note(request.place, refusal.message)
            _say(client, 403, refusal.message)
            return
        except (OSError, UnicodeError) as error:
            self._visits.note(request.place, f"unreachable: {error}")
            _say(client, 502, f"{request.place} can't be reached: {error}")
            return
        self._visits.note(request.place, "")
        with server:
            if self._kept(server):
                self._join(client, server, request.head + rest)
        with self._lock:
            self._open.discard(server)

    def _join(self, client: socket.socket, server: socket.socket, first: bytes) -> None:
        client.settimeout(None)
        server.settimeout(None)
        if first:
            server.sendall(first)
        else:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


@dataclass(frozen=True)
class _Request:
    host: str
    port: int
    head: bytes = b""
    """What the other side is sent first; empty: a tunnel."""

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def _head_of(client: socket.socket) -> tuple[bytes, bytes]:
    """The first head, and what came after it; OSError when none comes in time."""
    data = b""
    deadline = time.monotonic() + _HEAD_SECONDS
    while b"\r\n\r\n" not in data and len(data) <= _LONGEST_HEAD:
        client.settimeout(max(0.01, deadline - time.monotonic()))
        piece = client.recv(_PIECE)
        if not piece:
            raise ConnectionResetError
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _parse(head: bytes) -> _Request | None:
    """`CONNECT HOST:PORT`, or a request for a whole `http://` URL; None for anything else."""
    first, *lines = head.split(b"\r\n")
    line = _LINE.fullmatch(first)
    headers = [_HEADER.fullmatch(item) for item in lines]
    if line is None or len(head) > _LONGEST_HEAD or None in headers:
        return None
    target = line[2].decode("ascii")
    try:
        if line[1] == b"CONNECT":
            host, port = split_place(target)
            named = target.rpartition(":")[2].isdigit()
            return _Request(host, port) if named and host and 0 < port < 65_536 else None
        url = urlsplit(target)
        port = url.port or 80
    except ValueError:
        return None
    if url.scheme != "http" or not url.hostname or url.username is not None:
        return None
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    kept = [one[0] for one in headers if one is not None and one[1].lower() not in _HOP]
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    place = host if port == 80 else f"{host}:{port}"
    sent = [line[1] + b" " + path.encode("ascii") + b" HTTP/1.1", b"Host: " + place.encode("ascii")]
    # One request a connection: what follows would be for another host, perhaps.
    return _Request(
        url.hostname, port, b"\r\n".join([*sent, *kept, b"Connection: close"]) + b"\r\n\r\n"
    )


def _say(client: socket.socket, status: int, words: str) -> None:
    body = f"agent-os: {words}\n".encode()
    name = {400: "Bad Request", 403: "Forbidden"}.get(status, "Bad Gateway")
    head = f"HTTP/1.1 {status} {name}\r\nContent-Type: text/plain\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    client.sendall(head.encode() + body)


def _pump(source: socket.socket, target: socket.socket) -> None:
    """All bytes of one direction, then its end."""
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
