"""Attacks by files that are not what they seem, and by changing them between check and use."""

from __future__ import annotations

import time

import pytest

from agent_os.domain.failures import FailureCode
from tests.attempt.world import FIX, World, git
from tests.redteam.attackers import attacked, files_of, python, said

pytestmark = pytest.mark.needs("bwrap")
#: Goes on after its parents, in a session of its own, and swaps a file for a link, for ever.
SWAPPER = """
import os, sys, time
print("SWAPS", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        while True:
            for name in ("app.py", ".agent_result.md", "swapped"):
                try:
                    os.symlink("/etc/passwd", "link")
                    os.replace("link", name)
                    with open("plain", "w") as file:
                        file.write("def double(n):\\n    return n * 2\\n")
                    os.replace("plain", name)
                except OSError:
                    pass
    os._exit(0)
os.wait()
time.sleep(0.3)
"""


def test_invariant_13_a_background_writer_is_gone_before_we_look(
    world: World,
) -> None:
    attempt, outcome = attacked(world, python(SWAPPER))
    assert said(attempt, "SWAPS")
    stamps = {p.name: p.lstat().st_mtime_ns for p in (attempt.path / "work").iterdir()}
    time.sleep(0.2)
    later = {p.name: p.lstat().st_mtime_ns for p in (attempt.path / "work").iterdir()}
    assert stamps == later and "swapped" in stamps
    # Nothing of the host's stands in what was taken.
    attempt.imported()
    assert outcome.work is None or "root:" not in git(world.mirror.path, "show", outcome.work)


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../order.json", "../../../../owners", "sub/../../../x"]
)
@pytest.mark.long
def test_a_link_out_of_the_repository_is_refused(world: World, target: str) -> None:
    (world.root / "owners").write_text("the owner's")
    command = f"{FIX}; mkdir -p sub; ln -s {target} leads-out; echo LINK $(readlink leads-out)"
    attempt, outcome = attacked(world, command)
    assert said(attempt, "LINK") == [target]
    assert outcome.code is FailureCode.GATE_FAILED and "leads-out" in outcome.detail
    assert outcome.head is None


@pytest.mark.long
def test_a_folder_swapped_for_a_link_takes_no_file_of_the_hosts(world: World) -> None:
    """`tests/` becomes a link to a folder of the owner's that has files of the same names."""
    owners = world.root / "owners"
    owners.mkdir()
    (owners / "test_app.sh").write_text("the owner's secret")
    command = f"{FIX}; rm -r tests; ln -s {owners} tests; echo LINK $(readlink tests)"
    attempt, outcome = attacked(world, command)
    assert said(attempt, "LINK") == [str(owners)]
    assert outcome.code is not None and outcome.head is None
    assert files_of(world, attempt, outcome).get("tests") == "120000"


@pytest.mark.parametrize(
    "what",
    ["mkfifo odd", "python3 -c 'import socket; s=socket.socket(socket.AF_UNIX); s.bind(\"odd\")'"],
    ids=["pipe", "socket"],
)
@pytest.mark.long
def test_pipes_and_sockets_are_left_out_and_block_nobody(world: World, what: str) -> None:
    attempt, outcome = attacked(world, f"{FIX}; {what}; echo MADE $?")
    assert said(attempt, "MADE") == ["0"]
    assert "odd" not in files_of(world, attempt, outcome)


@pytest.mark.long
def test_files_without_permissions_are_read_all_the_same(world: World) -> None:
    command = f"{FIX}; mkdir shut; echo x > shut/x; chmod 000 shut/x shut; echo SHUT $?"
    attempt, outcome = attacked(world, command)
    assert said(attempt, "SHUT") == ["0"]
    assert outcome.code is None and "shut/x" in files_of(world, attempt, outcome)


@pytest.mark.parametrize(
    "name", ["a\\nb", "-rf", "; touch pwned", "$(id)", "\\x1b[2J", "a\\tb\\rc", "\\xff\\xfe"]
)
@pytest.mark.long
def test_names_of_files_are_never_commands_nor_break_our_lists(world: World, name: str) -> None:
    script = f"open(b'{name}', 'w').write('x'); print('NAMED')"
    attempt, outcome = attacked(world, python(script))
    assert said(attempt, "NAMED") == [""]
    # A name with control characters is refused; others are plain letters to us.
    assert outcome.code in (None, FailureCode.GATE_FAILED), outcome.detail
    assert "\x1b" not in outcome.detail and "\n" not in outcome.detail.strip()
    assert not list(attempt.path.rglob("pwned"))


@pytest.mark.long
def test_two_names_that_differ_in_case_alone_are_refused(world: World) -> None:
    """On other systems one would be written over the other."""
    attempt, outcome = attacked(world, f"{FIX}; echo 1 > Readme; echo 2 > README; ls; echo MADE $?")
    assert said(attempt, "MADE") == ["0"]
    assert outcome.code is FailureCode.GATE_FAILED and "readme" in outcome.detail.lower()
