"""`./demo.sh --repo PATH` on repositories that are not as usual, and killed or stopped there."""

from __future__ import annotations

import os
import venv
from pathlib import Path

import pytest

from tests.cli.demo_runs import BEGUN, MENDED, fingerprint, repository, state, untouched
from tests.cli.demo_terminal import Terminal, nothing_runs
from tests.hub import git

ATTEMPT = "tmp/*/runtime/attempts/*/*"


@pytest.mark.long
@pytest.mark.parametrize("kind", ["bare", "detached", "shallow", "worktree", "subfolder"])
def test_unusual_repositories(tmp_path: Path, kind: str) -> None:
    made = repository(tmp_path / "made", BEGUN, {"docs/a": "1"}, {"calc.py": MENDED})
    path = tmp_path / "theirs"
    words = {"bare": "branch trunk", "detached": "a detached HEAD", "shallow": "a shallow clone"}
    if kind == "bare":
        git("clone", "-q", "--bare", made, path)
    elif kind == "detached":
        git("clone", "-q", made, path)
        git("checkout", "-q", "--detach", cwd=path)
    elif kind == "shallow":
        git("clone", "-q", "--depth=2", f"file://{made}", path)
    elif kind == "worktree":
        git("worktree", "add", "-q", "-b", "other", path, cwd=made)
    else:
        path = made / "docs"
    before = fingerprint(made)
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    assert fingerprint(made) == before
    assert played.summary["same_tree"] is True
    assert words.get(kind, "branch") in played.said


@pytest.mark.long
def test_files_of_every_kind_come_back_as_they_were(tmp_path: Path) -> None:
    """Binary, executable, links, odd names, CRLF, a submodule, an LFS pointer, an ignored file."""
    inner = repository(tmp_path / "inner", {"x": "1"})
    path = repository(tmp_path / "theirs", {"a": "1\n", ".gitattributes": "*.bin filter=lfs\n"})
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub", cwd=path)
    (path / ".gitignore").write_text("*.out\n")
    git("add", "-A", cwd=path)
    git("commit", "-q", "-m", "a submodule", cwd=path)
    (path / "b.bin").write_bytes(bytes(range(256)) * 40)
    (path / "run ä.sh").write_text("#!/bin/sh\r\n")
    (path / "run ä.sh").chmod(0o755)
    (path / "link").symlink_to("./b.bin")
    (path / "kept.out").write_text("forced\n")
    (path / "a").unlink()
    git("add", "-A", "-f", cwd=path)
    git("commit", "-q", "-m", "everything", cwd=path)
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    assert played.summary["same_tree"] is True
    assert "1 submodules are empty" in played.said and "LFS files are pointers" in played.said


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_repository_of_somebody_else(tmp_path: Path) -> None:
    path = repository(tmp_path / "theirs", BEGUN, {"calc.py": MENDED})
    for entry in [path, *path.rglob("*")]:
        os.chown(entry, 12345, 12345)
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said


@pytest.mark.long
def test_a_test_command_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    files = {"a": "1\n", "Makefile": "test:\n\tsleep 100\n"}
    path = repository(tmp_path / "theirs", files, {"a": "2\n"})
    played = untouched(tmp_path, path, "--check-seconds", "1")
    assert (played.code, state(played)) == (0, "done"), played.said
    assert "(timed out)" in played.said


@pytest.mark.long
@pytest.mark.parametrize("kind", ["partial", "sha256"])
def test_repositories_that_the_hub_cannot_hold(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "theirs"
    if kind == "partial":
        made = repository(tmp_path / "made", BEGUN, {"calc.py": MENDED})
        git("config", "uploadpack.allowFilter", "true", cwd=made)
        git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{made}", path)
    else:
        git("init", "-q", "--object-format=sha256", path)
        git("commit", "-q", "--allow-empty", "-m", "one", cwd=path)
    played = untouched(tmp_path, path)
    assert played.code == 3
    assert ("partial clone" if kind == "partial" else "sha256") in played.said


@pytest.mark.long
@pytest.mark.needs("bwrap")
def test_what_is_installed_in_their_own_venv_is_there(tmp_path: Path) -> None:
    files = {".gitignore": ".venv\n", "Makefile": "test:\n\tpython3 -c 'import thing'\n"}
    path = repository(tmp_path / "theirs", {"a": "1\n", **files}, {"a": "2\n"})
    venv.create(path / ".venv", symlinks=True)
    (packages,) = (path / ".venv" / "lib").glob("python*/site-packages")
    (packages / "thing.py").write_text("")
    played = untouched(tmp_path, path)
    assert (played.code, state(played)) == (0, "done"), played.said
    assert "passes on the base" in played.said


@pytest.mark.long
def test_k_during_the_gates(tmp_path: Path) -> None:
    """The runner goes on after the agent's stage: its commit is there already."""
    files = {"a": "1\n", "Makefile": "test:\n\tsleep 3\n"}
    path = repository(tmp_path / "theirs", files, {"a": "2\n"})
    terminal = Terminal(tmp_path, "--repo", str(path))
    try:
        terminal.read_until("attempt 1")
        terminal.read_until_true(lambda: bool(list(tmp_path.glob(f"{ATTEMPT}/gates/*/repo/a"))))
        terminal.press(b"k")
        terminal.read_until("SIGKILL")
        assert terminal.end() == 0, terminal.said
        assert "killed once: 1 pull request, 1 merge, 0 commits lost" in terminal.plain
        assert "the killed agent had made 1 commit)" in terminal.plain
        assert "attempt 2" not in terminal.plain
    finally:
        terminal.close()
    assert nothing_runs(tmp_path)


@pytest.mark.long
def test_stopped_while_it_tries_their_tests_it_leaves_nothing(tmp_path: Path) -> None:
    files = {"a": "1\n", "Makefile": "test:\n\ttouch begun; sleep 100\n"}
    path = repository(tmp_path / "theirs", files, {"a": "2\n"})
    before = fingerprint(path)
    terminal = Terminal(tmp_path, "--repo", str(path))
    try:
        terminal.read_until_true(lambda: bool(list(tmp_path.glob("tmp/*/trial/**/begun"))))
        terminal.press(b"\x03")
        assert terminal.end() == 130, terminal.said
    finally:
        terminal.close()
    assert fingerprint(path) == before
    assert nothing_runs(tmp_path)
    assert list((tmp_path / "tmp").iterdir()) == []
