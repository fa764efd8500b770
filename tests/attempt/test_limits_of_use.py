"""What a program uses of the machine is held while it runs; over it, its whole tree ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_os.domain.attempts import Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.profiles import Profile, Profiles
from agent_os.workspace.bounds import Bounds
from agent_os.workspace.processes import End, Ending, Program, run_program
from agent_os.workspace.proctable import all_processes
from agent_os.workspace.sandbox import rlimits
from agent_os.workspace.sandbox.bwrap import Bubblewrap
from agent_os.workspace.sandbox.port import Bare, Sandbox, View

from .world import World, limits

MB = 1_000_000
BACK_ENDS: Mapping[str, type[Sandbox]] = {"bwrap": Bubblewrap, "none": Bare}
SANDBOXES = [pytest.param("bwrap", marks=pytest.mark.needs("bwrap")), "none"]
#: Each child holds 20 MB for itself; the same pages would count once.
MEMORY = """
import os, time
shared = bytearray(os.urandom(1000)) * 40_000
for _ in range({children}):
    if os.fork() == 0:
        own = bytearray(os.urandom(1000)) * {own}
        time.sleep(60)
        os._exit(0)
time.sleep({seconds})
"""
PROCESSES = """
import os, time
for _ in range({count}):
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
time.sleep({seconds})
"""


def run(tmp_path: Path, sandbox: str, argv: tuple[str, ...], bounds: Bounds) -> Ending:
    """`argv` in a work dir of its own, with `bounds` on that; half a minute at most."""
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    back = BACK_ENDS[sandbox]()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    program = Program(
        argv=back.wrap(argv, work, View((work,), search_path=path)),
        cwd=work,
        env={"PATH": path, "HOME": str(work)},
        log=tmp_path / "log",
        seconds=30,
        stall_seconds=30,
        output_bytes=10 * MB,
        namespaced=back.namespaced,
        bounds=replace(bounds, folders=(work,)),
    )
    return run_program(program)


def python(code: str, **values: object) -> tuple[str, ...]:
    return ("python3", "-c", code.format(**values))


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_memory_of_all_together(tmp_path: Path, sandbox: str) -> None:
    code = python(MEMORY, children=5, own=20_000, seconds=60)
    ending = run(tmp_path, sandbox, code, Bounds(memory_mb=120))
    assert ending.end is End.MEMORY, (ending, (tmp_path / "log").read_text())
    assert "MB of memory; 120 MB are allowed." in ending.over
    assert ending.leftovers >= 5, "all of the tree were ended"


def test_shared_pages_count_once(tmp_path: Path) -> None:
    """40 MB, seen by eight: their sum is over the limit, what they use is not."""
    code = python(MEMORY, children=8, own=1, seconds=2)
    ending = run(tmp_path, "none", code, Bounds(memory_mb=220))
    assert ending.end is End.EXITED, ending


@pytest.mark.needs("bwrap")
def test_files_in_memory_are_memory(tmp_path: Path) -> None:
    fill = ("sh", "-c", "head -c 90000000 /dev/zero > /tmp/big; sleep 60")
    ending = run(tmp_path, "bwrap", fill, Bounds(memory_mb=80))
    assert ending.end is End.MEMORY, ending


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_processes_also_in_sessions_of_their_own(tmp_path: Path, sandbox: str) -> None:
    code = python(PROCESSES, count=60, seconds=60)
    ending = run(tmp_path, sandbox, code, Bounds(processes=40))
    assert ending.end is End.PROCESSES, ending
    assert "40 are allowed." in ending.over


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        # One file after the other: no one of them is larger than all may be.
        ("for i in 1 2 3 4 5 6; do head -c 5000000 /dev/zero > f$i; done; sleep 60", "20 MB are"),
        # Empty files cost something too.
        pytest.param(
            "mkdir d; cd d; seq 1 45000 | xargs touch; sleep 60",
            "20 MB are allowed",
            marks=pytest.mark.long,
        ),
    ],
)
def test_the_size_of_the_work_dir(tmp_path: Path, fill: str, words: str) -> None:
    ending = run(tmp_path, "none", ("sh", "-c", fill), Bounds(disk_mb=20))
    assert ending.end is End.DISK, ending
    assert words in ending.over


@pytest.mark.parametrize(
    "fill",
    [
        "truncate -s 19M a b c d; ln a e; sleep 1.5",
        "ln -s / root; ln -s ../.. up; sleep 1.5",
        "head -c 8000000 /dev/zero > f; for i in 1 2 3 4; do ln f g$i; done; sleep 1.5",
    ],
    ids=["holes", "links out", "many names"],
)
def test_what_costs_nothing_does_not_count(tmp_path: Path, fill: str) -> None:
    ending = run(tmp_path, "none", ("sh", "-c", fill), Bounds(disk_mb=20))
    assert (ending.end, ending.exit_code) == (End.EXITED, 0), ending


def test_files_can_not_be_hidden_in_the_depth(tmp_path: Path) -> None:
    deep = (
        "import os, time\nfor _ in range(25):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\n"
        "open('f', 'wb').write(bytes(1_000_000))\ntime.sleep(60)"
    )
    ending = run(tmp_path, "none", ("python3", "-c", deep), Bounds(disk_mb=20))
    assert ending.end is End.DISK, ending
    assert "too deep" in ending.over


def test_the_disk_has_a_floor(tmp_path: Path) -> None:
    ending = run(tmp_path, "none", ("sleep", "60"), Bounds(free_disk_mb=10**9))
    assert ending.end is End.DISK_FULL, ending
    assert "must stay free" in ending.over


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_what_is_inherited(tmp_path: Path, sandbox: str) -> None:
    """Few open files, no core file, no file larger than all may be; and nobody may raise it."""
    command = "ulimit -n; ulimit -H -n; ulimit -c; head -c 30000000 /dev/zero > big; ls -l big"
    ending = run(tmp_path, sandbox, ("sh", "-c", command), Bounds(disk_mb=20, open_files=200))
    said = ending.tail.split()
    assert said[:3] == ["200", "200", "0"], ending.tail
    assert int(said[said.index("big") - 4]) <= 20 * MB, ending.tail


BOMB = """
import os, time
made = 0
try:
    while made < 100:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made)
