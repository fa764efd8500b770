"""Whose lines a commit replaced, by git's blame of the commit before it."""

from __future__ import annotations

import re
from pathlib import Path

from agent_os.workspace.git import checked_sha, git_bytes, git_start

#: What is over says nothing: a commit that replaces so much is no mend of a few lines.
_MOST_PATHS = 20
_MOST_RANGES = 50
_LARGEST = 2_000_000
_SECONDS = 20.0
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+", re.MULTILINE)
_LINE = re.compile(rb"^([0-9a-f]{40}(?:[0-9a-f]{24})?) \d+ \d+(?: \d+)?$")
_WHITE = ("-w", "--ignore-blank-lines")


class Tracing:
    """What a mirror can tell of its lines."""

    path: Path

    def replaced(self, sha: str, since: str) -> set[str]:
        """The commits whose lines `sha` changed or removed, against its first parent; what is
        older than `since` is not told apart. Blank lines and indentation say nothing. GitError."""
        before, bound = f"{checked_sha(sha)}^1", f"^{checked_sha(since)}^1"
        found: set[str] = set()
        args = ("diff", "--name-only", "-z", "--no-renames", "--diff-filter=MD", before, sha)
        listed = git_bytes(*args, git_dir=self.path).decode("utf-8", "surrogateescape")
        for path in listed.split("\0")[:_MOST_PATHS]:
            if path:
                found |= _blamed(self.path, before, sha, path, bound)
        return found


def _blamed(git_dir: Path, before: str, sha: str, path: str, bound: str) -> set[str]:
    options = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "-U0", *_WHITE)
    patch = git_start(
        "diff", *options, before, sha, "--", path, git_dir=git_dir, max_bytes=_LARGEST,
        timeout=_SECONDS,
    )  # fmt: skip
    ranges = [(int(start), int(count or 1)) for start, count in _HUNK.findall(patch)]
    asked = [f"-L{start},+{count}" for start, count in ranges if count][:_MOST_RANGES]
    if not asked:
        return set()
    args = ("blame", "--porcelain", *asked, before, bound, "--", path)
    return _commits(git_bytes(*args, git_dir=git_dir, timeout=_SECONDS))


def _commits(porcelain: bytes) -> set[str]:
    found: set[str] = set()
    current = ""
    for line in porcelain.split(b"\n"):
        if line.startswith(b"\t"):
            if line.strip():
                found.add(current)
        elif match := _LINE.match(line):
            current = match[1].decode()
    return found
