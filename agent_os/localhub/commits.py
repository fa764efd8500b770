"""Commits and what they change, read from the bare repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from agent_os.localhub.git import NO_OBJECT, Git

MAX_FILES = 300
MAX_PATCH_CHARS = 200_000
FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B"
FIELDS = 10
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
STATES = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied"}


@dataclass(frozen=True)
class Signature:
    """Who and when (UTC, ISO)."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """One commit."""

    sha: str
    tree: str
    parents: list[str]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True)
class FileChange:
    """One changed file; `patch` is None for binaries and very large changes."""

    path: str
    previous: str | None
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None


def log(git: Git, *arguments: str) -> list[Commit]:
    """The commits `git log` finds, newest first."""
    out = git.output("log", "-z", f"--format={FORMAT}", *arguments).decode(errors="replace")
    parts = out.split("\0")
    starts = range(0, len(parts) - FIELDS + 1, FIELDS)
    return [_parse(parts[start : start + FIELDS]) for start in starts]


def many(git: Git, shas: Sequence[str]) -> list[Commit]:
    """These commits, in this order."""
    return log(git, "--no-walk=unsorted", *shas) if shas else []


# Safe to keep: a commit never changes.
@lru_cache(maxsize=4096)
def one(git: Git, sha: str) -> Commit:
    """This commit."""
    return log(git, "-1", sha)[0]


def _parse(parts: list[str]) -> Commit:
    sha, tree, parents, *people, message = parts
    author = Signature(people[0], people[1], _time(people[2]))
    committer = Signature(people[3], people[4], _time(people[5]))
    return Commit(sha, tree, parents.split(), author, committer, message.rstrip("\n"))


def _time(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def changes_of(git: Git, commit: Commit) -> list[FileChange]:
    """Against the first parent."""
    return changes(git, commit.parents[0] if commit.parents else EMPTY_TREE, commit.sha)


def changes(git: Git, old: str, new: str) -> list[FileChange]:
    """The files that differ between two trees, by path."""
    common = ("diff-tree", "-r", "-M", "-z", "--no-commit-id", old, new)
    rows = _fields(git.output(*common, "--raw", "--no-abbrev"))
    counts = _counts(_fields(git.output(*common, "--numstat")))
    text = git.output("diff-tree", "-r", "-M", "-p", "--no-commit-id", old, new)
    patches = _patches(text.decode(errors="replace"))
    found: list[FileChange] = []
    while rows:
        _, _, old_sha, new_sha, letter = rows.pop(0).split(" ")
        previous = rows.pop(0) if letter[0] in "RC" else None
        path = rows.pop(0)
        added, removed = counts.get(path, (0, 0))
        patch = patches.pop(0) if patches else None
        if letter[0] == "T" and patches:  # shown as a removal and an addition
            patches.pop(0)
        sha = old_sha if new_sha == NO_OBJECT else new_sha
        status = STATES.get(letter[0], "changed")
        found.append(FileChange(path, previous, status, sha, added, removed, patch))
    return found


def _fields(out: bytes) -> list[str]:
    return out.decode(errors="replace").split("\0")[:-1]


def _counts(fields: list[str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    while fields:
        added, removed, path = fields.pop(0).split("\t")
        if not path:  # a rename: the two names follow as fields of their own
            fields.pop(0)
            path = fields.pop(0)
        found[path] = (_number(added), _number(removed))
    return found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _patches(text: str) -> list[str | None]:
    """One hunk text a file, in the order of the raw listing."""
    found: list[str | None] = []
    for section in ("\n" + text).split("\ndiff --git ")[1:]:
        start = section.find("\n@@ ")
        hunk = section[start + 1 :].rstrip("\n") if start >= 0 else None
        found.append(hunk if hunk is None or len(hunk) <= MAX_PATCH_CHARS else None)
    return found
