"""Running one program with limits: a bounded log, time, silence, use of the machine, cancelling."""

from __future__ import annotations

import os
import re
import select
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO

from agent_os.secrets.values import Values
from agent_os.workspace import limited
from agent_os.workspace.bounds import Bounds, Overuse
from agent_os.workspace.handed import handed
from agent_os.workspace.output import Listener, Output
from agent_os.workspace.proctable import Process, descendants, read_process
from agent_os.workspace.sandbox import seccomp
from agent_os.workspace.tree import Finder, become_subreaper, below, end_tree, leave_keyring
from agent_os.workspace.watch import Watch

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
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    """Its own files."""
    DISK_FULL = "disk_full"
    """Too little is free on the disk, whoever took it."""


#: It used more than it may.
OVERUSED = frozenset({End.MEMORY, End.PROCESSES, End.DISK, End.DISK_FULL})


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
    secrets: Values | None = None
    """What its log does not show."""
    bounds: Bounds | None = None
    """None: it may use what there is."""
    cleanup: tuple[str, ...] = ()
    """Run after its end, for what is not below us; see `Sandbox.cleanup`. Also before its start:
    an earlier one may have been left by a runner that died."""


@dataclass(frozen=True)
class Ending:
    """How it ended. `exit_code` is negative for a signal; `leftovers` counts ended orphans.

    `sessions`: those that were below it before. Agents run each command in one of its own.
    `silent`: seconds since its last sign of life. `over`: which limit it passed, in a sentence.
    `began`: whether the sandbox got as far as the program.
    """

    end: End
    exit_code: int
    seconds: float
    tail: str
    leftovers: int = 0
    sessions: int = 0
    silent: float = 0.0
    over: str = ""
    began: bool = True


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
    leave_keyring()
    limited.clean_up(program.cleanup)
    try:
        with limited.held(program.bounds) as held:
            if program.namespaced:
                return _run_namespaced(program, held, cancelled, started)
            with _ONE_AT_A_TIME:
                before = tuple(descendants(os.getpid()))
                find = below(os.getpid(), before)
                return _run(program, held, cancelled, started, lambda _pid: find)
    finally:
        limited.clean_up(program.cleanup)


def _run_namespaced(
    program: Program,
    held: limited.Held,
    cancelled: Callable[[], bool],
    started: Callable[[int], None],
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

    try:
        with seccomp.opened() as filters:
            handles = (write_end, *filters)
            names = ("--json-status-fd", "--seccomp")
            ours = [part for pair in zip(names, map(str, handles), strict=False) for part in pair]
            argv = (program.argv[0], *ours, *program.argv[1:])
            ending = _run(replace(program, argv=argv), held, cancelled, started, finder, handles)
            with suppress(BlockingIOError):
                told.extend(os.read(read_end, _CHUNK))
            # bwrap tells the exit code of what it could start only.
            return replace(ending, began=b'"exit-code"' in told)
    finally:
        os.close(read_end)
        os.close(write_end)


def _run(
    program: Program,
    held: limited.Held,
    cancelled: Callable[[], bool],
    started: Callable[[int], None],
    finder: Callable[[int], Finder],
    pass_fds: tuple[int, ...] = (),
) -> Ending:
    begun = time.monotonic()
    with program.log.open("ab") as log, handed(program.stdin) as stdin:
        if held.prefix:
            limited.must_exist(program.argv, program.env)
        process = subprocess.Popen(
            (*held.prefix, *program.argv),
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
        output = Output(log, program.output_bytes, program.listen, program.secrets)
        find = finder(process.pid)
        watch = Watch(program.bounds or Bounds(), find)
        end, over, leftovers, sessions, silent = End.CANCELLED, None, 0, 0, 0.0
        try:
            started(process.pid)
            end, over = _until_end(process, pipes, program, output, watch, cancelled)
            silent = time.monotonic() - output.last_life
            sessions = _sessions(process.pid, find)
        finally:
            leftovers = _end(process, find, gently=end is not End.EXITED)
            for pipe in pipes:
                _drain(pipe, process, output)
                pipe.close()
            output.end()
    over = over or held.passed()
    return Ending(
        end=End(over.what) if over else end,
        exit_code=process.returncode,
        seconds=time.monotonic() - begun,
        tail=bytes(output.tail).decode("utf-8", "replace"),
        leftovers=leftovers,
        sessions=sessions,
        silent=silent,
        over=over.words if over else "",
    )


def _sessions(pid: int, find: Finder) -> int:
    """How many sessions there are below, apart from the program's own."""
    living = [item for item in find().values() if not item.zombie]
    own = {pid, *(item.session for item in living if item.name == "bwrap")}
    return len({item.session for item in living} - own)


def _until_end(
    process: subprocess.Popen[bytes],
    pipes: list[IO[bytes]],
    program: Program,
    output: Output,
    watch: Watch,
    cancelled: Callable[[], bool],
) -> tuple[End, Overuse | None]:
    deadline = time.monotonic() + program.seconds
    still_open = list(pipes)
    while process.poll() is None:
        if still_open:
            for pipe in select.select(still_open, [], [], _POLL_SECONDS)[0]:
                if not _read(pipe, process, output):
                    still_open.remove(pipe)
        else:
            time.sleep(_POLL_SECONDS / 5)
        if program.listen is not None and program.listen.look():
            output.last_life = time.monotonic()
        if cancelled():
            return End.CANCELLED, None
        if over := watch.look():
            return End(over.what), over
        if (end := _passed(program, output, deadline)) is not None:
            return end, None
    return End.EXITED, None


def _passed(program: Program, output: Output, deadline: float) -> End | None:
    """The limit of output or time that it passed."""
    now = time.monotonic()
    if output.written > program.output_bytes:
        return End.OUTPUT_LIMIT
    if now > deadline:
        return End.TIMEOUT
    return End.STALLED if now - output.last_life > program.stall_seconds else None


def _read(pipe: IO[bytes], process: subprocess.Popen[bytes], output: Output) -> bool:
    """Take what is there; False once the pipe is at its end."""
    try:
        data = os.read(pipe.fileno(), _CHUNK)
    except BlockingIOError:
        return True
    if data:
        output.take(data, standard=pipe is process.stdout)
    return bool(data)


def _drain(pipe: IO[bytes], process: subprocess.Popen[bytes], output: Output) -> None:
    # Everything that could write is gone, so the end comes within one pipe's capacity.
    while select.select([pipe], [], [], 0)[0] and _read(pipe, process, output):
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
