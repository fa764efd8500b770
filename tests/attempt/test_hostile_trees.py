"""Checking out trees that git's own commands would not make."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from agent_os.domain.errors import GitError
from agent_os.workspace.git import run_git
from agent_os.workspace.snapshot import Author, SnapshotRepository
from agent_os.workspace.workdir import checkout

from .world import World

HOSTILE_TREES = {
    "git's own folder": [("40000", ".git", [("100755", "config", "[core]\nhooksPath = x\n")])],
    "another spelling": [("40000", ".GIT", [("100755", "config", "x")])],
    "the folder above": [("40000", "..", [("100755", "out", "x")])],
    "a link and a folder of one name": [
        ("120000", "a", "../outside"),
        ("40000", "a", [("100644", "out", "x")]),
    ],
    "a path in a name": [("100644", "a/../../out", "x")],
}


def _tree(git_dir: Path, entries: list[tuple[str, str, object]]) -> str:
    raw = b""
    for mode, name, held in entries:
        if isinstance(held, str):
            sha = run_git("hash-object", "-w", "--stdin", git_dir=git_dir, input=held)
        else:
            sha = _tree(git_dir, held)  # type: ignore[arg-type]  # nested lists of the same kind
        raw += f"{mode} {name}\0".encode() + bytes.fromhex(sha)
    args = ("hash-object", "-w", "-t", "tree", "--literally", "--stdin")
    return run_git(*args, git_dir=git_dir, input=raw)


@pytest.mark.parametrize(
    "kind",
    [k if n < 2 else pytest.param(k, marks=pytest.mark.long) for n, k in enumerate(HOSTILE_TREES)],
)
def test_a_checkout_of_a_hostile_tree_writes_nowhere_else(world: World, kind: str) -> None:
    """Such trees can't be made with git's own commands; their commits can be kept, and gone on
    from."""
    ours = SnapshotRepository(world.root / "ours.git", world.mirror.path, Author("us", "us@x"))
    ours.create((world.base,))
    sha = ours.commit(_tree(ours.path, HOSTILE_TREES[kind]), (world.base,), "hostile")  # type: ignore[arg-type]
    place = world.root / "place"
    place.mkdir()
    (place / "outside").mkdir()
    with suppress(GitError):
        checkout(place / "out-of-it", sha, ours.object_stores)
    assert sorted(p.name for p in place.iterdir()) == ["out-of-it", "outside"]
    assert not list((place / "outside").iterdir())
    config = (place / "out-of-it" / ".git" / "config").read_text()
    assert "hooksPath" not in config
