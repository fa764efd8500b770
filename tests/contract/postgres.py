"""A PostgreSQL server of our own on loopback, from Debian's packages, for the store's contract."""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PROGRAMS = "/usr/lib/postgresql"
#: The server refuses to run as root.
_SERVER_USER = "postgres"
_START_SECONDS = 30.0
#: Nothing in it has to outlive the machine.
_HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def needed() -> None:
    """Skip where there is no server to start; in CI that is a failure."""
    if _programs() is not None:
        return
    reason = "needs PostgreSQL's programs (Debian: postgresql), which are not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@functools.cache
def address() -> str:
    """The URL of a server that ends with this process."""
    programs = _programs()
    assert programs is not None
    other = _SERVER_USER if os.geteuid() == 0 else None
    user = other or pwd.getpwuid(os.geteuid()).pw_name
    groups: list[str] | None = [] if other else None
    folder = Path(tempfile.mkdtemp(prefix="agent-os-postgres-"))
    if other:
        shutil.chown(folder, other)
    data = folder / "data"
    log = (folder / "log").open("wb")
    subprocess.run(
        [programs / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--no-sync", "-U", user],
        check=True,
        stdout=log,
        stderr=log,
        cwd=folder,
        user=other,
        extra_groups=groups,
    )
    port = _free_port()
    options = [*_HASTE, "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    given = [part for option in options for part in ("-c", option)]
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), *given],
        stdout=log,
        stderr=log,
        cwd=folder,
        user=other,
        extra_groups=groups,
    )
    log.close()
    atexit.register(_end, server, folder)
    _wait(programs, port, server)
    return f"postgresql+psycopg://{user}@127.0.0.1:{port}/postgres"


def _programs() -> Path | None:
    found = sorted(Path(PROGRAMS).glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def _wait(programs: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ready, check=False).returncode:
        assert server.poll() is None, "the server has ended"
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.05)


def _end(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.terminate()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)
