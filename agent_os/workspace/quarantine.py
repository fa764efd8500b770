"""The agent's git objects, copied aside and taken over only under the names their content has."""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from agent_os.domain.errors import GitError
from agent_os.workspace.foreign import folder_below, open_file
from agent_os.workspace.git import run_git, try_git

_LOOSE = re.compile(r"[0-9a-f]{38}")
_PACK = re.compile(r"pack-[0-9a-f]{40}\.(pack|idx)")
#: Bytes. Of a pack that holds the whole history too, when an agent repacked everything.
_LARGEST_PACK = 2_000_000_000
_LARGEST_OBJECT = 200_000_000
_LARGEST_ALL = 3_000_000_000
_MOST_NAMES = 200_000
_PIECE = 1_000_000


class Quarantine:
    """A bare repository that holds the agent's objects as they are, true or forged.

    We copy regular files only: the agent's own `alternates` could lead to any repository of this
    machine, and a link anywhere. A fetch from here recomputes every object's name.
    """

    def __init__(self, path: Path, mirror: Path) -> None:
        self.path = path
        if path.exists():
            shutil.rmtree(path)
        run_git("init", "--quiet", "--bare", "--template=", str(path), cwd=path.parent)
        info = path / "objects" / "info"
        info.mkdir(exist_ok=True)
        (info / "alternates").write_text(f"{(mirror / 'objects').resolve()}\n", "utf-8")
        run_git("config", "uploadpack.allowAnySHA1InWant", "true", git_dir=path)

    def fill(self, work: Path) -> list[str]:
        """Copy loose objects and packs from the repository of the work dir `work`; links on the
        way, and what is too large, are skipped. What was skipped for its size, as notes."""
        left = _LARGEST_ALL
        objects = b".git/objects"
        skipped = 0
        for folder in _names(work, objects):
            if not re.fullmatch(rb"[0-9a-f]{2}|pack", folder):
                continue
            pattern = _PACK if folder == b"pack" else _LOOSE
            target = self.path / "objects" / folder.decode()
            target.mkdir(exist_ok=True)
            for name in _names(work, objects + b"/" + folder):
                if not pattern.fullmatch(name.decode("ascii", "replace")):
                    continue
                most = min(left, _LARGEST_PACK if folder == b"pack" else _LARGEST_OBJECT)
                size = _copy(work, objects + b"/" + folder, name, target / name.decode(), most)
                skipped += size < 0
                left -= max(size, 0)
        return [f"{skipped} git objects or packs were too large to be kept"] if skipped else []

    def unnamed(self) -> set[str]:
        """Names of the copied loose and packed objects: commits that no ref or reflog names."""
        found: set[str] = set()
        for folder in (self.path / "objects").iterdir():
            if len(folder.name) == 2:
                found.update(folder.name + entry.name for entry in folder.iterdir())
        for index in (self.path / "objects" / "pack").glob("*.idx"):
            answer = try_git("show-index", git_dir=self.path, input=index.read_bytes())
            found.update(line.split()[1] for line in answer.text.splitlines())
        return found

    def commits(self, shas: set[str]) -> set[str]:
        """Those of `shas` that are commits here (or in the mirror); tags are followed."""
        answer = try_git(
            *("cat-file", "--batch-check=%(objectname) %(objecttype)"),
            git_dir=self.path,
            input="".join(f"{sha}^{{commit}}\n" for sha in sorted(shas)),
        )
        lines = (line.split() for line in answer.text.splitlines())
        return {parts[0] for parts in lines if len(parts) == 2 and parts[1] == "commit"}

    def bring(self, shas: Sequence[str], into: Path) -> None:
        """Fetch commits with all they need into the repository `into`.

        GitError when an object is missing, damaged or not what its name says.
        """
        answer = try_git(
            *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
            *("--", str(self.path), *shas),
            git_dir=into,
        )
        if answer.code != 0:
            lines = answer.output.strip().splitlines() or ["unreadable"]
            raise GitError(f"Commit {shas[0][:12]} can't be read: {lines[-1][:200]}")


def _names(work: Path, folder: bytes) -> list[bytes]:
    """What lies in a folder, sorted; nothing when a link leads there."""
    try:
        with folder_below(work, folder) as handle, os.scandir(handle) as listed:
            return sorted(os.fsencode(i.name) for i in itertools.islice(listed, _MOST_NAMES))
    except OSError:
        return []


def _copy(work: Path, folder: bytes, name: bytes, target: Path, most: int) -> int:
    """Bytes copied; -1 when it is larger than `most`, 0 when it is no regular file."""
    try:
        with folder_below(work, folder) as handle, open_file(handle, name) as source:
            if os.fstat(source.fileno()).st_size > most:
                return -1
            copied = 0
            with target.open("wb") as out:
                while copied <= most and (piece := source.read(_PIECE)):
                    out.write(piece)
                    copied += len(piece)
            return copied
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return 0
