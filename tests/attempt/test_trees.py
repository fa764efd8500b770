"""The end of an attempt's program is the end of all that it started."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent_os.workspace.processes import End, Program, run_program
from agent_os.workspace.proctable import all_processes

from .world import World, limits

SANDBOXES = [pytest.param("bwrap", marks=pytest.mark.needs("bwrap")), "none"]

#: Forks twice, starts a session, closes everything, forgets its environment and directory.
DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.chdir('/')
for fd in range(3): os.close(fd)
os.execve(sys.executable, ['{mark}', '-c', 'import time; time.sleep(300)'], {{}})
"""


def living(mark: str) -> list[int]:
    found: list[int] = []
    for pid in all_processes():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if line.startswith(mark.encode() + b"\0"):
            found.append(pid)
    return found


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("end", ["exit 0", "sleep 300", "yes"])
def test_trap_24_daemons_are_gone_after_the_end(world: World, sandbox: str, end: str) -> None:
    mark = f"agent-daemon-{world.root.name}-{time.time_ns()}"
    script = DAEMON.format(mark=mark).replace("'", '"').replace("\n", "\n")
    (world.root / "origin" / "daemon.py").write_text(script)
    world.base = world.commit({})
    world.sync()
    changes = {"exit 0": {}, "sleep 300": {"seconds": 1}, "yes": {"output": 100_000}}[end]
    attempt = world.attempt(
        f"python3 daemon.py; sleep 0.3; {end}", sandbox=sandbox, limits=limits(**changes)
    )
    attempt.run()
    assert living(mark) == []
    if end == "exit 0" and sandbox == "none":
        assert '"leftovers": 1' in attempt.text("agent.done")


@pytest.mark.long
def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    mark = f"stubborn-{time.time_ns()}"
    script = f"trap '' TERM; (trap '' TERM; exec -a {mark} sleep 300) & sleep 300; sleep 300"
    begun = time.monotonic()
    ending = run_program(
        Program(
            argv=("bash", "-c", script),
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin"},
            log=tmp_path / "log",
            seconds=0.3,
            stall_seconds=60,
            output_bytes=1000,
        )
    )
    assert ending.end is End.TIMEOUT
    assert time.monotonic() - begun < 6
    assert living(mark) == []


def test_a_program_gets_time_to_end_by_itself(tmp_path: Path) -> None:
    script = "trap 'echo bye; exit 5' TERM; echo hi; while :; do sleep 0.05; done"
    ending = run_program(
        Program(
            argv=("sh", "-c", script),
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin"},
            log=tmp_path / "log",
            seconds=0.4,
            stall_seconds=60,
            output_bytes=1000,
        )
    )
    assert (ending.end, ending.exit_code) == (End.TIMEOUT, 5)
    assert ending.tail.startswith("hi\n") and ending.tail.endswith("bye\n")
