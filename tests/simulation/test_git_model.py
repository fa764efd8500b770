"""The model of git answers as git does: the same contract for both."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from agent_os.domain.attempts import KeptRef
from agent_os.domain.errors import Conflict, GitError
from agent_os.localhub import merges
from agent_os.localhub.errors import Refusal
from agent_os.localhub.git import NO_OBJECT, Git, Person, create
from agent_os.simulation.gitmodel import OBJECTS, ModelGit
from agent_os.simulation.mirror import Held, ModelMirror, Remote
from agent_os.workspace.mirror import OWNER_REF, OWNER_SEEN, Mirror, Update
from tests.hub import git as run_git

_WHO = Person("a", "a@example.invalid", "2026-01-01T00:00:00Z")


class Ground(Protocol):
    """A remote repository, and our mirror of it."""

    root: Path
    hub: Git
    mirror: Mirror
    url: str

    def commit(self, files: Mapping[str, str], *parents: str, message: str = "m") -> str:
        """A commit in the hub's repository."""
        ...

    def files(self, sha: str) -> dict[str, str]: ...

    def bundle(self, ref: str, sha: str) -> Path:
        """As an attempt leaves it."""
        ...


class RealGround:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.hub = create(root / "remote.git", "main")
        self.mirror = Mirror(root / "mirror.git")
        self.url = str(root / "remote.git")

    def commit(self, files: Mapping[str, str], *parents: str, message: str = "m") -> str:
        rows = ""
        for path, text in sorted(files.items()):
            blob = self.hub.output("hash-object", "-w", "--stdin", stdin=text.encode()).decode()
            rows += f"100644 blob {blob.strip()}\t{path}\n"
        tree = self.hub.output("mktree", stdin=rows.encode()).decode().strip()
        return self.hub.commit_tree(tree, list(parents), message, _WHO, _WHO)

    def files(self, sha: str) -> dict[str, str]:
        names = self.hub.text("ls-tree", "--name-only", sha).splitlines()
        return {n: self.hub.output("cat-file", "blob", f"{sha}:{n}").decode() for n in names}

    def bundle(self, ref: str, sha: str) -> Path:
        path = self.root / "work.bundle"
        self.hub.update_ref(ref, sha)
        run_git("bundle", "create", "-q", path, ref, cwd=self.hub.directory)
        self.hub.delete_ref(ref)
        return path


class _Straight(Remote):
    def __init__(self, hub: ModelGit) -> None:
        self._hub = hub

    def refs(self) -> dict[str, str]:
        return dict(self._hub.heads)

    def push(self, updates: Sequence[Update]) -> bool:
        if any(self._hub.heads.get(ref, "") != expected for ref, _, expected in updates):
            return False
        for ref, new, _ in updates:
            if new:
                self._hub.update_ref(ref, new)
            else:
                self._hub.delete_ref(ref)
        return True


class ModelGround:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.hub = ModelGit(root / "remote.git", {})
        self.mirror = ModelMirror(root / "mirror.git", Held(), _Straight(self.hub))
        self.url = "remote"

    def commit(self, files: Mapping[str, str], *parents: str, message: str = "m") -> str:
        return self.hub.commit_tree(OBJECTS.tree(files), list(parents), message, _WHO, _WHO)

    def files(self, sha: str) -> dict[str, str]:
        return OBJECTS.files(sha)

    def bundle(self, ref: str, sha: str) -> Path:
        path = self.root / "work.bundle"
        path.write_text(json.dumps({ref: sha}))
        return path


@pytest.fixture(name="ground", params=[RealGround, ModelGround], ids=["git", "model"])
def _ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    make: Callable[[Path], Ground] = request.param
    return make(tmp_path)


def test_the_hubs_refs_move_only_from_where_they_are_expected(ground: Ground) -> None:
    hub = ground.hub
    one = ground.commit({"a": "1\n"})
    two = ground.commit({"a": "2\n"}, one)
    hub.update_ref("refs/heads/main", one, NO_OBJECT)
    with pytest.raises(Refusal):
        hub.update_refs(("refs/heads/x", two, NO_OBJECT), ("refs/heads/main", two, two))
    assert hub.refs() == {"refs/heads/main": one}
    hub.update_refs(("refs/heads/main", two, one), ("refs/hub/mark", two, NO_OBJECT))
    assert (hub.branch("main"), hub.branch("none")) == (two, None)
    assert hub.resolve(one) == one and hub.resolve("main") == two
    hub.delete_ref("refs/hub/mark")
    assert hub.refs("refs/hub/") == {}
    assert hub.run("rev-parse", "--verify", "--quiet", "refs/heads/none")[0] != 0
    assert hub.text("cat-file", "-t", one) == "commit"


def test_the_hub_sees_the_same_history(ground: Ground) -> None:
    hub = ground.hub
    root = ground.commit({"a": "1\n"}, message="root")
    left = ground.commit({"a": "1\n", "b": "2\n"}, root, message="left (Fixes #3)")
    right = ground.commit({"a": "9\n"}, root, message="right")
    both = ground.commit({"a": "9\n", "b": "2\n"}, left, right, message="both")
    assert hub.is_ancestor(root, both) and not hub.is_ancestor(left, right)
    assert hub.merge_base(left, right) == root
    assert hub.text("rev-list", "--count", f"{root}..{both}") == "3"
    spanned = hub.output("log", "-z", "--reverse", "--format=%H%n%B", f"{root}..{left}")
    assert spanned.decode().strip("\n\0").split("\n") == [left, "left (Fixes #3)"]
    assert len(hub.text("diff", "--numstat", f"{right}...{left}").splitlines()) == 1


