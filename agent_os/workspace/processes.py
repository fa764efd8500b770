"""Running one program with limits: a bounded log, time, silence, output, cancelling."""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol

from agent_os.workspace.proctable import Process, descendants, read_process
from agent_os.workspace.tree import Finder, become_subreaper, below, end_tree

TAIL_BYTES = 16_000
_GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.1
_CHUNK = 65_536

#: Without a pid namespace "everything below us" is the tree, so only one may run at a time.
_ONE_AT_A_TIME = threading.Lock()


class End(StrEnum):
    EXITED = "exited"
    TIMEOUT = "timeout"
    STALLED = "stalled"
    OUTPUT_LIMIT = "output_limit"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Program:
    """What to run. `seconds`, `stall_seconds` and `output_bytes` are its limits."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    log: Path
    seconds: float
    stall_seconds: float
    output_bytes: int
    stdin: bytes = b""
    namespaced: bool = False
    """`argv` starts bwrap, which gives it a pid namespace of its own."""
    listen: Listener | None = None
    """None: all output is a sign of life."""


@dataclass(frozen=True)
class Ending:
    """How it ended. `exit_code` is negative for a signal; `leftovers` counts ended orphans.

    `sessions`: those that were below it before. Agents run each command in one of its own.
    `silent`: seconds since its last sign of life.
    """

    end: End
    exit_code: int
    seconds: float
    tail: str
    leftovers: int = 0
    sessions: int = 0
    silent: float = 0.0


class Listener(Protocol):
    """Says whether the program lives, from what it writes."""

    def take(self, data: bytes, *, standard: bool) -> bool:
        """A piece of its standard output, else of its standard error."""
        ...

    def look(self) -> bool:
        """Whether there is a sign of life elsewhere; asked ten times a second."""
        ...


@dataclass
class _Watch:
    """What has come out of the program so far."""

    log: IO[bytes]
    limit: int
    listen: Listener | None = None
    written: int = 0
    last_life: float = field(default_factory=time.monotonic)
    tail: bytearray = field(default_factory=bytearray)

    def take(self, data: bytes, *, standard: bool) -> None:
        lives = self.listen is None or self.listen.take(data, standard=standard)
        if lives:
            self.last_life = time.monotonic()
        self.log.write(data[: max(0, self.limit - self.written)])
        self.log.flush()
        self.written += len(data)
        self.tail += data
        del self.tail[:-TAIL_BYTES]


def run_program(
    program: Program,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    started: Callable[[int], None] = lambda _pid: None,
) -> Ending:
    """Run to the end of its whole process tree, whatever happens in between.

    `cancelled` is asked ten times a second; `started` gets the pid. OSError if it can't start,
    SandboxError if something of it survives.
    """
    become_subreaper()
    if program.namespaced:
        return _run_namespaced(program, cancelled, started)
    with _ONE_AT_A_TIME:
        before = tuple(descendants(os.getpid()))
        return _run(program, cancelled, started, lambda _pid: below(os.getpid(), before))


def _run_namespaced(
    program: Program, cancelled: Callable[[], bool], started: Callable[[int], None]
) -> Ending:
    """bwrap ends before its namespace does, so we ask it for the first process in there.

    Once that one is gone, so is all that it held: the kernel sees to it.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    told = bytearray()

    def finder(outer: int) -> Finder:
        def find() -> dict[int, Process]:
            with suppress(BlockingIOError):
                told.extend(os.read(read_end, _CHUNK))
            match = re.search(rb'"child-pid": *(\d+)', told)
            found = descendants(outer)
            inner = read_process(int(match[1])) if match else None
            # Its parent is bwrap, or we ourselves once bwrap is gone; else the pid is another's.
            if inner is not None and inner.parent in (outer, os.getpid()):
                found[inner.pid] = inner
                found.update(descendants(inner.pid))
            return found

        return find

    argv = (program.argv[0], "--info-fd", str(write_end), *program.argv[1:])
    try:
        return _run(replace(program, argv=argv), cancelled, started, finder, (write_end,))
    finally:
        os.close(read_end)
        os.close(write_end)


