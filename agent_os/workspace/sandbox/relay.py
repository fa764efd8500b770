"""Runs inside a sandbox, by itself: leads the program's connections to the door.

`python3 relay.py DOOR HOST:PORT,… -- PROGRAM ARGUMENT…` listens on loopback, then becomes PROGRAM;
a child of it carries bytes. What comes to the proxy's port goes to the door as it is; what comes to
one of the named ports goes through the door to that place. Standard library only: the sandbox may
hold nothing else.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import suppress

_PROXY_PORTS = range(3128, 3160)
_FIRST_FREE_PORT = 1024
_PIECE = 65_536
_LONGEST_HEAD = 4_096
#: Connections at once; more wait. Each takes two threads.
_MOST = 200
_CONNECT_SECONDS = 30.0


def environment(port: int, *, loopback_too: bool = False) -> dict[str, str]:
    """What tells programs of the proxy. `loopback_too`: it leads to this machine's own as well."""
    url = f"http://127.0.0.1:{port}"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    loopback = "" if loopback_too else "localhost,127.0.0.1,::1"
    # Node reads them from version 22 only when it is told to.
    return dict.fromkeys(names, url) | {
        "no_proxy": loopback,
        "NO_PROXY": loopback,
        "NODE_USE_ENV_PROXY": "1",
    }


def main(argv: list[str]) -> None:
    """Listen, split in two, become the program."""
    end = argv.index("--")
    door, places = argv[0], [place for place in argv[1].split(",") if place]
    taken = {_port(place) for place in places}
    port = next(number for number in _PROXY_PORTS if number not in taken)
    listening = [(_listen("127.0.0.1", port), "")]
    # Nobody in here may listen below 1024: such a place is reached by the proxy instead.
    low = [place for place in places if _port(place) < _FIRST_FREE_PORT]
    for place in places:
        if place not in low:
            host = "::1" if place.startswith("[") else "127.0.0.1"
            listening.append((_listen(host, _port(place)), place))
    os.environ.update(environment(port, loopback_too=bool(low)))
    if os.fork() == 0:
        _serve(door, listening)
    program = argv[end + 1 :]
    try:
        os.execvp(program[0], program)
    except OSError as error:
        # As bwrap says it, so that whoever reads it needs to know one form only.
        sys.stderr.write(f"bwrap: execvp {program[0]}: {error.strerror}\n")
        os._exit(1)


def _port(place: str) -> int:
    return int(place.rpartition(":")[2])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_MOST)
    return listener


def _serve(door: str, listening: list[tuple[socket.socket, str]]) -> None:
    """For ever: the sandbox's end ends it. Its output is not the program's."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    room = threading.BoundedSemaphore(_MOST)
    threads = [
        threading.Thread(target=_accept, args=(listener, door, place, room))
        for listener, place in listening
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)


def _accept(
    listener: socket.socket, door: str, place: str, room: threading.BoundedSemaphore
) -> None:
    while True:
        room.acquire()
        try:
            inner, _ = listener.accept()
        except OSError:
            room.release()
            continue
        threading.Thread(target=_carry, args=(inner, door, place, room), daemon=True).start()


def _carry(inner: socket.socket, door: str, place: str, room: threading.BoundedSemaphore) -> None:
    outer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with inner, outer:
            outer.settimeout(_CONNECT_SECONDS)
            outer.connect(door)
            if place and not _opened(outer, place):
                return
            outer.settimeout(None)
            back = threading.Thread(target=_pump, args=(outer, inner), daemon=True)
            back.start()
            _pump(inner, outer)
            back.join()
    except OSError:
        pass
    finally:
        room.release()


def _opened(outer: socket.socket, place: str) -> bool:
    """Ask the door for `place`; whether it said yes."""
    outer.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _LONGEST_HEAD:
        piece = outer.recv(1)
        if not piece:
            return False
        head += piece
    return head.split(b" ", 2)[1:2] == [b"200"]


def _pump(source: socket.socket, target: socket.socket) -> None:
    """All bytes of one direction, then its end."""
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(sys.argv[1:])