@pytest.mark.parametrize("seed", range(6))
def test_merges_conflict_alike_and_give_the_same_files(ground: Ground, seed: int) -> None:
    chance = random.Random(seed)
    base = {name: f"{name}\n" for name in "abc"}
    root = ground.commit(base)
    ends: list[str] = []
    for side in ("l", "r"):
        files = dict(base)
        for name in "abcd":
            match chance.randrange(4):
                case 0:
                    files[name] = f"{chance.choice(('same', side))}\n"
                case 1:
                    files.pop(name, None)
                case _:
                    pass
        ends.append(ground.commit(files, root, message=side))
    tree = merges.merged_tree(ground.hub, *ends)
    wanted = _by_hand(base, *(ground.files(end) for end in ends))
    assert (tree is None) == (wanted is None)
    if tree is not None:
        merged = ground.hub.commit_tree(tree, ends, "merge", _WHO, _WHO)
        assert ground.files(merged) == wanted


def _by_hand(
    base: Mapping[str, str], left: Mapping[str, str], right: Mapping[str, str]
) -> dict[str, str] | None:
    merged: dict[str, str] = {}
    for name in sorted({*base, *left, *right}):
        was, mine, other = base.get(name), left.get(name), right.get(name)
        if mine != other and mine != was and other != was:
            return None
        chosen = mine if other == was else other
        if chosen is not None:
            merged[name] = chosen
    return merged


def test_a_mirror_fetches_branches_and_keeps_our_refs(ground: Ground) -> None:
    mirror, url = ground.mirror, ground.url
    one = ground.commit({"a": "1\n"})
    ground.hub.update_ref("refs/heads/main", one)
    ground.hub.update_ref("refs/heads/old", one)
    mirror.ensure(url)
    mirror.fetch(url)
    work = ground.commit({"a": "2\n"}, one)
    kept = KeptRef(ref="refs/agent-os/attempts/1-2/1.1/head", sha=work)
    mirror.import_bundle(ground.bundle(kept.ref, work), [kept])
    mirror.import_bundle(ground.root / "gone", [kept])
    ground.hub.delete_ref("refs/heads/old")
    mirror.fetch(url)
    assert (mirror.resolve("refs/heads/old"), mirror.resolve(kept.ref)) == (None, work)
    assert mirror.has(work) and not mirror.has("f" * 40)
    assert mirror.is_ancestor(one, work) and not mirror.is_ancestor(work, one)
    assert mirror.merge_base(one, work) == one
    assert (mirror.read_file(work, "a"), mirror.read_file(work, "b")) == (b"2\n", None)
    with pytest.raises(GitError):
        mirror.is_ancestor(one, "f" * 40)


def test_a_bundle_that_holds_something_else_is_refused(ground: Ground) -> None:
    one = ground.commit({"a": "1\n"})
    two = ground.commit({"a": "2\n"}, one)
    ground.mirror.ensure(ground.url)
    ref = "refs/agent-os/attempts/1-2/1.1/head"
    with pytest.raises(GitError):
        ground.mirror.import_bundle(ground.bundle(ref, two), [KeptRef(ref=ref, sha=one)])
    assert ground.mirror.resolve(ref) is None


def test_a_push_needs_the_expected_place(ground: Ground) -> None:
    mirror, url, ref = ground.mirror, ground.url, "refs/heads/x"
    one = ground.commit({"a": "1\n"})
    two, other = ground.commit({"a": "2\n"}, one), ground.commit({"a": "3\n"}, one)
    for name, sha in (("main", one), ("two", two), ("other", other)):
        ground.hub.update_ref(f"refs/heads/{name}", sha)
    mirror.ensure(url)
    mirror.fetch(url)
    mirror.push(url, "", Update(ref, one, ""))
    for new, expected in ((two, ""), (two, other), ("", two)):
        with pytest.raises(Conflict):
            mirror.push(url, "", Update(ref, new, expected))
    mirror.push(url, "", Update(ref, two, one))
    with pytest.raises(Conflict):
        mirror.push(url, "", Update(ref, other, two))
    with pytest.raises(Conflict):
        mirror.push(url, "", Update(ref, "", two), Update("refs/heads/main", two, two))
    assert mirror.ls_remote(url, "", ref) == two, "all or nothing"
    mirror.push(url, "", Update(ref, "", two), Update("refs/heads/main", two, one))
    assert mirror.ls_remote(url, "", ref) is None
    assert mirror.ls_remote(url, "", "refs/heads/main") == two


def test_a_note_is_a_commit_that_only_says_something(ground: Ground) -> None:
    mirror, url = ground.mirror, ground.url
    mirror.ensure(url)
    first = mirror.note("whose\n\nthis: that\n", "")
    second = mirror.note("again\n", first)
    assert "this: that" in mirror.message(first)
    assert mirror.message("f" * 40) == ""
    mirror.push(url, "", Update(OWNER_REF, first, ""))
    mirror.push(url, "", Update(OWNER_REF, second, first))
    mirror.set(OWNER_SEEN, first)
    mirror.fetch(url)
    assert mirror.resolve(OWNER_SEEN) == second
