"""A fresh checkout of one commit, and commands of the repository's run in it."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

from agent_os.attempt.gates.changes import Change
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.outside import way_out
from agent_os.attempt.secrets import finder_of
from agent_os.domain.profiles import Profile, Role
from agent_os.workspace.bounds import Bounds
from agent_os.workspace.git import git_bytes
from agent_os.workspace.processes import End, Program, run_program
from agent_os.workspace.sandbox.port import Door, View
from agent_os.workspace.sandbox.reach import Reach
from agent_os.workspace.workdir import checkout

#: What a shell says of a command that is not there, or may not be run.
_NOT_FOUND = (126, 127)
_OUTPUT_BYTES = 20_000_000


@dataclass(frozen=True)
class CommandRun:
    """How a command ended. `exit_code` counts only when `end` is `exited`."""

    command: str
    end: End
    exit_code: int
    tail: str
    seconds: float
    over: str = ""
    """Which limit of its profile it passed, in a sentence."""

    @property
    def passed(self) -> bool:
        return self.end is End.EXITED and self.exit_code == 0

    @property
    def missing(self) -> bool:
        return self.end is End.EXITED and self.exit_code in _NOT_FOUND

    @property
    def words(self) -> str:
        """Its ending in a few words."""
        if self.over:
            return f"{self.over[0].lower()}{self.over[1:].rstrip('.')}"
        if self.end is End.EXITED:
            return "passed" if self.exit_code == 0 else f"exit code {self.exit_code}"
        return {End.TIMEOUT: "timed out", End.OUTPUT_LIMIT: "too much output"}.get(
            self.end, self.end.value
        )


class Checkout:
    """One commit's files in a dir of their own, with a HOME of their own."""

    def __init__(self, context: GateContext, name: str, sha: str) -> None:
        self.name = name
        self._context = context
        self._root = context.directory.checkouts / name
        self.path = self._root / "repo"
        self.home = self._root / "home"
        self.home.mkdir(parents=True)
        checkout(self.path, sha, context.repository.object_stores)

    def take_back(self, changes: Sequence[Change], commit: str) -> None:
        """Have the changed paths as they are in `commit`. Only before anything ran here: the
        checkout's own git directory is used."""
        old = [change.path for change in changes if change.in_base]
        new = [change.path for change in changes if not change.in_base]
        self._on_files(("rm", "--quiet", "--force", "--ignore-unmatch"), new)
        self._on_files(("checkout", "--quiet", "--force", commit), old)

    def _on_files(self, args: tuple[str, ...], paths: Sequence[str]) -> None:
        if paths:
            git_bytes(
                *(*args, "--pathspec-from-file=-", "--pathspec-file-nul"),
                git_dir=self.path / ".git",
                cwd=self.path,
                env_extra={"GIT_WORK_TREE": str(self.path)},
                input="".join(f"{path}\0" for path in paths),
            )

    def run(self, command: str, role: Role = Role.GATE) -> CommandRun:
        """Run a shell command here, in the sandbox. Raises Stopped when asked to stop, OSError
        when the disk is full."""
        context = self._context
        reach = Reach(context.order.profiles.of(role).network)
        with way_out(context.sandbox, self._root, reach, context.journal, self.name) as door:
            program = self._program(command, context.order.profiles.of(role), door)
            ending = run_program(program, cancelled=context.stop.asked)
        context.stop.check()
        if ending.end is End.DISK_FULL:
            raise OSError(errno.ENOSPC, ending.over)
        return CommandRun(
            command, ending.end, ending.exit_code, ending.tail, ending.seconds, ending.over
        )

    def _program(self, command: str, profile: Profile, door: Door | None) -> Program:
        context = self._context
        seconds = context.order.gates.check_seconds
        search_path = os.environ.get("PATH", os.defpath)
        env = {
            "PATH": search_path,
            "HOME": str(self.home),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }
        view = View(
            writable=(self.path, self.home),
            read_only=context.repository.object_stores,
            search_path=search_path,
            profile=profile,
            door=door,
            environment=env,
        )
        argv = context.sandbox.wrap(("/bin/sh", "-c", command), self.path, view)
        return Program(
            argv=argv,
            cwd=self.path,
            env=env,
            log=self._root / "log",
            seconds=seconds,
            stall_seconds=seconds,
            output_bytes=_OUTPUT_BYTES,
            namespaced=context.sandbox.namespaced,
            secrets=finder_of(context.order).values,
            bounds=Bounds.of(profile, view.writable, context.order.limits.free_disk_mb),
            cleanup=context.sandbox.cleanup(argv),
        )
