"""The files of a work dir as a git tree, written without git ever looking into that dir.

Git itself would follow nested repositories and run what their configuration names; so we walk the
files, hash them by content, and build the tree in an index of our own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from agent_os.domain.errors import GitError
from agent_os.workspace.candidates import is_real_directory
from agent_os.workspace.git import git_bytes, run_git, try_git

RESULT_FILE = b".agent_result.md"
ANSWER_FILE = b".agent_answer.md"
#: What the agent tells us: never part of the work.
_TOLD = (RESULT_FILE, ANSWER_FILE)
_GITLINK = "160000"
_SECONDS = 600.0
_MAX_NOTES = 20


@dataclass
class FileTree:
    """A written tree, and what could not be taken into it."""

    sha: str = ""
    notes: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> None:
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(text)


@dataclass(frozen=True)
class _Entry:
    path: bytes
    mode: str


def write_tree(git_dir: Path, work: Path, start: str, tracked: tuple[str, ...]) -> FileTree:
    """Write the files of `work` into `git_dir` as a tree.

    Files that the .gitignore of commit `start` ignores are left out, unless one of the commits
    `tracked` holds them. Submodules of `start` stay as they are. Links are kept as links.
    """
    if not is_real_directory(work):
        raise GitError("The work dir is gone, or no directory any more.")
    tree = FileTree()
    links = _submodules(git_dir, start)
    entries = [e for e in _walk(work, tree) if not _is_below(e.path, links)]
    known = set[bytes]().union(*(_paths(git_dir, commit) for commit in tracked))
    strange = [entry.path for entry in entries if entry.path not in known]
    ignored = _ignored(git_dir, start, strange)
    kept = [entry for entry in entries if entry.path not in ignored]
    shas = _hash(git_dir, work, kept)
    lines = [f"{e.mode} {sha}\t".encode() + e.path for e, sha in zip(kept, shas, strict=True)]
    lines += [
        f"{_GITLINK} {sha}\t".encode() + path
        for path, sha in links.items()
        if os.path.lexists(os.path.join(os.fsencode(work), path))  # noqa: PTH118 - bytes
    ]
    index = {"GIT_INDEX_FILE": str(git_dir / "files.index")}
    (git_dir / "files.index").unlink(missing_ok=True)
    git_bytes(
        *("update-index", "-z", "--index-info"),
        git_dir=git_dir,
        env_extra=index,
        input=b"".join(line + b"\0" for line in lines),
        timeout=_SECONDS,
    )
    tree.sha = run_git("write-tree", git_dir=git_dir, env_extra=index, timeout=_SECONDS)
    return tree


def _walk(work: Path, tree: FileTree) -> Generator[_Entry]:
    top = os.fsencode(work)
    todo = [b""]
    while todo:
        folder = todo.pop()
        for item in _entries(os.path.join(top, folder), tree):  # noqa: PTH118 - bytes
            path = os.path.join(folder, item.name)  # noqa: PTH118 - bytes
            if not _is_plain_name(item.name):
                if folder:
                    tree.note(f"left out: {os.fsdecode(path)!r}")
                continue
            if path in _TOLD:
                continue
            try:
                mode = item.stat(follow_symlinks=False).st_mode
            except OSError as error:
                tree.note(f"unreadable: {os.fsdecode(path)[-200:]!r}: {error.strerror}")
                continue
            if stat.S_ISDIR(mode):
                todo.append(path)
            elif stat.S_ISLNK(mode):
                yield _Entry(path, "120000")
            elif stat.S_ISREG(mode):
                if not mode & stat.S_IRUSR:
                    os.chmod(item.path, 0o600)  # noqa: PTH101 - bytes
                yield _Entry(path, "100755" if mode & stat.S_IXUSR else "100644")
            else:
                tree.note(f"left out (no file): {os.fsdecode(path)!r}")


def _entries(folder: bytes, tree: FileTree) -> list[os.DirEntry[bytes]]:
    try:
        os.chmod(folder, stat.S_IMODE(os.lstat(folder).st_mode) | 0o700)  # noqa: PTH101 - bytes
        with os.scandir(folder) as listed:
            return sorted(listed, key=lambda item: item.name)
    except OSError as error:
        tree.note(f"unreadable: {os.fsdecode(folder)[-200:]!r}: {error.strerror}")
        return []


def _is_plain_name(name: bytes) -> bool:
    """Whether it is no spelling of git's own directory; a backslash is a plain letter here."""
    return name.lower().rstrip(b" .") not in (b".git", b"git~1")


def _is_below(path: bytes, folders: dict[bytes, str]) -> bool:
    return any(path == folder or path.startswith(folder + b"/") for folder in folders)


def _submodules(git_dir: Path, commit: str) -> dict[bytes, str]:
    return {path: sha for mode, sha, path in _listed(git_dir, commit) if mode == _GITLINK}


def _paths(git_dir: Path, commit: str) -> set[bytes]:
    return {path for _, _, path in _listed(git_dir, commit)}


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


def _hash(git_dir: Path, work: Path, entries: list[_Entry]) -> list[str]:
    top = os.fsencode(work)
    shas: dict[bytes, str] = {}
    regular = [entry.path for entry in entries if entry.mode != "120000"]
    names = b"".join(_quoted(os.path.join(top, path)) + b"\n" for path in regular)  # noqa: PTH118 - bytes
    listed = git_bytes(
        *("hash-object", "-w", "--no-filters", "--stdin-paths"),
        git_dir=git_dir,
        input=names,
        timeout=_SECONDS,
    ).decode()
    shas.update(zip(regular, listed.split(), strict=True))
    for entry in entries:
        if entry.mode == "120000":
            target = os.readlink(os.path.join(top, entry.path))  # noqa: PTH115,PTH118 - bytes
            shas[entry.path] = run_git(
                "hash-object", "-w", "--no-filters", "--stdin", git_dir=git_dir, input=target
            )
    return [shas[entry.path] for entry in entries]


def _quoted(path: bytes) -> bytes:
    if not (set(path) & set(b'"\\\n')):
        return path
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'
