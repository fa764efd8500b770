"""Attacks on the host's disk, memory, processes and on whoever reads what an agent writes."""

from __future__ import annotations

import shutil

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.profiles import Profile, Profiles
from agent_os.workspace.removing import remove
from tests.attempt.world import FIX, World, git, limits
from tests.redteam.attackers import attacked, files_of, python, said, some

pytestmark = pytest.mark.needs("bwrap")
SMALL = Profile(memory_mb=200, processes=60, disk_mb=50, open_files=256)
EVERYWHERE = Profiles(worker=SMALL, gate=SMALL, setup=SMALL)
EAT_MEMORY = """
import time
print("EATS", flush=True)
held = []
while True:
    held.append(bytearray(20_000_000))
    for at in range(0, 20_000_000, 4096):
        held[-1][at] = 1
    time.sleep(0.01)
"""
FORK = """
import os, time
print("FORKS", flush=True)
while True:
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    except OSError:
        time.sleep(0.05)
"""
FILL = """
import itertools, time
print("FILLS", flush=True)
for number in itertools.count():
    with open(f"big-{number}", "wb", buffering=0) as file:
        file.write(b"x" * 2_000_000)
    time.sleep(0.02)
"""
EATERS = {"memory": EAT_MEMORY, "processes": FORK, "disk": FILL}


@pytest.mark.parametrize("what", some(EATERS, "memory"))
def test_an_agent_that_takes_too_much_is_ended(world: World, what: str) -> None:
    attempt, outcome = attacked(world, python(EATERS[what]), profiles=EVERYWHERE)
    assert attempt.text("agent.log")
    assert outcome.code is FailureCode.AGENT_FAILED, outcome.detail
    assert what in outcome.detail.lower() or "killed" in outcome.detail.lower(), outcome.detail


@pytest.mark.long
@pytest.mark.parametrize("what", EATERS)
def test_a_repositorys_tests_that_take_too_much_are_ended(world: World, what: str) -> None:
    """The agent's work makes them so; on the base they pass."""
    world.base = world.commit({"eat.py": ""})
    world.sync()
    command = f"{FIX}; cat > eat.py <<'EAT'\n{EATERS[what]}\nEAT"
    checks = {"eats": "python3 -B eat.py"}
    _, outcome = attacked(world, command, checks=checks, profiles=EVERYWHERE)
    assert outcome.code is FailureCode.TESTS_FAILED, outcome.detail
    assert outcome.head is None


@pytest.mark.long
def test_files_in_many_small_pieces_count_as_well(world: World) -> None:
    script = """
    import itertools
    print("FILLS", flush=True)
    for number in itertools.count():
        with open(f"small-{number}", "wb") as file:
            file.write(b"x" * 200_000)
    """
    attempt, outcome = attacked(world, python(script), profiles=EVERYWHERE)
    assert outcome.code is FailureCode.AGENT_FAILED and "disk" in outcome.detail.lower()
    assert sum(1 for _ in (attempt.path / "work").iterdir()) < 20_000


@pytest.mark.long
def test_open_files_are_limited(world: World) -> None:
    if shutil.which("prlimit") is None:
        pytest.skip("needs prlimit, which this host lacks")
    script = """
    import os
    held = []
    try:
        while len(held) < 100_000:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        os.close(held.pop())
        os.close(held.pop())
        print("OPENED", len(held), error.strerror)
    """
    attempt, _ = attacked(world, python(script), profiles=EVERYWHERE)
    assert int(said(attempt, "OPENED")[0].split()[0]) < 256


@pytest.mark.long
def test_temporary_folders_have_a_size(world: World) -> None:
    """They are memory, and none of the host's disk."""
    script = """
    import os
    for path in ("/tmp", "/dev/shm", "/run", "/"):
        found = os.statvfs(path)
        print("SIZE", path, found.f_blocks * found.f_frsize, bool(found.f_flag & os.ST_RDONLY))
    """
    attempt, _ = attacked(world, python(script))
    sizes = [line.split() for line in said(attempt, "SIZE")]
    assert len(sizes) == 4
    assert all(int(size) <= 2_100_000_000 or fixed == "True" for _, size, fixed in sizes), sizes


@pytest.mark.parametrize(
    "flood",
    [
        "yes",
        "yes | tr -d '\\n'",
        "cat /dev/zero",
        "yes >&2",
        "yes $(head -c 100000 /dev/zero | tr '\\0' x)",
    ],
    ids=["lines", "one-line", "zeros", "errors", "long-lines"],
)
@pytest.mark.long
def test_a_flood_of_output_ends_the_agent_and_not_our_disk(world: World, flood: str) -> None:
    attempt, outcome = attacked(world, f"{FIX}; {flood}", limits=limits(50, output=2_000_000))
    assert outcome.code is FailureCode.AGENT_FAILED and "bytes of output" in outcome.detail
    assert 1_900_000 < (attempt.path / "agent.log").stat().st_size < 2_100_000


