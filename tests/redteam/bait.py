"""What an owner has on a host, each with a word in it that must never be seen from inside."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEY = "agent-os-red-team"
_USERS = ctypes.c_long(-4)
#: Numbers of keyctl, add_key, shmget and shmctl.
_CALLS = {"x86_64": (250, 248, 29, 31), "aarch64": (219, 217, 194, 195)}


@dataclass
class Bait:
    """`told` is what the attacker knows; `caught` who was connected to."""

    word: str
    """What must never be seen; the attacker knows how it begins."""
    told: dict[str, Any]
    caught: list[str] = field(default_factory=list[str])
    leaked: int = -1
    """A file that is open in us and is handed down to the runner, as a careless parent does."""

    def write(self, folder: Path) -> dict[str, str]:
        """The attacker's files, by their place in the repository."""
        inside = Path(__file__).parent / "inside"
        files = {f"attack/{p.name}": p.read_text() for p in inside.glob("*.py")}
        return {**files, "attack/bait.json": json.dumps(self.told)}


@contextmanager
def bait(root: Path) -> Generator[Bait]:
    """Files, sockets, memory, a key and a process of the host's, below `root` where possible."""
    word = f"planted-{secrets.token_hex(8)}"
    home = root / "owners-home"
    home.mkdir()
    (home / "id_ed25519").write_text(word)
    other = root / "attempts" / "9.9" / "work" / "notes"
    other.parent.mkdir(parents=True)
    other.write_text(word)
    (root / "state.sqlite").write_text(word)
    with ExitStack() as stack:
        laid = Bait(word, {"words": [word[:-8]], "home": str(home)})
        laid.told["secret"] = str(home / "id_ed25519")
        laid.told.update(other=str(other), database=str(root / "state.sqlite"))
        laid.told.update(mirror=str(root / "mirror.git"), attempts=str(root / "attempts"))
        _files_elsewhere(stack, laid, word)
        _sockets(stack, laid, root)
        _memory_and_key(stack, laid, word)
        _process(stack, laid, word)
        laid.leaked = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, laid.leaked)
        yield laid


def _files_elsewhere(stack: ExitStack, laid: Bait, word: str) -> None:
    for name, folder in (("in_tmp", "/tmp"), ("in_shm", "/dev/shm")):
        path = Path(folder) / f"owners-{secrets.token_hex(8)}.txt"
        path.write_text(word)
        stack.callback(path.unlink, missing_ok=True)
        laid.told[name] = str(path)


def _sockets(stack: ExitStack, laid: Bait, root: Path) -> None:
    """Listeners that nobody in a sandbox may reach; whoever does is written down."""
    abstract = f"agent-os-{secrets.token_hex(8)}"
    made = {
        "port": (socket.AF_INET, ("0.0.0.0", 0)),
        "port6": (socket.AF_INET6, ("::1", 0, 0, 0)),
        "abstract": (socket.AF_UNIX, "\0" + abstract),
        "socket": (socket.AF_UNIX, str(root / "s")),
    }
    for name, (family, address) in made.items():
        listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.bind(address)
        listener.listen(8)
        found = listener.getsockname()
        laid.told[name] = found[1] if isinstance(found, tuple) else str(root / "s")
        thread = threading.Thread(target=_catch, args=(listener, name, laid), daemon=True)
        thread.start()
        stack.callback(_close, listener, thread)
    laid.told["abstract"] = abstract
    datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    datagrams.bind(("127.0.0.1", 0))
    laid.told["udp_port"] = datagrams.getsockname()[1]


def _close(listener: socket.socket, thread: threading.Thread) -> None:
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def _catch(listener: socket.socket, name: str, laid: Bait) -> None:
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return
        laid.caught.append(name)


def _memory_and_key(stack: ExitStack, laid: Bait, word: str) -> None:
    """System V memory, and a key in the session's keyring, where the kernel has them."""
    libc = ctypes.CDLL(None, use_errno=True)
    keyctl, add_key, shmget, shmctl = _CALLS.get(os.uname().machine, (0, 0, 0, 0))
    laid.told.update(shm_key=secrets.randbelow(2**30) + 1, key=KEY)
    if not keyctl:
        return
    segment = libc.syscall(shmget, ctypes.c_long(laid.told["shm_key"]), 4096, 0o1666)
    assert segment >= 0
    stack.callback(libc.syscall, shmctl, segment, 0, None)
    # A keyring of our own: that of whoever runs the tests stays as it is.
    if libc.syscall(keyctl, 1, b"agent-os-tests") >= 0:
        libc.syscall(add_key, b"user", KEY.encode(), word.encode(), len(word), ctypes.c_long(-3))
        laid.told["keyring"] = True
    # The user's own is shared by all of the user's processes: taken away again.
    number = libc.syscall(add_key, b"user", KEY.encode(), word.encode(), len(word), _USERS)
    if number >= 0:
        stack.callback(libc.syscall, keyctl, 9, ctypes.c_long(number), _USERS)


def _process(stack: ExitStack, laid: Bait, word: str) -> None:
    """A process of the owner's, whose command line and environment hold the word."""
    code = "import sys; sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, word], stdin=subprocess.PIPE, env={"OWNERS_TOKEN": word}
    )
    stack.callback(process.wait)
    assert process.stdin is not None  # asked for
    stack.callback(process.stdin.close)
    laid.told["pid"] = process.pid
