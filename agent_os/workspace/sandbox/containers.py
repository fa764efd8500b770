"""The second back end, where there is no bubblewrap: a container of Docker's or Podman's.

The program runs in the owner's image and sees, besides it, only what its view names, at the same
paths. The engine holds memory and processes.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from agent_os.domain.errors import SandboxError
from agent_os.workspace.sandbox import relay
from agent_os.workspace.sandbox.port import DOOR, View

Engine = Literal["docker", "podman"]

_PROBE_SECONDS = 20.0
_THREADS = 4
_SCRATCH = "rw,exec,nosuid,nodev,size=2000m,mode=1777"
_RELAY_FILE = DOOR.with_name("relay.py")
_HARDENED = (
    # --init: a first process that reaps what the program leaves.
    *("--rm", "--interactive", "--init", "--network", "none", "--read-only"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ipc", "private"),
    *("--tmpfs", f"/tmp:{_SCRATCH}", "--tmpfs", f"/var/tmp:{_SCRATCH}"),
)
#: Of our own environment, for the client; the program's would lead it elsewhere.
_CLIENTS = (
    *("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST"),
)
#: Of the program's, these are the image's or the client's own.
_NOT_HANDED_ON = frozenset({"PATH", "HOME", *_CLIENTS})


class Container:
    """Commands in containers of `image`. One at a time in a work dir: its name comes from that, so
    that one whose runner died can be found again."""

    namespaced = False

    def __init__(self, engine: Engine, image: str, system: str = "") -> None:
        self.kind: Engine = engine
        self._image = image
        self._system = system or platform.system()

    def wrap(self, argv: Sequence[str], cwd: Path, view: View) -> tuple[str, ...]:
        inner, ways_out = tuple(argv), ()
        if view.door is not None:
            inner, ways_out = self._way_out(view, argv)
        return (
            *(*_client(self.kind), "run", "--name", name_for(cwd), *_HARDENED),
            *(*self._user(), *_limits(view), *_environment(view), *_mounts(view), *ways_out),
            *("--workdir", str(cwd), "--entrypoint", inner[0], self._image, *inner[1:]),
        )

    def cleanup(self, wrapped: Sequence[str]) -> tuple[str, ...]:
        """The client's end is not the container's; taking it away ends all that is in it."""
        name = wrapped[wrapped.index("--name") + 1]
        return (*_client(self.kind), "rm", "--force", name)

    def _user(self) -> tuple[str, ...]:
        own = f"{os.getuid()}:{os.getgid()}"
        rootless = self.kind == "podman" and os.getuid() != 0
        return ("--user", own, *(("--userns", "keep-id") if rootless else ()))

    def _way_out(self, view: View, argv: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(the command with its relay, the mounts that takes)."""
        assert view.door is not None  # the caller looked
        if self._system != "Linux":
            raise SandboxError(
                f"{self.kind} on {self._system} runs containers in a machine of its own, which a "
                "unix socket of ours does not reach: a program that needs the network can't run.",
                next_step="Use Linux for it, or give that role a profile without network.",
            )
        local = ",".join(view.door.local)
        inner = ("python3", "-I", "-S", str(_RELAY_FILE), str(DOOR), local, "--", *argv)
        shown = Path(relay.__file__).resolve()
        return inner, (*_mount(shown, _RELAY_FILE, "ro"), *_mount(view.door.socket, DOOR, "rw"))


def name_for(cwd: Path) -> str:
    """The name of the container that runs in `cwd`."""
    return f"agent-os-{hashlib.sha256(os.fsencode(cwd)).hexdigest()[:20]}"


def problem(engine: Engine, image: str) -> str:
    """Why this engine can't be used; empty when it can."""
    program = shutil.which(engine)
    if program is None:
        return f"{engine} is not installed"
    if not image:
        return f"{engine} needs an image: `sandbox_image: NAME` in the config"
    try:
        done = subprocess.run(
            [program, "info", "--format", "{{json .}}"],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`{engine} info` does not answer: {error}"
    if done.returncode != 0:
        return f"`{engine} info` says: {' '.join(done.stderr.split())[-200:]}"
    return ""


def _client(engine: Engine) -> tuple[str, ...]:
    program = shutil.which(engine)
    if program is None:
        raise SandboxError(f"{engine} is gone.")
    ours = (f"{name}={os.environ[name]}" for name in _CLIENTS if name in os.environ)
    return ("/usr/bin/env", *ours, program)


def _limits(view: View) -> tuple[str, ...]:
    profile = view.profile
    args: list[str] = ["--ulimit", "core=0"]
    if profile.memory_mb:
        # The same for both: no swap.
        args += ["--memory", f"{profile.memory_mb}m", "--memory-swap", f"{profile.memory_mb}m"]
    if profile.processes:
        # The engine counts threads.
        args += ["--pids-limit", str(profile.processes * _THREADS)]
    if profile.open_files:
        args += ["--ulimit", f"nofile={profile.open_files}:{profile.open_files}"]
    if profile.disk_mb:
        args += ["--ulimit", f"fsize={profile.disk_mb * 1_000_000}"]
    return tuple(args)


def _environment(view: View) -> tuple[str, ...]:
    """Names only, so that no value stands in an argv: the client has them in its environment."""
    args: list[str] = []
    for name in sorted(set(view.environment) - _NOT_HANDED_ON):
        args += ["--env", name]
    if "HOME" in view.environment:
        args += ["--env", f"HOME={view.environment['HOME']}"]
    return tuple(args)


def _mounts(view: View) -> list[str]:
    args: list[str] = []
    for path in view.read_only:
        if path.exists():
            args += _mount(path, path, "ro")
    for path in view.writable:
        args += _mount(path, path, "rw")
    for path in view.fixed:
        args += _mount(path, path, "ro")
    for source, target in view.placed:
        args += _mount(source, target, "rw")
    return args


def _mount(source: Path, target: Path, mode: Literal["ro", "rw"]) -> tuple[str, str]:
    # Not `--volume`: that one makes a folder where the source is missing.
    given = f"type=bind,source={source},target={target}"
    if "," in f"{source}{target}":
        raise SandboxError(f"A comma in `{source}` can't be given to a container engine.")
    return ("--mount", f"{given},readonly" if mode == "ro" else given)
