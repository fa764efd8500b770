"""Gate `files`: what a result adds is what a person could look at, on any system.

Each commit that a push would bring counts, not only what is left in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent_os.attempt.gates.blobs import Blob, read_blobs, sizes, targets
from agent_os.attempt.gates.changes import readable
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.links import LONGEST_TARGET, astray
from agent_os.attempt.gates.spelling import fault, names_submodules, twins
from agent_os.domain.attempts import GateOrder, GateResult, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.workspace.git import git_bytes

NAME = "files"
_SHOWN = 5
_LINK, _SUBMODULE, _NOTHING = "120000", "160000", "000000"
_REGULAR = ("100644", "100755")
_SECONDS = 300.0


@dataclass(frozen=True)
class Commits:
    """What `head` has and `base` has not is new; `merge_base` is how things were."""

    base: str
    merge_base: str
    head: str


@dataclass(frozen=True)
class Brought:
    """One path as a commit of the result leaves it, and as it was before."""

    path: str
    mode: str
    sha: str
    old_mode: str
    old_sha: str


@dataclass(frozen=True)
class Item:
    """One path of a tree."""

    mode: str
    sha: str


def check_files(context: GateContext) -> GateResult:
    commits = Commits(context.order.base, context.merge_base, context.head)
    return judge_files(context.repository.path, context.order.gates, commits)


def judge_files(git_dir: Path, gates: GateOrder, commits: Commits) -> GateResult:
    """Links out, submodules, deceiving names, programs and huge files are refused; the rest that
    is out of the ordinary is named."""
    look = _Look(git_dir, gates, commits)
    found = [*look.refused()]
    if not found:
        noted = "; ".join(look.noted[:_SHOWN])
        more = len(look.noted) - _SHOWN
        tail = f" Noted: {noted}{f' and {more} more' if more > 0 else ''}." if noted else ""
        return GateResult(name=NAME, verdict=Verdict.PASS, detail=f"None refused.{tail}")
    shown = "; ".join(dict.fromkeys(found[:_SHOWN]))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return GateResult(
        name=NAME,
        verdict=Verdict.FAIL,
        detail=f"Refused: {shown}{more}. Take it out of the change, or give it another form.",
        code=FailureCode.GATE_FAILED,
    )


class _Look:
    """One look at a result. `noted` is filled by `refused`."""

    def __init__(self, git_dir: Path, gates: GateOrder, commits: Commits) -> None:
        self.noted: list[str] = []
        self._git = git_dir
        self._gates = gates
        self._brought = read_brought(git_dir, commits.base, commits.head)
        self._before = read_tree(git_dir, commits.merge_base)
        self._after = read_tree(git_dir, commits.head)

    def refused(self) -> Iterator[str]:
        """Path and reason, one after the other."""
        regular = {b.sha for b in self._brought if b.mode in _REGULAR}
        old = {b.old_sha for b in self._brought if b.old_mode in _REGULAR}
        known = sizes(self._git, regular | old)
        new = {sha: known[sha] for sha in regular if sha in known}
        blobs = read_blobs(self._git, new, self._gates.file_bytes)
        for brought in self._brought:
            if why := self._fault(brought, blobs, known):
                yield f"{readable(brought.path)} {why}"
        for one, other in twins(self._after, self._before):
            yield f"{readable(one)} and {readable(other)} are one file on many systems"
        yield from self._links()

    def _fault(self, brought: Brought, blobs: dict[str, Blob], known: dict[str, int]) -> str:
        if brought.mode == _NOTHING:
            return ""
        was = self._before.get(brought.path)
        if was == Item(brought.mode, brought.sha):
            return ""  # as the base has it
        if was is None and (why := fault(brought.path)):
            return f"is no name to use: {why}"
        if brought.mode == _SUBMODULE:
            return "is a submodule: other repositories are for a person to add or move"
        if names_submodules(brought.path):
            return "says where submodules come from"
        self._note_mode(brought)
        blob = blobs.get(brought.sha)
        return self._fault_of(brought, blob, known.get(brought.old_sha, 0)) if blob else ""

    def _fault_of(self, brought: Brought, blob: Blob, before: int) -> str:
        gates = self._gates
        if blob.size > gates.file_bytes and before <= gates.file_bytes:
            return f"has {_kb(blob.size)}; at most {_kb(gates.file_bytes)} are taken"
        if blob.program:
            return "is a compiled program"
        if blob.binary:
            if blob.size > gates.binary_bytes and before <= gates.binary_bytes:
                return f"is binary and has {_kb(blob.size)} (at most {_kb(gates.binary_bytes)})"
            self.noted.append(f"binary: {readable(brought.path)} ({_kb(blob.size)})")
        elif blob.lfs_pointer:
            self.noted.append(f"names a file of Git LFS: {readable(brought.path)}")
        if brought.path.rpartition("/")[2] == ".gitattributes":
            self.noted.append(f"may hide files on GitHub's pages: {readable(brought.path)}")
        return ""

    def _note_mode(self, brought: Brought) -> None:
        if brought.old_mode not in (_NOTHING, brought.mode):
            words = f"mode {brought.old_mode} → {brought.mode}: {readable(brought.path)}"
            self.noted.append(words)
        elif brought.old_mode == _NOTHING and brought.mode != "100644":
            kind = "link" if brought.mode == _LINK else "may be run"
            self.noted.append(f"{kind}: {readable(brought.path)}")

    def _links(self) -> Iterator[str]:
        """Of each commit, by itself: a link that a later one takes away was there too. In the
        final tree a link may also be turned by another one that it goes through."""
        after, before = self._targets(self._after), self._targets(self._before)
        for path in sorted(after):
            known = before.get(path) == after[path] and astray(path, before)
            if not known and (why := astray(path, after)):
                yield f"{readable(path)} {why}"
        passing = {
            b.path: Item(b.mode, b.sha)
            for b in self._brought
            if b.mode == _LINK and self._after.get(b.path) != Item(b.mode, b.sha)
        }
        once = self._targets(passing)
        for path in sorted(once):
            if why := astray(path, {**after, **once}):
                yield f"{readable(path)} {why}, in a commit on the way"

    def _targets(self, items: dict[str, Item]) -> dict[str, str]:
        links = {path: item.sha for path, item in items.items() if item.mode == _LINK}
        if not links:
            return {}
        said = targets(self._git, links.values(), LONGEST_TARGET)
        return {path: said.get(sha, "") for path, sha in links.items()}


def read_brought(git_dir: Path, base: str, head: str) -> list[Brought]:
    """What each commit of `head` that `base` has not changes against its parents; of a merge,
    only what none of them has."""
    shown = ("-c", "--raw", "-z", "--root", "--no-renames", "--no-abbrev", "--format=")
    data = git_bytes("log", *shown, head, f"^{base}", git_dir=git_dir, timeout=_SECONDS)
    parts = iter(data.lstrip(b"\n").split(b"\0"))
    found: list[Brought] = []
    for part in parts:
        line = part.lstrip(b"\n")
        if not line.startswith(b":"):
            continue
        count = len(line) - len(line.lstrip(b":"))
        fields = line.lstrip(b":").decode().split()
        path = next(parts, b"").decode("utf-8", "surrogateescape")
        modes, shas = fields[: count + 1], fields[count + 1 : 2 * count + 2]
        found.append(Brought(path, modes[-1], shas[-1], modes[0], shas[0]))
    return found


def read_tree(git_dir: Path, commit: str) -> dict[str, Item]:
    """Everything in a commit, by path."""
    args = ("ls-tree", "-r", "-z", "--full-tree", commit)
    found: dict[str, Item] = {}
    for line in git_bytes(*args, git_dir=git_dir, timeout=_SECONDS).split(b"\0"):
        head, _, path = line.partition(b"\t")
        if path:
            mode, _, sha = head.decode().split()
            found[path.decode("utf-8", "surrogateescape")] = Item(mode, sha)
    return found


def _kb(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, size // 1000)} KB"
