"""No git of ours reads what an agent could have written: not its config, not through its links."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_os.attempt.gates.changes import diff_text, fingerprint_of, read_changes
from agent_os.domain.errors import GitError
from agent_os.workspace.foreign import folder_below, read_file
from agent_os.workspace.git import run_git, try_git
from agent_os.workspace.snapshot import (
    Author,
    Snapshot,
    SnapshotRepository,
    Taking,
    take_snapshot,
)
from agent_os.workspace.workdir import checkout

from .world import World, git

LONG = pytest.mark.long


class Taken:
    """A work dir that a shell script had for itself, and what we took of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.work = world.root / "work"
        self.repository = SnapshotRepository(
            world.root / "ours.git", world.mirror.path, Author("us", "us@x")
        )
        self.repository.create((world.base,))
        checkout(self.work, world.base, [world.mirror.objects])

    def play(self, script: str, **env: str) -> None:
        run = {"PATH": os.environ["PATH"], "HOME": str(self.world.root), "LC_ALL": "C", **env}
        subprocess.run(["bash", "-ec", script], cwd=self.work, env=run, check=True, timeout=60)

    def take(self) -> Snapshot:
        base = self.world.base
        return take_snapshot(
            self.repository,
            Taking(
                work=self.work,
                checked_out=base,
                known=(base,),
                ref_prefix="refs/agent-os/attempts/1-1/1.1/",
                message="ours",
                parents=(base,),
            ),
        )

    def files(self, snapshot: Snapshot) -> dict[str, str]:
        """Mode by path of the result."""
        assert snapshot.head is not None
        listed = run_git("ls-tree", "-r", snapshot.head, git_dir=self.repository.path)
        rows = (line.partition("\t") for line in listed.splitlines())
        return {path: head.split()[0] for head, _, path in rows}

    def has(self, sha: str) -> bool:
        return try_git("cat-file", "-e", sha, git_dir=self.repository.path).code == 0


@pytest.fixture
def taken(world: World) -> Taken:
    return Taken(world)


@pytest.fixture
def private(world: World) -> tuple[Path, str, str]:
    """A repository of somebody else's on this machine: its folder, its commit, its one file."""
    path = world.root / "private"
    path.mkdir()
    git(path, "init", "-q")
    (path / "key").write_text("nobody's business\n")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "private")
    return path, git(path, "rev-parse", "HEAD"), git(path, "rev-parse", "HEAD:key")