def _run(
    program: Program,
    cancelled: Callable[[], bool],
    started: Callable[[int], None],
    finder: Callable[[int], Finder],
    pass_fds: tuple[int, ...] = (),
) -> Ending:
    begun = time.monotonic()
    with program.log.open("ab") as log, tempfile.TemporaryFile() as stdin:
        stdin.write(program.stdin)
        stdin.seek(0)
        process = subprocess.Popen(
            program.argv,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if program.listen else subprocess.STDOUT,
            cwd=program.cwd,
            env=dict(program.env),
            pass_fds=pass_fds,
            start_new_session=True,
        )
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        for pipe in pipes:
            os.set_blocking(pipe.fileno(), False)
        watch = _Watch(log, program.output_bytes, program.listen)
        find = finder(process.pid)
        end, leftovers, sessions, silent = End.CANCELLED, 0, 0, 0.0
        try:
            started(process.pid)
            end = _watch_until_end(process, pipes, program, watch, cancelled)
            silent = time.monotonic() - watch.last_life
            sessions = _sessions(process.pid, find)
        finally:
            leftovers = _end(process, find, gently=end is not End.EXITED)
            for pipe in pipes:
                _drain(pipe, process, watch)
                pipe.close()
    tail = bytes(watch.tail).decode("utf-8", "replace")
    seconds = time.monotonic() - begun
    return Ending(end, process.returncode, seconds, tail, leftovers, sessions, silent)


def _sessions(pid: int, find: Finder) -> int:
    """How many sessions there are below, apart from the program's own."""
    living = [item for item in find().values() if not item.zombie]
    own = {pid, *(item.session for item in living if item.name == "bwrap")}
    return len({item.session for item in living} - own)


def _watch_until_end(
    process: subprocess.Popen[bytes],
    pipes: list[IO[bytes]],
    program: Program,
    watch: _Watch,
    cancelled: Callable[[], bool],
) -> End:
    deadline = time.monotonic() + program.seconds
    still_open = list(pipes)
    while process.poll() is None:
        if still_open:
            for pipe in select.select(still_open, [], [], _POLL_SECONDS)[0]:
                if not _read(pipe, process, watch):
                    still_open.remove(pipe)
        else:
            time.sleep(_POLL_SECONDS / 5)
        now = time.monotonic()
        if program.listen is not None and program.listen.look():
            watch.last_life = now
        if cancelled():
            return End.CANCELLED
        if watch.written > program.output_bytes:
            return End.OUTPUT_LIMIT
        if now > deadline:
            return End.TIMEOUT
        if now - watch.last_life > program.stall_seconds:
            return End.STALLED
    return End.EXITED


def _read(pipe: IO[bytes], process: subprocess.Popen[bytes], watch: _Watch) -> bool:
    """Take what is there; False once the pipe is at its end."""
    try:
        data = os.read(pipe.fileno(), _CHUNK)
    except BlockingIOError:
        return True
    if data:
        watch.take(data, standard=pipe is process.stdout)
    return bool(data)


def _drain(pipe: IO[bytes], process: subprocess.Popen[bytes], watch: _Watch) -> None:
    # Everything that could write is gone, so the end comes within one pipe's capacity.
    while select.select([pipe], [], [], 0)[0] and _read(pipe, process, watch):
        pass


def _end(process: subprocess.Popen[bytes], find: Finder, *, gently: bool) -> int:
    """End what is left of the tree; returns how many processes outlived the program itself."""
    if process.poll() is not None:
        return end_tree(find, grace_seconds=0, own=process.pid)

    def find_all() -> dict[int, Process]:
        itself = read_process(process.pid)
        return find() | ({itself.pid: itself} if itself is not None else {})

    grace = _GRACE_SECONDS if gently else 0
    count = end_tree(find_all, grace_seconds=grace, own=process.pid)
    process.wait()
    return max(0, count - 1)