@pytest.mark.long
def test_a_flood_of_a_check_is_bounded_too(world: World) -> None:
    world.base = world.commit({"flood.sh": "true"})
    world.sync()
    checks = {"floods": "sh flood.sh"}
    _, outcome = attacked(world, f"{FIX}; echo yes > flood.sh", checks=checks)
    assert outcome.code is FailureCode.TESTS_FAILED and outcome.evidence is not None
    assert all(len(gate.log) < 20_000 for gate in outcome.evidence.gates)


def test_an_agent_that_stops_itself_is_ended(world: World) -> None:
    attempt, outcome = attacked(world, "echo STOPS; kill -STOP $$", limits=limits(50, stall=1))
    assert said(attempt, "STOPS") == [""]
    assert outcome.code is FailureCode.STALLED


@pytest.mark.long
def test_an_agent_that_stops_everything_in_its_namespace_is_ended(world: World) -> None:
    command = "echo STOPS; kill -STOP -1; sleep 60"
    attempt, outcome = attacked(world, command, limits=limits(50, stall=1))
    assert said(attempt, "STOPS") == [""]
    assert outcome.code in (FailureCode.STALLED, FailureCode.AGENT_FAILED)


@pytest.mark.long
def test_an_agent_that_ends_the_first_process_of_its_namespace_ends_itself(world: World) -> None:
    attempt, outcome = attacked(world, f"{FIX}; echo KILLS; kill -KILL 1; kill -KILL -1; echo NO")
    assert said(attempt, "KILLS") == [""]
    assert outcome.code in (None, FailureCode.AGENT_FAILED), outcome.detail


@pytest.mark.long
def test_an_agent_that_ignores_every_signal_is_ended(world: World) -> None:
    command = "trap '' TERM INT HUP QUIT USR1; echo IGNORES; while :; do sleep 1; done"
    attempt, outcome = attacked(world, command, limits=limits(3))
    assert said(attempt, "IGNORES") == [""]
    assert outcome.code is FailureCode.TIMEOUT


@pytest.mark.long
def test_a_file_of_a_terabyte_without_content_keeps_nobody_busy(world: World) -> None:
    limitless = Profiles(worker=Profile(disk_mb=0))
    command = f"{FIX}; truncate -s 1T sparse; echo MADE $?"
    attempt, outcome = attacked(world, command, profiles=limitless)
    assert said(attempt, "MADE") == ["0"]
    assert "sparse" not in files_of(world, attempt, outcome)


@pytest.mark.long
def test_a_bomb_of_a_pack_keeps_nobody_busy(world: World) -> None:
    """300 MB of zeros are 300 KB in git; many of them in one commit are a bomb."""
    command = f"""{FIX}
    head -c 300000000 /dev/zero > zeros; git add zeros; git commit -qam bomb; git rm -q zeros
    git commit -qm clean; echo COMMITTED $?"""
    attempt, outcome = attacked(world, command)
    assert said(attempt, "COMMITTED") == ["0"]
    # What is published is one commit of ours: the bomb lies in the agent's own, which stay here.
    attempt.imported()
    assert outcome.head is not None and outcome.changed_files == 1
    assert "zeros" not in git(world.mirror.path, "rev-list", "--objects", outcome.head)


DEEP = """
import os
for _ in range({depth}):
    os.mkdir("d")
    os.chdir("d")
open("end", "w").close()
print("DEEP", {depth})
"""


@pytest.mark.parametrize("depth", [1_500, pytest.param(6_000, marks=pytest.mark.long)])
def test_folders_that_are_too_deep_stop_neither_us_nor_the_cleaning(
    world: World, depth: int
) -> None:
    try:
        attempt, outcome = attacked(world, python(DEEP.format(depth=depth)))
    finally:
        # Also where the test fails: nothing that removes temporary folders gets along with it.
        remove(world.root)
    assert outcome.code in (None, FailureCode.GATE_FAILED), outcome.detail
    assert not attempt.path.exists()


@pytest.mark.long
def test_a_hundred_thousand_files_are_too_many(world: World) -> None:
    script = """
    import os
    os.mkdir("many")
    for number in range(100_000):
        os.close(os.open(f"many/{number}", os.O_CREAT))
    print("FILES", len(os.listdir("many")))
    """
    attempt, outcome = attacked(world, python(script))
    assert said(attempt, "FILES") == ["100000"]
    assert outcome.code is FailureCode.GATE_FAILED and outcome.head is None


@pytest.mark.long
def test_a_clock_that_runs_wrong_in_files_changes_nothing(world: World) -> None:
    """Times of files are the agent's to choose; nothing of ours depends on them."""
    command = f"{FIX}; touch -d 2099-01-01 app.py; touch -d 1970-01-01 .git .; echo TURNED $?"
    attempt, outcome = attacked(world, command)
    assert said(attempt, "TURNED") == ["0"]
    assert outcome.code is None and outcome.changed_files == 1
    assert files_of(world, attempt, outcome)
