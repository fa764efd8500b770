"""Secrets in commits: which, and where. A push can't be taken back, so each commit counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent_os.domain.errors import GitError
from agent_os.secrets.finder import Finder, shown
from agent_os.workspace.added import Added, added
from agent_os.workspace.git import try_git

_BLOCK_CHARS = 200_000
#: A value may begin in one block and end in the next.
_OVERLAP_CHARS = 4_000
_MOST = 50
#: Looking through this much takes seconds, and no person could read it either.
MOST_CHARS = 50_000_000


class TooMuch(GitError):
    """There is more text than anybody can look through."""


@dataclass(frozen=True)
class GivenAway:
    """`line` 0: in the name of the file. `path` empty: in the commit's message or authors."""

    commit: str
    path: str
    line: int
    kind: str
    exact: bool
    shown: str
    value: str = field(repr=False, compare=False)

    @property
    def words(self) -> str:
        """For people; the value does not stand in it."""
        where = f"`{self.path}:{self.line}`" if self.line else "the name of a file"
        if not self.path:
            where = f"the message or the authors of {self.commit[:7]}"
        return f"{self.kind} in {where} ({self.shown})"


def given_away(
    git_dir: Path, head: str, known: Sequence[str], finder: Finder
) -> tuple[GivenAway, ...]:
    """What the commits that `head` has and `known` have not give away, at most `_MOST`.

    What looks like a token and stands in the files of `known` already does not count; a value that
    is known for sure does, wherever it stands. GitError when that can't be told; TooMuch above
    `MOST_CHARS`.
    """
    found: dict[GivenAway, None] = {}
    seen = 0
    for block in _blocks(added(git_dir, head, known)):
        seen += sum(len(part.text) for part in block)
        if seen > MOST_CHARS:
            raise TooMuch(f"It adds more than {MOST_CHARS // 1_000_000} million characters.")
        for one in _finds(block, finder):
            found[one] = None
        if len(found) >= _MOST:
            break
    old = _standing({one.value for one in found if not one.exact}, git_dir, known)
    return tuple(one for one in found if one.exact or not one.path or one.value not in old)


def _blocks(parts: Iterable[Added]) -> Iterator[list[Added]]:
    """What stands together in one file, or is one commit's words."""
    block: list[Added] = []
    size = 0
    for part in parts:
        last = block[-1] if block else None
        if last is not None and (last.commit, last.path, not last.line) != (
            *(part.commit, part.path, not part.line),
        ):
            yield block
            block, size = [], 0
        elif size > _BLOCK_CHARS:
            yield block
            block = _tail(block)
            size = sum(len(one.text) for one in block)
        block.append(part)
        size += len(part.text)
    if block:
        yield block


def _tail(block: Sequence[Added]) -> list[Added]:
    """Its last characters."""
    kept: list[Added] = []
    left = _OVERLAP_CHARS
    for part in reversed(block):
        if left <= 0:
            break
        kept.insert(0, replace(part, text=part.text[-left:]))
        left -= len(part.text)
    return kept


def _finds(block: list[Added], finder: Finder) -> Iterator[GivenAway]:
    text = "".join(part.text for part in block)
    finds = finder.finds(text)
    at, parts = 0, iter(block)
    part = next(parts)
    for find in finds:
        while find.start >= at + len(part.text):
            at += len(part.text)
            part = next(parts)
        value = text[find.start : find.end]
        where = (part.commit, "" if not part.path else part.path, part.line)
        yield GivenAway(*where, find.kind, find.exact, shown(text, find), value)


def _standing(values: set[str], git_dir: Path, commits: Iterable[str]) -> set[str]:
    """Those that stand in a file of one of the commits."""
    found: set[str] = set()
    for value in values:
        for commit in commits:
            # By stdin: arguments of a process are for everybody to read.
            answer = try_git(
                *("grep", "--fixed-strings", "--text", "--quiet", "-f", "-", commit),
                git_dir=git_dir,
                input=value.splitlines()[0] + "\n",
            )
            if answer.code not in (0, 1):
                raise GitError("git grep failed.", output=answer.output)
            if answer.code == 0:
                found.add(value)
    return found
