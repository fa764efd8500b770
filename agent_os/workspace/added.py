"""What commits add, as text: lines of files, names of files, and the commits' own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_os.workspace.git import checked_sha, git_bytes, git_lines

_HUNK = re.compile(rb"@@(@*) .*\+(\d+)(?:,\d+)? @@")
_SECONDS = 300.0
_MOST_COMMITS_AT_ONCE = 500


@dataclass(frozen=True)
class Added:
    """`line` 0: a file's name. `path` empty: the words of the commit, with its authors.

    Of a very long line there are several, one after the other.
    """

    commit: str
    path: str
    line: int
    text: str


def added(git_dir: Path, head: str, known: Iterable[str]) -> Iterator[Added]:
    """What is in the commits that `head` has and `known` have not; of a merge, what none of its
    parents has. GitError when that can't be told."""
    range_ = (checked_sha(head), *(f"^{checked_sha(sha)}" for sha in known))
    commits = git_bytes("rev-list", *range_, git_dir=git_dir).decode().split()
    yield from _words(git_dir, commits)
    if commits:
        yield from _diffs(git_dir, range_)


def _words(git_dir: Path, commits: Sequence[str]) -> Iterator[Added]:
    # The objects as they are: what `git log` shows of a message ends at a NUL.
    for start in range(0, len(commits), _MOST_COMMITS_AT_ONCE):
        names = commits[start : start + _MOST_COMMITS_AT_ONCE]
        data = git_bytes("cat-file", "--batch", git_dir=git_dir, input="\n".join(names) + "\n")
        at = 0
        for name in names:
            end = data.index(b"\n", at)
            size = int(data[at:end].split()[2])
            yield Added(name, "", 0, data[end + 1 : end + 1 + size].decode("utf-8", "replace"))
            at = end + size + 2


def _diffs(git_dir: Path, range_: Sequence[str]) -> Iterator[Added]:
    shown = ("--format=%x00%H", "-p", "--cc", "--root", "--text", "--no-renames", "--unified=0")
    plain = ("--no-color", "--no-textconv", "--no-ext-diff", "--submodule=short")
    lines = git_lines("log", *shown, *plain, *range_, git_dir=git_dir, timeout=_SECONDS)
    reader = _Reader()
    for piece in lines:
        yield from reader.take(piece)


class _Reader:
    """Of `git log -p`. In a hunk each line begins with a sign, so none can look like a header."""

    def __init__(self) -> None:
        self._commit = self._path = ""
        self._parents = 0  # of the hunk; 0: not in one
        self._line = 0
        self._whole = True  # the last piece ended its line
        self._adds = False

    def take(self, piece: bytes) -> Iterator[Added]:
        begins, self._whole = self._whole, piece.endswith(b"\n")
        if not begins:
            if self._adds:
                yield self._added(piece)
            return
        self._adds = False
        sign = piece[:1]
        if sign == b"\0":
            self._commit, self._parents = piece[1:].strip().decode(), 0
        elif piece.startswith(b"diff --"):
            self._path, self._parents = _path(piece), 0
            yield Added(self._commit, self._path, 0, self._path)
        elif hunk := _HUNK.match(piece):
            self._parents, self._line = len(hunk[1]) + 1, int(hunk[2]) - 1
        elif self._parents:
            signs = piece[: self._parents]
            self._line += b"-" not in signs and sign != b"\\"
            # Of a merge: what one parent has is told where it was added.
            self._adds = signs == b"+" * self._parents
            if self._adds:
                yield self._added(piece[self._parents :])

    def _added(self, data: bytes) -> Added:
        return Added(self._commit, self._path, self._line, data.decode("utf-8", "replace"))


def _path(header: bytes) -> str:
    """Of `diff --git a/NAME b/NAME` or `diff --cc NAME`; odd names are in quotes."""
    kind, _, rest = header.rstrip(b"\n").removeprefix(b"diff --").partition(b" ")
    if kind == b"git":
        rest = rest[(len(rest) + 1) // 2 :]
        rest = rest.removeprefix(b'"b/').removeprefix(b"b/")
    return rest.strip(b'"').decode("utf-8", "replace")
