"""A stand-in for Docker: no engine, no image, no isolation. It shows what we ask of an engine.

The client (a script on PATH) hands its argv and its own input and output to an engine that runs
elsewhere, so that what runs "in the container" is not below the client, as with the real one.
Containers run on the host's own files: paths that a mount places elsewhere are put back.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CLIENT = """#!{python}
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as engine:
    engine.connect({address!r})
    said = json.dumps([sys.argv[1:], dict(os.environ)]).encode()
    socket.send_fds(engine, [len(said).to_bytes(4, "big")], [0, 1, 2])
    engine.sendall(said)
    code, words = json.loads(engine.makefile().read())
    sys.stderr.write(words)
    sys.exit(code)
"""
#: Options of `run` that stand alone.
_FLAGS = frozenset({"--rm", "--interactive", "--init", "--read-only"})


@dataclass
class Engine:
    """A context manager; `asked` has every argv, in order."""

    folder: Path
    running: bool = True
    """Whether its daemon answers."""
    asked: list[list[str]] = field(default_factory=list[list[str]])
    _containers: dict[str, subprocess.Popen[bytes]] = field(
        default_factory=dict[str, subprocess.Popen[bytes]]
    )

    def __enter__(self) -> Engine:
        self.folder.mkdir()
        address = str(self.folder / "engine")
        for name in ("docker", "podman"):
            client = self.folder / name
            client.write_text(_CLIENT.format(python=sys.executable, address=address))
            client.chmod(0o755)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for name in list(self._containers):
            self._remove(name)

    @property
    def path(self) -> str:
        """A PATH on which its clients come first."""
        return f"{self.folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"

    def runs(self) -> list[list[str]]:
        return [argv for argv in self.asked if argv[0] == "run"]

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            size, fds, _, _ = socket.recv_fds(client, 4, 3)
            data = b""
            while len(data) < int.from_bytes(size, "big"):
                data += client.recv(65_536)
            argv, env = json.loads(data)
            self.asked.append(argv)
            answer = self._answer(argv, env, fds)
            for fd in fds:
                os.close(fd)
            with suppress(OSError):  # the client was ended
                client.sendall(json.dumps(answer).encode())

    def _answer(self, argv: list[str], env: dict[str, str], fds: list[int]) -> tuple[int, str]:
        if not self.running:
            return 1, "Cannot connect to the Docker daemon. Is the docker daemon running?\n"
        match argv:
            case ["info", *_]:
                return 0, ""
            case ["rm", "--force", name]:
                return self._remove(name)
            case ["run", *rest]:
                return self._run(rest, env, fds)
            case _:
                return 1, f"unknown command: {argv}\n"

    def _remove(self, name: str) -> tuple[int, str]:
        container = self._containers.pop(name, None)
        if container is None:
            return 1, f"Error response from daemon: No such container: {name}\n"
        with suppress(ProcessLookupError):
            os.killpg(container.pid, signal.SIGKILL)
        container.wait()
        return 0, ""

    def _run(self, args: list[str], env: dict[str, str], fds: list[int]) -> tuple[int, str]:
        options, image, command = parsed(args)
        name = options["--name"][0]
        if name in self._containers:
            return 125, f"Conflict. The container name {name} is already in use.\n"
        given = [value.partition("=") for value in options.get("--env", [])]
        inside = {key: value if sep else env[key] for key, sep, value in given}
        moved = {m["target"]: m["source"] for m in mounts(options) if m["target"] != m["source"]}
        argv = [options["--entrypoint"][0], *command]
        container = subprocess.Popen(
            [moved.get(part, part) for part in argv],
            cwd=options["--workdir"][0],
            env={"PATH": os.environ["PATH"], "IMAGE": image, **inside},
            stdin=fds[0],
            stdout=fds[1],
            stderr=fds[2],
            start_new_session=True,
        )
        self._containers[name] = container
        code = container.wait()
        if self._containers.get(name) is container:
            self._remove(name)  # --rm, and the first process's end is that of all
        return (code if code >= 0 else 128 - code), ""


def parsed(args: list[str]) -> tuple[dict[str, list[str]], str, list[str]]:
    """(the options of `run` with their values, the image, the rest)."""
    options: dict[str, list[str]] = {}
    todo = list(args)
    while todo[0].startswith("--"):
        option = todo.pop(0)
        options.setdefault(option, []).append("" if option in _FLAGS else todo.pop(0))
    return options, todo[0], todo[1:]


def mounts(options: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Each with source, target, and whether it is `readonly`."""
    found: list[dict[str, Any]] = []
    for given in options.get("--mount", []):
        parts = given.split(",")
        named = dict(part.split("=", 1) for part in parts if "=" in part)
        found.append({**named, "readonly": "readonly" in parts})
    return found
