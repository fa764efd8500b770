"""The agent's git objects, copied aside and taken over only under the names their content has."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from agent_os.domain.errors import GitError
from agent_os.workspace.candidates import is_real_directory
from agent_os.workspace.git import run_git, try_git

_LOOSE = re.compile(r"[0-9a-f]{38}")
_PACK = re.compile(r"pack-[0-9a-f]{40}\.(pack|idx)")


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

    def fill(self, objects: Path) -> None:
        """Copy loose objects and packs from the agent's `objects` directory; links are skipped."""
        if not is_real_directory(objects):
            return
        for folder in sorted(objects.iterdir()):
            if is_real_directory(folder) and re.fullmatch(r"[0-9a-f]{2}|pack", folder.name):
                pattern = _PACK if folder.name == "pack" else _LOOSE
                self._copy_folder(folder, pattern)

    def _copy_folder(self, folder: Path, pattern: re.Pattern[str]) -> None:
        target = self.path / "objects" / folder.name
        target.mkdir(exist_ok=True)
        for entry in sorted(folder.iterdir()):
            if pattern.fullmatch(entry.name) and stat.S_ISREG(entry.lstat().st_mode):
                try:
                    handle = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                except PermissionError:
                    continue
                with os.fdopen(handle, "rb") as source, (target / entry.name).open("wb") as out:
                    shutil.copyfileobj(source, out)

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
