"""What stands in a commit, read from our mirror's objects: no agent's files, no checkout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from agent_os.workspace.git import checked_sha, git_bytes, git_start, run_git

_LISTING_BYTES = 8_000_000
_SECONDS = 60.0
_FILE_MODES = ("100644", "100755")


class Age(NamedTuple):
    """Since a path was last changed: by the commits' own times, and in commits."""

    days: float
    commits: int


class Landing(NamedTuple):
    """A commit of a branch. `at` is its committer's time."""

    sha: str
    at: datetime
    message: str


class Surveying:
    """The part of a mirror that tells what is in a commit. `path`: its git directory."""

    path: Path

    def listing(self, sha: str, most: int = 20_000) -> dict[str, int]:
        """Bytes of each regular file by path; of a huge tree the first `most`."""
        args = ("ls-tree", "-r", "-l", "-z", "--full-tree", checked_sha(sha))
        # One that is too long is cut; its last entry may be a half.
        data = git_start(*args, git_dir=self.path, max_bytes=_LISTING_BYTES, timeout=_SECONDS)
        found: dict[str, int] = {}
        for entry in data.split(b"\0")[:-1]:
            head, _, name = entry.decode("utf-8", "replace").partition("\t")
            mode, _, _, size = head.split()
            if mode in _FILE_MODES and len(found) < most:
                found[name] = int(size)
        return found

    def texts(self, sha: str, paths: Mapping[str, int], total: int = 8_000_000) -> dict[str, str]:
        """The files `paths` (with their bytes), as far as `total` bytes go. Binary ones are left
        out."""
        chosen, left = list[str](), total
        for path, size in paths.items():
            if size <= left and "\n" not in path:
                chosen.append(path)
                left -= size
        if not chosen:
            return {}
        asked = "".join(f"{checked_sha(sha)}:{path}\n" for path in chosen)
        args = ("cat-file", "--batch")
        data = git_bytes(*args, git_dir=self.path, input=asked, timeout=_SECONDS)
        found = zip(chosen, _contents(data), strict=True)
        return {
            path: content.decode("utf-8", "replace")
            for path, content in found
            if b"\0" not in content
        }

    def ages(self, sha: str, paths: Sequence[str]) -> dict[str, Age]:
        """How long ago each path was changed, seen from commit `sha`. A walk of history each."""
        newest = int(self._log(sha, "%ct"))
        found: dict[str, Age] = {}
        for path in paths:
            changed, _, at = self._log(sha, "%H %ct", path).partition(" ")
            if changed:
                args = ("rev-list", "--count", f"{changed}..{sha}")
                since = int(run_git(*args, git_dir=self.path, timeout=_SECONDS))
                found[path] = Age(max(0.0, (newest - int(at)) / 86_400), since)
        return found

    def _log(self, sha: str, form: str, path: str = "") -> str:
        args = ("log", "-1", f"--format={form}", checked_sha(sha), *(("--", path) if path else ()))
        return run_git(*args, git_dir=self.path, timeout=_SECONDS)

    def changed(self, one: str, other: str, most: int = 500) -> list[str]:
        """The first paths in which two commits differ."""
        args = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff")
        shas = (checked_sha(one), checked_sha(other))
        data = git_start(*args, *shas, "--", git_dir=self.path, max_bytes=200 * most)
        return [name.decode("utf-8", "replace") for name in data.split(b"\0")[:-1]][:most]

    def landings(self, sha: str, since: timedelta, most: int = 500) -> list[Landing]:
        """The newest commits up to `sha`, back to `since` before the newest of them."""
        args = ("log", f"--max-count={most}", "--format=%H%x00%ct%x00%B%x1e", checked_sha(sha))
        said = git_bytes(*args, git_dir=self.path, timeout=_SECONDS).decode("utf-8", "replace")
        entries = [entry.strip().split("\0", 2) for entry in said.split("\x1e") if entry.strip()]
        found = [
            Landing(commit, datetime.fromtimestamp(int(at), UTC), text)
            for commit, at, text in entries
        ]
        return [one for one in found if one.at >= found[0].at - since]


def _contents(data: bytes) -> Iterator[bytes]:
    """Of `git cat-file --batch`: what it answers for each line that it was asked. A NUL stands
    for what it does not find: a name that is no text."""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        fields = data[at:end].split()
        at = end + 1
        if len(fields) != 3 or fields[1] != b"blob" or not fields[2].isdigit():
            yield b"\0"
            continue
        size = int(fields[2])
        yield data[at : at + size]
        at += size + 1
