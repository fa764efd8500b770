"""Git without processes: commits by their content, in memory, and the hub's repository on them."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from agent_os.localhub.errors import Refusal
from agent_os.localhub.git import NO_OBJECT, Git, GitFailed, Person
from agent_os.simulation.objectfiles import commit_content, epoch, object_id, tree_id

Files = dict[str, str]


@dataclass(frozen=True)
class ModelCommit:
    """`tree` is the id of its files."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: Person
    committer: Person

    @property
    def time(self) -> int:
        """When it was committed, in seconds since 1970."""
        return epoch(self.committer.date)

    @property
    def content(self) -> bytes:
        """As git keeps it."""
        about = (self.tree, self.parents, self.message, self.author, self.committer)
        return commit_content(*about)


class Objects:
    """All commits and trees. What two scenarios make alike is the same object."""

    def __init__(self) -> None:
        self.commits: dict[str, ModelCommit] = {}
        self.trees: dict[str, Files] = {}
        self._depths: dict[str, int] = {}
        """The longest way down to a first commit: lower than that of all that contain it."""

    def tree(self, files: Mapping[str, str]) -> str:
        """The id of a tree with these files."""
        sha = tree_id(files)
        if sha not in self.trees:
            self.trees[sha] = dict(sorted(files.items()))
        return sha

    def commit(
        self, tree: str, parents: Iterable[str], message: str, author: Person, committer: Person
    ) -> str:
        content = (tree, tuple(parents), message, author, committer)
        sha = object_id("commit", commit_content(*content))
        self.commits[sha] = ModelCommit(sha, *content)
        self._depths[sha] = 1 + max((self._depths[p] for p in content[1]), default=0)
        return sha

    def files(self, sha: str) -> Files:
        return self.trees[self.commits[sha].tree]

    def ancestors(self, sha: str, known: AbstractSet[str] = frozenset()) -> set[str]:
        """The commit and all that it contains; what is known is not looked behind."""
        found: set[str] = set()
        todo = [sha]
        while todo:
            one = todo.pop()
            if one not in found and one not in known:
                found.add(one)
                todo += self.commits[one].parents
        return found

    def newest(self, sha: str, most: int) -> list[ModelCommit]:
        """The commit and what it contains, each before its parents, at most so many."""
        return list(itertools.islice(self._down([sha]), most))

    def _down(self, shas: Iterable[str]) -> Iterator[ModelCommit]:
        seen = set(shas)
        todo = [(-self._depths[sha], sha) for sha in seen]
        heapq.heapify(todo)
        while todo:
            found = self.commits[heapq.heappop(todo)[1]]
            yield found
            for parent in set(found.parents) - seen:
                seen.add(parent)
                heapq.heappush(todo, (-self._depths[parent], parent))

    def is_ancestor(self, older: str, newer: str) -> bool:
        least = self._depths[older]
        todo, seen = [newer], set[str]()
        while todo:
            one = todo.pop()
            if one == older:
                return True
            if one not in seen and self._depths[one] > least:
                seen.add(one)
                todo += self.commits[one].parents
        return False

    def merge_base(self, left: str, right: str) -> str | None:
        """The common ancestor with the longest way behind it."""
        if left == right:
            return left
        sides = {left: 1, right: 2}
        for found in self._down([left, right]):
            side = sides[found.sha]
            if side == 1 | 2:
                return found.sha
            for parent in found.parents:
                sides[parent] = sides.get(parent, 0) | side
        return None

    def merged(self, ours: str, theirs: str) -> str | None:
        """The tree of a merge, or None when both changed a file in different ways."""
        base_sha = self.merge_base(ours, theirs)
        base = self.files(base_sha) if base_sha else {}
        left, right = self.files(ours), self.files(theirs)
        merged: Files = {}
        for path in sorted(base.keys() | left.keys() | right.keys()):
            was, mine, other = base.get(path), left.get(path), right.get(path)
            if mine != other and was not in (mine, other):
                return None
            chosen = other if mine == was else mine
            if chosen is not None:
                merged[path] = chosen
        return self.tree(merged)

    def span(self, newer: str, without: str | None) -> list[ModelCommit]:
        """Commits of `newer` that `without` lacks, oldest first."""
        if without is None:
            return self.newest(newer, len(self.commits))[::-1]
        hidden, wanted = {without}, {newer}
        found: list[ModelCommit] = []
        for one in self._down({newer, without}):
            if one.sha in hidden:
                hidden.update(one.parents)
                wanted -= {one.sha, *one.parents}
            else:
                found.append(one)
                wanted.discard(one.sha)
                wanted.update(set(one.parents) - hidden)
            if not wanted:
                break
        return found[::-1]