"""


@pytest.mark.needs("bwrap")
@pytest.mark.needs("setpriv")
@pytest.mark.skipif(not rlimits.counts_apart(1000, rlimits.kernel()), reason="needs Linux 5.14")
def test_the_kernel_counts_a_sandboxes_processes_apart() -> None:
    """However many others the user has. Root is left out of the limit, so nobody tries it."""
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    path = "/usr/local/bin:/usr/bin:/bin"
    argv = [
        *(nobody if os.getuid() == 0 else []),
        *("bwrap", "--unshare-all", "--unshare-user", "--die-with-parent"),
        *("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--setenv", "PATH", path),
        *rlimits.inside(5, user=1000, kernel=rlimits.kernel()),
        *("python3", "-c", BOMB),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert 10 < int(done.stdout) < 20, "four threads for each of five processes, bwrap's own too"


def test_a_program_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run(tmp_path, "none", ("no-such-program",), Bounds(open_files=200))


@pytest.mark.parametrize(
    "flood", ["yes", "cat /dev/zero", "yes | tr -d '\\n'"], ids=["lines", "zeros", "one line"]
)
def test_a_flood_of_output_fills_nothing(tmp_path: Path, flood: str) -> None:
    ending = run(tmp_path, "none", ("sh", "-c", flood), Bounds())
    assert ending.end is End.OUTPUT_LIMIT, ending
    assert (tmp_path / "log").stat().st_size <= 10 * MB
    assert len(ending.tail) <= 16_000


def small(**values: int) -> dict[str, Any]:
    profile = Profile.model_validate(values)
    return {"profiles": Profiles(worker=profile, gate=profile, setup=profile)}


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_an_agent_that_takes_too_much_has_failed(world: World, sandbox: str) -> None:
    command = "python3 -c 'import time; x = bytes([1]) * 60_000_000; time.sleep(60)'"
    outcome = world.attempt(command, sandbox=sandbox, **small(memory_mb=40)).run()
    assert outcome.code is FailureCode.AGENT_FAILED, outcome.detail
    assert "40 MB are allowed" in outcome.detail


def test_a_check_that_takes_too_much_fails_and_says_so(world: World) -> None:
    checks = {"check": "sh check.sh; grep -q 'n \\* 2' app.py && (sleep 60 & sleep 60 & sleep 60)"}
    outcome = world.attempt(checks=checks, sandbox="none", **small(processes=3)).run()
    assert outcome.evidence is not None, outcome.detail
    (gate,) = [gate for gate in outcome.evidence.gates if gate.name == "check"]
    assert gate.verdict is Verdict.FAIL
    assert "processes at once; 3 are allowed" in gate.detail


def test_a_full_disk_is_nobodys_fault(world: World) -> None:
    few = limits(60).model_copy(update={"free_disk_mb": 10**9})
    outcome = world.attempt("sleep 60", sandbox="none", limits=few).run()
    assert outcome.code is FailureCode.DISK_FULL, outcome.detail
    assert not [
        p for p in all_processes().values() if p.name == "sleep" and p.parent == os.getpid()
    ]
