"""What a result changes, read from the commits alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_os.workspace.git import checked_sha, git_bytes, git_start

_LARGEST = 20_000_000
_MOST_PATHS = 50
_LONGEST_PATH = 200


@dataclass(frozen=True)
class Change:
    """One path. `status` is A, M, D or T; a rename is a deletion and an addition."""

    path: str
    status: str
    old_mode: str
    new_mode: str
    insertions: int = 0
    deletions: int = 0

    @property
    def in_base(self) -> bool:
        return self.status != "A"


def read_changes(git_dir: Path, base: str, head: str) -> tuple[Change, ...]:
    """All changes from `base` to `head`, sorted by path; binary files count no lines."""
    args = ("-r", "-z", "--no-renames", checked_sha(base), checked_sha(head))
    counts: dict[str, tuple[int, int]] = {}
    for line in git_bytes("diff-tree", "--numstat", *args, git_dir=git_dir).split(b"\0"):
        added, _, rest = line.decode("utf-8", "surrogateescape").partition("\t")
        removed, _, path = rest.partition("\t")
        if path and added.isdigit() and removed.isdigit():
            counts[path] = (int(added), int(removed))
    parts = git_bytes("diff-tree", "--raw", *args, git_dir=git_dir).split(b"\0")
    texts = [part.decode("utf-8", "surrogateescape") for part in parts]
    found: list[Change] = []
    for head_line, path in zip(texts[::2], texts[1::2], strict=False):
        old_mode, new_mode, _, _, status = head_line.removeprefix(":").split()
        found.append(Change(path, status[0], old_mode, new_mode, *counts.get(path, (0, 0))))
    return tuple(sorted(found, key=lambda change: change.path))


def paths_of(changes: Sequence[Change]) -> tuple[str, ...]:
    """For the record: at most 50, each of at most 200 characters, whatever bytes they are."""
    some = (change.path[:_LONGEST_PATH] for change in changes[:_MOST_PATHS])
    return tuple(path.encode("utf-8", "replace").decode() for path in some)


def diff_text(git_dir: Path, base: str, head: str, max_chars: int) -> str:
    """The diffstat and the diff, bounded; for people and for the next attempt."""
    args = ("--no-color", "--no-ext-diff", "--no-textconv", checked_sha(base), checked_sha(head))
    stat = git_start("diff", "--stat=100", *args, git_dir=git_dir, max_bytes=max_chars // 2)
    body = git_start("diff", *args, git_dir=git_dir, max_bytes=max_chars * 4)
    return _bounded(
        stat.decode("utf-8", "replace").strip(), body.decode("utf-8", "replace"), max_chars
    )


def fingerprint_of(git_dir: Path, base: str, head: str) -> str:
    """Equal for the same change on another base: only where it stands in the files may differ.

    Empty for a change that is too large to be compared.
    """
    args = ("--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff")
    shas = (checked_sha(base), checked_sha(head))
    diff = git_start("diff", *args, "--no-textconv", *shas, git_dir=git_dir, max_bytes=_LARGEST + 1)
    if len(diff) > _LARGEST:
        return ""
    digest = hashlib.sha256()
    for line in diff.splitlines(keepends=True):
        if not line.startswith(b"index "):
            digest.update(b"@@" if line.startswith(b"@@ ") else line)
    return digest.hexdigest()[:16]


def _bounded(stat: str, diff: str, max_chars: int) -> str:
    left = max_chars - len(stat) - 40
    shown = diff if len(diff) <= left else f"{diff[: max(0, left)]}\n[… the diff goes on]"
    return f"{stat}\n\n{shown}".strip()


def readable(path: str) -> str:
    """A path as it may be shown: undecodable bytes and control characters escaped."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
