"""The files of a work dir as a git tree, written without git ever looking into that dir.

Git itself would follow nested repositories and run what their configuration names; so we walk the
files, hash them by content, and build the tree in an index of our own.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent_os.domain.errors import GitError
from agent_os.workspace.candidates import is_real_directory
from agent_os.workspace.foreign import folder_below, read_file
from agent_os.workspace.git import git_bytes, git_fed, run_git, try_git
from agent_os.workspace.names import is_git_directory
from agent_os.workspace.steering import Placed, put_back

RESULT_FILE = b".agent_result.md"
ANSWER_FILE = b".agent_answer.md"
#: What the agent tells us: never part of the work.
TOLD = (RESULT_FILE, ANSWER_FILE)
_GITLINK = "160000"
_LINK = "120000"
_SECONDS = 600.0
_MAX_NOTES = 20
_MAX_FILES = 500_000
#: What tools leave behind when they run: no work of anybody's, also where no .gitignore says so.
_CACHES = frozenset(
    {b"__pycache__", b".pytest_cache", b".mypy_cache", b".ruff_cache", b".DS_Store"}
)
#: GitHub takes no larger ones.
_LARGEST_FILE = 100_000_000
#: Of all that is new, so that a work dir can't fill our disk.
_LARGEST_WORK = 2_000_000_000
_LONGEST_LINK = 4_096
#: Folders are opened one by one from the top, each time.
_DEEPEST = 200


@dataclass
class FileTree:
    """A written tree, and what could not be taken into it."""

    sha: str = ""
    notes: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> None:
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(text)

    def left_out(self, path: bytes, why: str) -> None:
        shown = repr(os.fsdecode(path[-200:]))
        self.note(f"left out ({why}): {shown}" if why else f"left out: {shown}")


@dataclass(frozen=True)
class _Entry:
    path: bytes
    mode: str


def write_tree(
    git_dir: Path,
    work: Path,
    start: str,
    tracked: tuple[str, ...],
    placed: Sequence[Placed] = (),
) -> FileTree:
    """Write the files of `work` into `git_dir` as a tree; those `placed` as their commit has them.

    Files that the .gitignore of commit `start` ignores, and tools' caches, are left out, unless
    one of the commits `tracked` holds them. Submodules of `start` stay as they are. Links are kept
    as links.
    """
    if not is_real_directory(work):
        raise GitError("The work dir is gone, or no directory any more.")
    tree = FileTree()
    links = _submodules(git_dir, start)
    entries = [e for e in _walk(work, tree) if not _is_below(e.path, links)]
    known = {path for commit in tracked for _, _, path in _listed(git_dir, commit)}
    strange = [entry.path for entry in entries if entry.path not in known]
    ignored = _ignored(git_dir, start, strange)
    ignored |= {path for path in strange if _CACHES & set(path.split(b"/"))}
    kept = [entry for entry in entries if entry.path not in ignored]
    stored = _Store(work, tree, {sha for _, sha, _ in _listed(git_dir, start)})
    git_fed(
        "fast-import",
        "--quiet",
        "--done",
        git_dir=git_dir,
        pieces=stored.new(kept),
        timeout=_SECONDS,
    )
    files = {entry.path: (entry.mode, sha) for entry, sha in stored.found}
    put_back(files, placed)
    lines = [f"{mode} {sha}\t".encode() + path for path, (mode, sha) in files.items()]
    lines += [
        f"{_GITLINK} {sha}\t".encode() + path
        for path, sha in links.items()
        if os.path.lexists(os.path.join(os.fsencode(work), path))  # noqa: PTH118 - bytes
    ]
    tree.sha = _written(git_dir, lines)
    return tree


def _written(git_dir: Path, lines: list[bytes]) -> str:
    """The tree of these lines of an index, which is one of our own."""
    index = {"GIT_INDEX_FILE": str(git_dir / "files.index")}
    (git_dir / "files.index").unlink(missing_ok=True)
    git_bytes(
        *("update-index", "-z", "--index-info"),
        git_dir=git_dir,
        env_extra=index,
        input=b"".join(line + b"\0" for line in lines),
        timeout=_SECONDS,
    )
    return run_git("write-tree", git_dir=git_dir, env_extra=index, timeout=_SECONDS)


def _walk(work: Path, tree: FileTree) -> Generator[_Entry]:
    todo, count = [b""], 0
    while todo:
        folder = todo.pop()
        for name, mode in _entries(work, folder, tree):
            path = folder + b"/" + name if folder else name
            if is_git_directory(os.fsdecode(name)):
                if path != b".git":
                    tree.left_out(path, "")
                continue
            if path in TOLD:
                continue
            count += 1
            if count > _MAX_FILES:
                tree.note(f"more than {_MAX_FILES} files; the rest was left out")
                return
            if stat.S_ISDIR(mode) and path.count(b"/") >= _DEEPEST:
                tree.left_out(path, "too deep")
            elif stat.S_ISDIR(mode):
                todo.append(path)
            elif stat.S_ISLNK(mode):
                yield _Entry(path, _LINK)
            elif stat.S_ISREG(mode):
                yield _Entry(path, "100755" if mode & stat.S_IXUSR else "100644")
            else:
                tree.left_out(path, "no file")


def _entries(work: Path, folder: bytes, tree: FileTree) -> list[tuple[bytes, int]]:
    """Names and modes in a folder, sorted."""
    found: list[tuple[bytes, int]] = []
    try:
        with folder_below(work, folder) as handle, os.scandir(handle) as listed:
            for item in listed:
                mode = item.stat(follow_symlinks=False).st_mode
                found.append((os.fsencode(item.name), mode))
    except OSError as error:
        tree.note(f"unreadable: {os.fsdecode(folder)[-200:]!r}: {error.strerror}")
    return sorted(found)


class _Store:
    """Reads the files one after the other; `found` says what each is, once `new` has ended."""

    def __init__(self, work: Path, tree: FileTree, known: set[str]) -> None:
        self.found: list[tuple[_Entry, str]] = []
        self._work = work
        self._tree = tree
        self._there = known
        self._left = _LARGEST_WORK

    def new(self, entries: list[_Entry]) -> Generator[bytes]:
        """What git has not got yet, as commands of `git fast-import`."""
        by_folder = itertools.groupby(entries, lambda entry: entry.path.rpartition(b"/")[0])
        sent = False
        for folder, inside in by_folder:
            for entry, data in self._read(folder, list(inside)):
                # The name that git gives it, which fixes what it holds.
                sha = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
                name = sha.hexdigest()
                if name not in self._there:
                    if len(data) > self._left:
                        self._tree.left_out(entry.path, "too much in all")
                        continue
                    self._left -= len(data)
                    self._there.add(name)
                    sent = True
                    yield b"blob\ndata %d\n%b\n" % (len(data), data)
                self.found.append((entry, name))
        if sent:
            yield b"done\n"

    def _read(self, folder: bytes, entries: list[_Entry]) -> Generator[tuple[_Entry, bytes]]:
        try:
            with folder_below(self._work, folder) as handle:
                for entry in entries:
                    if (data := self._content(handle, entry)) is not None:
                        yield entry, data
        except OSError as error:
            self._tree.left_out(folder, error.strerror or str(error))

    def _content(self, folder: int, entry: _Entry) -> bytes | None:
        name = entry.path.rpartition(b"/")[2]
        try:
            if entry.mode == _LINK:
                return os.readlink(name, dir_fd=folder)[:_LONGEST_LINK]
            data = read_file(folder, name, _LARGEST_FILE)
        except OSError as error:
            self._tree.left_out(entry.path, error.strerror or str(error))
            return None
        if data is None:
            self._tree.left_out(entry.path, f"over {_LARGEST_FILE // 1_000_000} MB")
        return data


def _is_below(path: bytes, folders: dict[bytes, str]) -> bool:
    return any(path == folder or path.startswith(folder + b"/") for folder in folders)


def _submodules(git_dir: Path, commit: str) -> dict[bytes, str]:
    return {path: sha for mode, sha, path in _listed(git_dir, commit) if mode == _GITLINK}


def _listed(git_dir: Path, commit: str) -> Generator[tuple[str, str, bytes]]:
    listed = git_bytes("ls-tree", "-r", "-z", "--full-tree", commit, git_dir=git_dir)
    for line in listed.split(b"\0"):
        head, _, path = line.partition(b"\t")
        if path:
            mode, _, sha = head.decode().split()
            yield mode, sha, path


def _ignored(git_dir: Path, start: str, paths: list[bytes]) -> set[bytes]:
    """Those of `paths` that the .gitignore files of commit `start` ignore."""
    rules = git_dir / "ignore-rules"
    found = False
    for mode, sha, path in _listed(git_dir, start):
        if mode.startswith("100") and path.rsplit(b"/", 1)[-1] == b".gitignore":
            found = True
            target = rules / os.fsdecode(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(git_bytes("cat-file", "blob", sha, git_dir=git_dir))
    if not found or not paths:
        return set()
    answer = try_git(
        *("check-ignore", "-z", "--no-index", "--stdin"),
        git_dir=git_dir,
        cwd=rules,
        env_extra={
            "GIT_WORK_TREE": str(rules),
            "GIT_INDEX_FILE": str(git_dir / "no.index"),
            # check-ignore refuses literal pathspecs; the leading "./" keeps ":" from being magic.
            "GIT_LITERAL_PATHSPECS": "0",
        },
        input=b"".join(b"./" + path + b"\0" for path in paths),
        timeout=_SECONDS,
    )
    if answer.code not in (0, 1):
        raise GitError("git check-ignore failed.", output=answer.output)
    return {path.removeprefix(b"./") for path in answer.stdout.split(b"\0") if path}
