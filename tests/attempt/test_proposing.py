"""Commits of ours that no attempt made: files, and reverts of each kind of merge."""

from __future__ import annotations

import pytest

from agent_os.domain.errors import BadInput
from tests.attempt.world import World, git


def _tree(world: World, sha: str) -> list[str]:
    return git(world.mirror.path, "ls-tree", "-r", "--name-only", sha).splitlines()


def test_files_are_written_replaced_and_removed_and_the_rest_stays(world: World) -> None:
    mirror, base = world.mirror, world.base
    given = {"CODEBASE.md": b"# Map\n", "docs/new/page.md": b"\xff\n", "check.sh": None}
    made = mirror.commit_files(base, given, "Map\n\nWhy.")
    assert mirror.read_file(made, "CODEBASE.md") == b"# Map\n"
    assert mirror.read_file(made, "docs/new/page.md") == b"\xff\n"
    expected = {*_tree(world, base), "CODEBASE.md", "docs/new/page.md"} - {"check.sh"}
    assert {*_tree(world, made)} == expected
    assert git(mirror.path, "rev-parse", f"{made}^") == base
    assert mirror.message(made).strip() == "Map\n\nWhy."
    assert git(mirror.path, "log", "-1", "--format=%an %ae", made) == "agent-os agent-os@localhost"


def test_the_same_again_is_the_same_commit_and_no_change_is_none(world: World) -> None:
    mirror, base = world.mirror, world.base
    one = mirror.commit_files(base, {"a.md": b"x"}, "m")
    assert mirror.commit_files(base, {"a.md": b"x"}, "m") == one
    assert mirror.commit_files(one, {"a.md": b"x"}, "m") == one
    assert mirror.commit_files(base, {"not-there.md": None}, "m") == base


def test_a_file_keeps_its_mode(world: World) -> None:
    (world.origin / "check.sh").chmod(0o755)
    base = world.commit({"x": "y"})
    world.sync()
    made = world.mirror.commit_files(base, {"check.sh": b"true\n"}, "m")
    assert git(world.mirror.path, "ls-tree", made, "check.sh").startswith("100755")


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../x", "a/../b", ".git/config", "a//b", "a/"),
        *("tests", "link", "link/x", "app.py/x"),
    ],
)
def test_what_is_no_place_for_a_file_is_refused(world: World, path: str) -> None:
    (world.origin / "link").symlink_to("tests")
    base = world.commit({"x": "y"})
    world.sync()
    with pytest.raises(BadInput):
        world.mirror.commit_files(base, {path: b"x"}, "m")


def _merged(world: World, method: str) -> tuple[str, str]:
    """A branch with two commits, merged; (the base afterwards, its commit before)."""
    before = git(world.origin, "rev-parse", "main")
    git(world.origin, "checkout", "-q", "-b", "work")
    world.commit({"one.txt": "1\n"})
    world.commit({"app.py": "changed = True\n"})
    git(world.origin, "checkout", "-q", "main")
    match method:
        case "merge":
            git(world.origin, "merge", "-q", "--no-ff", "-m", "Merge it", "work")
        case "squash":
            git(world.origin, "merge", "-q", "--squash", "work")
            git(world.origin, "commit", "-q", "-m", "Squash it")
        case _:
            git(world.origin, "merge", "-q", "--ff-only", "work")
    return git(world.origin, "rev-parse", "main"), before


@pytest.mark.parametrize(("method", "commits"), [("merge", 1), ("squash", 1), ("rebase", 2)])
def test_each_kind_of_merge_is_undone_under_later_work(
    world: World, method: str, commits: int
) -> None:
    merged, before = _merged(world, method)
    tip = world.commit({"later.txt": "kept\n"})
    world.sync()
    made = world.mirror.revert(tip, merged, commits)
    assert made is not None
    assert git(world.mirror.path, "rev-parse", f"{made}^") == tip
    assert {*_tree(world, made)} == {*_tree(world, before), "later.txt"}
    assert world.mirror.read_file(made, "app.py") == world.mirror.read_file(before, "app.py")
    said = world.mirror.message(made)
    assert said.startswith('Revert "')
    assert f"This reverts commit {merged}." in said
    assert world.mirror.revert(made, merged, commits) is None, "it is undone already"
    at_once = world.mirror.revert(merged, merged, commits)
    assert at_once is not None
    assert _tree(world, at_once) == _tree(world, before)


def test_a_revert_that_conflicts_is_none(world: World) -> None:
    merged, _ = _merged(world, "squash")
    tip = world.commit({"app.py": "changed = 'again'\n"})
    world.sync()
    assert world.mirror.revert(tip, merged) is None


def test_only_what_is_on_the_branch_is_undone(world: World) -> None:
    git(world.origin, "checkout", "-q", "-b", "aside")
    aside = world.commit({"x": "y"})
    git(world.origin, "checkout", "-q", "main")
    world.sync()
    with pytest.raises(BadInput, match="not part of"):
        world.mirror.revert(world.base, aside)
    with pytest.raises(BadInput, match="commits that could be undone"):
        world.mirror.revert(world.base, world.base)