@pytest.fixture
def watched(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a script before git: it writes down where git runs, then does `more`, then runs it."""

    def put(more: str = "") -> Path:
        real, folder, log = shutil.which("git"), world.root / "bin", world.root / "gits"
        folder.mkdir()
        script = folder / "git"
        script.write_text(
            f'#!/bin/bash\nprintf "%s\\t%s\\t%s\\n" "$PWD" "$GIT_DIR" "$*" >> {log}\n'
            f'{more}\nexec {real} "$@"\n'
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return log

    return put


#: The first of them led somewhere once, and those of the default run stand for a kind each.
LINKS = [
    "rm -rf .git; ln -s {private}/.git .git",
    "rm -rf .git; echo 'gitdir: {private}/.git' > .git",
    "rm -rf .git/objects; ln -s {private}/.git/objects .git/objects",
    "cd .git/objects; for f in {private}/.git/objects/??; do rm -rf ${{f##*/}}; ln -s $f .; done",
    """cd .git/objects; echo {sha} > ../refs/heads/theirs
    for f in {private}/.git/objects/??; do mkdir -p ${{f##*/}}; ln -s $f/* ${{f##*/}}/; done""",
    """git -C {private} repack -q -a; rm -rf .git/objects/pack; echo {sha} > .git/HEAD
    ln -s {private}/.git/objects/pack .git/objects/pack""",
    "echo {private}/.git > .git/commondir; echo {sha} > .git/HEAD",
    "echo {private}/.git/objects > .git/objects/info/alternates; echo {sha} > .git/HEAD",
    "echo {private}/.git/objects > .git/objects/info/http-alternates; echo {sha} > .git/HEAD",
    "git config core.worktree {private}; echo {sha} > .git/refs/heads/x",
    "git config include.path {private}/.git/config; git remote add x {private}",
]


@pytest.mark.parametrize(
    "script", [s if n in (0, 2, 4, 7) else pytest.param(s, marks=LONG) for n, s in enumerate(LINKS)]
)
def test_another_repository_of_this_machine_is_not_reached(
    taken: Taken, private: tuple[Path, str, str], script: str
) -> None:
    path, commit, blob = private
    taken.play(script.format(private=path, sha=commit) + "\n")
    (taken.work / "app.py").write_text("changed\n")
    snapshot = taken.take()
    assert not taken.has(commit) and not taken.has(blob)
    assert set(taken.files(snapshot)) >= {"app.py", "check.sh"}


def test_every_git_of_ours_runs_in_folders_of_ours(
    taken: Taken, watched: Callable[[str], Path]
) -> None:
    taken.play("git commit -q --allow-empty -m one; echo x > new; echo '*.log' > .gitignore")
    log = watched("")
    snapshot = taken.take()
    assert snapshot.head is not None
    diff_text(taken.repository.path, taken.world.base, snapshot.head, 1000)
    read_changes(taken.repository.path, taken.world.base, snapshot.head)
    lines = log.read_text().splitlines()
    assert len(lines) > 10
    for line in lines:
        folder, git_dir, args = line.split("\t", 2)
        assert not Path(folder).is_relative_to(taken.work), line
        assert not Path(git_dir or "/").is_relative_to(taken.work), line
        assert str(taken.work) not in args, line


SWAPS = {
    "a folder": ("rm -rf {work}/d; ln -s {private} {work}/d", "ls-tree"),
    "a file": ("rm -f {work}/key; ln -s {private}/key {work}/key", "ls-tree"),
    "a pipe": ("rm -f {work}/key; mkfifo {work}/key", "ls-tree"),
    "git's folder": ("rm -rf {work}/.git; ln -s {private}/.git {work}/.git", "cat-file"),
    "the work dir": ("mv {work} {work}.1; ln -s {private} {work}", "ls-tree"),
}


@pytest.mark.parametrize(
    "swap", [s if s in ("a folder", "a pipe") else pytest.param(s, marks=LONG) for s in SWAPS]
)
def test_what_is_swapped_between_look_and_use_leads_nowhere(
    taken: Taken, private: tuple[Path, str, str], watched: Callable[[str], Path], swap: str
) -> None:
    """Whoever outlives the agent changes a name into a link after we have looked at it."""
    script, when = SWAPS[swap]
    path, commit, blob = private
    taken.play("mkdir d; echo mine > d/key; echo mine > key; echo x >> app.py")
    act = script.format(work=taken.work, private=path)
    # The second look at a tree comes after the walk over the files.
    seen = f"$(grep -c {when} {path.parent}/gits)"
    watched(
        f'case "$*" in *{when}*) if [ {seen} = {2 if when == "ls-tree" else 1} ]; then\n'
        f"{act}; touch {path}.done\nfi;; esac"
    )
    try:
        snapshot = taken.take()
    except GitError:
        assert swap == "the work dir"
        return
    assert path.with_name("private.done").exists()
    assert not taken.has(blob) and not taken.has(commit)
    if swap in ("a folder", "a file", "a pipe"):
        assert any("left out" in note for note in snapshot.notes), snapshot.notes


def test_files_are_opened_through_no_link(world: World) -> None:
    top = world.root / "top"
    (top / "in").mkdir(parents=True)
    (top / "in" / "file").write_text("inside")
    (top / "way").symlink_to("in")
    (top / "in" / "link").symlink_to("file")
    os.mkfifo(top / "in" / "pipe")
    with folder_below(top, b"in") as folder:
        assert read_file(folder, b"file", 100) == b"inside"
        assert read_file(folder, b"file", 5) is None
        for name in (b"link", b"pipe", b"absent", b"."):
            with pytest.raises(OSError):
                read_file(folder, name, 100)
    for path in (b"way", b"way/..", b"in/file"):
        with pytest.raises(OSError), folder_below(top, path):
            pass


def test_attributes_of_a_result_hide_nothing_from_us(taken: Taken) -> None:
    """Neither from the diff that is judged, nor from the question whether it merges."""
    taken.play(
        "echo '* -diff -text binary merge=union filter=x export-subst' | "
        "tee .gitattributes > .git/info/attributes; "
        "printf 'def double(n):\\r\\n    return $Id$\\r\\n' > app.py"
    )
    head = taken.take().head
    assert head is not None
    ours, base = taken.repository.path, taken.world.base
    assert "return $Id$" in diff_text(ours, base, head, 4000)
    changes = {change.path: change for change in read_changes(ours, base, head)}
    assert changes["app.py"].insertions == 2
    assert run_git("cat-file", "-p", f"{head}:app.py", git_dir=ours).count("\r") == 1
    assert fingerprint_of(ours, base, head)
    taken.world.commit({"app.py": "def double(n):\n    return 4\n"})
    taken.world.sync()
    moved = taken.world.mirror.resolve("refs/heads/main")
    assert moved is not None
    assert taken.repository.merge(head, moved, "both") is None


def test_grafts_replacements_and_shallow_files_change_no_history(taken: Taken) -> None:
    taken.play(
        "git commit -q --allow-empty -m one; git commit -q --allow-empty -m two; "
        "git replace --graft HEAD; git rev-parse HEAD > .git/shallow; "
        "echo $(git rev-parse HEAD) > .git/info/grafts; echo y >> app.py; "
        "git notes add -m note; printf 'X <x@x> <us@x>\\n' > .mailmap"
    )
    snapshot = taken.take()
    assert snapshot.head is not None
    shown = run_git("log", "--format=%an %s", snapshot.head, git_dir=taken.repository.path)
    assert shown.splitlines()[:2] == ["us ours", "p change"]


def test_what_is_too_large_is_left_out_and_said(taken: Taken) -> None:
    """Sparse files cost the agent nothing; reading them would cost us hours."""
    taken.play(
        "truncate -s 1T huge; truncate -s 9M some; mkdir -p .git/objects/ab; "
        "truncate -s 1T .git/objects/ab/" + "c" * 38 + "; truncate -s 1T .git/HEAD; "
        "truncate -s 1T .git/objects/pack/pack-" + "d" * 40 + ".pack; echo x >> app.py"
    )
    snapshot = taken.take()
    assert set(taken.files(snapshot)) >= {"app.py", "some"}
    assert "huge" not in taken.files(snapshot)
    assert "left out (over 100 MB): 'huge'" in snapshot.notes
    assert "2 git objects or packs were too large to be kept" in snapshot.notes


def test_what_an_agent_shut_is_opened_again(taken: Taken) -> None:
    taken.play("mkdir -p shut/in; echo x > shut/in/file; chmod 0 shut/in/file shut/in shut")
    assert "shut/in/file" in taken.files(taken.take())
    assert (taken.work / "shut").stat().st_mode & 0o700 == 0o700


def test_every_spelling_of_gits_folder_is_left_out(taken: Taken) -> None:
    names = (".GIT", ".git.", "GIT~1", ".g\u200cit", ".git::$DATA")
    for name in names:
        (taken.work / "sub" / name / "hooks").mkdir(parents=True)
        (taken.work / "sub" / name / "hooks" / "post-checkout").write_text("x")
    (taken.work / "sub" / "plain").write_text("x")
    snapshot = taken.take()
    assert [p for p in taken.files(snapshot) if p.startswith("sub/")] == ["sub/plain"]
    assert len([note for note in snapshot.notes if note.startswith("left out")]) == len(names)
