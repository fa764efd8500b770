"""Every commit that an agent's `.git` names, read as text: no git command runs in there."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_SHA = re.compile(rb"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
_MAX_FILE = 5_000_000
_MAX_FILES = 20_000
_MAX_ALL = 200_000_000
#: Where git writes object names; objects/ is left out, index and config hold none of interest.
_FOLDERS = ("refs", "logs", "worktrees", "rebase-merge", "rebase-apply", "sequencer")


def candidate_shas(git_dir: Path) -> set[str]:
    """All object names in refs, reflogs, HEAD and friends below `git_dir`; empty if unreadable."""
    if not is_real_directory(git_dir):
        return set()
    files = [entry for entry in sorted(git_dir.iterdir()) if _may_name_commits(entry)]
    for folder in _FOLDERS:
        files += _walk(git_dir / folder)
    found: set[str] = set()
    left = _MAX_ALL
    for path in files[:_MAX_FILES]:
        data = read_regular(path, min(_MAX_FILE, left))
        left -= len(data)
        found.update(match.decode() for match in _SHA.findall(data))
    found.discard("0" * 40)
    return found


def head_sha(git_dir: Path) -> str | None:
    """What HEAD names, following one symbolic ref by hand; None if it can't be told."""
    text = read_regular(git_dir / "HEAD", 4096).decode("utf-8", "replace").strip()
    if not text.startswith("ref:"):
        return text if re.fullmatch(r"[0-9a-f]{40}", text) else None
    ref = text.removeprefix("ref:").strip()
    if not ref.startswith("refs/") or ".." in ref or not ref.isprintable():
        return None
    loose = read_regular(git_dir / ref, 4096).decode("utf-8", "replace").strip()
    if re.fullmatch(r"[0-9a-f]{40}", loose):
        return loose
    packed = read_regular(git_dir / "packed-refs", _MAX_FILE).decode("utf-8", "replace")
    for line in packed.splitlines():
        sha, _, name = line.partition(" ")
        if name.strip() == ref and re.fullmatch(r"[0-9a-f]{40}", sha):
            return sha
    return None


def is_real_directory(path: Path) -> bool:
    """A directory and not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Up to `max_bytes` of a regular file; empty for a link, a pipe, or anything else."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return b""
        return file.read(max_bytes)


def _may_name_commits(path: Path) -> bool:
    name = path.name
    return name in ("HEAD", "packed-refs", "shallow") or name.isupper() or name.endswith("_HEAD")


def _walk(folder: Path) -> list[Path]:
    if not is_real_directory(folder):
        return []
    found: list[Path] = []
    for directory, _, names in os.walk(folder, followlinks=False):
        found += [Path(directory) / name for name in names]
    return sorted(found)