#: Shared by all scenarios of a process: what the hub keeps of two commits holds for all of them.
OBJECTS = Objects()


@dataclass(frozen=True)
class ModelGit(Git):
    """The hub's repository: refs of its own, and as much of git as the API asks for."""

    heads: dict[str, str] = field(default_factory=dict[str, str], compare=False)
    """Every ref with its commit."""

    def run(
        self, *arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None
    ) -> tuple[int, bytes, bytes]:
        match arguments:
            case ("rev-parse", "--verify", "--quiet", name):
                sha = self.resolve(name.partition("^")[0])
                return (0, sha.encode(), b"") if sha else (1, b"", b"")
            case ("merge-tree", "--write-tree", "--no-messages", ours, theirs):
                tree = OBJECTS.merged(ours, theirs)
                return (0, tree.encode(), b"") if tree else (1, b"", b"")
            case ("cat-file", "-t", sha):
                return 0, b"commit", b""
            case ("cat-file", "-e", sha):
                return int(sha not in OBJECTS.commits), b"", b""
            case ("check-ref-format", _):
                return 0, b"", b""
            case ("rev-list", "--count", span):
                older, _, newer = span.partition("..")
                return 0, str(len(OBJECTS.span(newer, older))).encode(), b""
            case ("diff", "--numstat", span):
                return 0, self._numstat(*span.split("...")), b""
            case ("log", *options):
                return 0, self._log(options), b""
            case _:
                raise GitFailed(f"the model knows no `git {' '.join(arguments)}`")

    def _numstat(self, one: str, other: str) -> bytes:
        base = OBJECTS.merge_base(one, other)
        before, after = OBJECTS.files(base) if base else {}, OBJECTS.files(other)
        changed = sorted(p for p in before | after if before.get(p) != after.get(p))
        rows = [f"{len(after.get(p, '').splitlines())}\t0\t{p}" for p in changed]
        return "\n".join(rows).encode()

    def _log(self, options: list[str]) -> bytes:
        older, dots, newer = options[-1].partition("..")
        found = OBJECTS.span(newer if dots else older, older if dots else None)
        if "--no-merges" in options:
            found = [c for c in found if len(c.parents) < 2]
        if "--reverse" not in options:
            found = found[::-1]
        if "-1" in options:
            found = found[:1]
        if "--format=%H%n%B" in options:
            return b"\0".join(f"{c.sha}\n{c.message}".encode() for c in found)
        return b"\0".join(_fields(c) for c in found)

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        return {ref: sha for ref, sha in sorted(self.heads.items()) if ref.startswith(prefix)}

    def resolve(self, name: str, kind: str = "commit") -> str | None:
        if name in OBJECTS.commits:
            return name
        return self.heads.get(name) or self.branch(name)

    def branch(self, name: str) -> str | None:
        return self.heads.get(f"refs/heads/{name}")

    def is_ancestor(self, older: str, newer: str) -> bool:
        return OBJECTS.is_ancestor(older, newer)

    def merge_base(self, left: str, right: str) -> str | None:
        return OBJECTS.merge_base(left, right)

    def update_ref(self, ref: str, new: str, old: str | None = None) -> None:
        self.update_refs((ref, new, self.heads.get(ref, NO_OBJECT) if old is None else old))

    def update_refs(self, *updates: tuple[str, str, str]) -> None:
        for ref, _, old in updates:
            if self.heads.get(ref, NO_OBJECT) != old:
                raise Refusal(409, f"Reference cannot be updated: {ref} is elsewhere")
        self.heads.update({ref: new for ref, new, _ in updates})

    def delete_ref(self, ref: str) -> None:
        self.heads.pop(ref, None)

    def commit_tree(
        self, tree: str, parents: list[str], message: str, author: Person, committer: Person
    ) -> str:
        return OBJECTS.commit(tree, parents, message, author, committer)


def _fields(commit: ModelCommit) -> bytes:
    """As the hub's log format has them."""
    people: list[str] = []
    for person in (commit.author, commit.committer):
        people += [person.name, person.email, str(epoch(person.date))]
    parts = [commit.sha, commit.tree, " ".join(commit.parents), *people, commit.message]
    return "\0".join(parts).encode()
