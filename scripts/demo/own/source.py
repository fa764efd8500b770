"""A person's repository: looked at and copied, never written to, none of its programs run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from agent_os.domain.errors import GitError
from agent_os.workspace.git import GitAnswer, run_git, try_git

#: In a repository with more (or a shallow one) only the newest commits are copied.
LARGE_BYTES = 300_000_000
_COPY_SECONDS = 600.0
#: For git in the person's repository, and for what it starts there: any owner, our settings,
#: no other program, no server (a partial clone would fetch what it lacks).
_CONFIG = "[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n"
_GITHUB = re.compile(r"(?:^|[/@])github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?$")
_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class Unusable(Exception):
    """The demo can't be played on this repository; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """`top` is its folder, `git_dir` where its objects are; `branch` is empty when detached."""

    top: Path
    git_dir: Path
    head: str
    branch: str
    bare: bool
    shallow: bool
    size_bytes: int
    github: str
    """`owner/name` of its `origin` on github.com, or empty."""

    @property
    def name(self) -> str:
        """What it is called on the hub."""
        folder = self.top.name.removesuffix(".git") if self.bare else self.top.name
        return _NAME.sub("-", folder).strip(".-") or "repository"

    @property
    def large(self) -> bool:
        return self.size_bytes > LARGE_BYTES


class Reader:
    """Runs git on the repository in `path` with our settings only. `scratch` is ours."""

    def __init__(self, path: Path, scratch: Path) -> None:
        self.path = path
        settings = scratch / "gitconfig"
        settings.write_text(_CONFIG)
        self.env = {
            "GIT_CONFIG_GLOBAL": str(settings),
            "GIT_ALLOW_PROTOCOL": "file",
            "GIT_NO_LAZY_FETCH": "1",
        }

    def ask(self, *args: str) -> GitAnswer:
        return try_git(*args, cwd=self.path, env_extra=self.env)

    def line(self, *args: str) -> str:
        """What git says, or empty when it fails."""
        answer = self.ask(*args)
        return answer.text.strip() if answer.code == 0 else ""


def look(path: Path, scratch: Path) -> Source:
    """What is there. Unusable when the demo can't go on with it."""
    if not path.is_dir():
        raise Unusable(f"{path} is no folder.")
    reader = Reader(path.resolve(), scratch)
    answer = reader.ask("rev-parse", "--absolute-git-dir")
    if answer.code != 0:
        lines = answer.output.strip().splitlines()
        raise Unusable(
            f"{path} is not in a git repository ({lines[0] if lines else 'git says nothing'})."
        )
    bare = reader.line("rev-parse", "--is-bare-repository") == "true"
    inside = reader.line("rev-parse", "--is-inside-work-tree") == "true"
    if not (bare or inside):
        raise Unusable(f"{path} lies inside a .git folder; name the folder that holds it.")
    head = reader.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not head:
        raise Unusable(f"{path} has no commit yet; commit something first.")
    _refuse_strange(reader, path)
    top = reader.path if bare else Path(reader.line("rev-parse", "--show-toplevel"))
    return Source(
        top=top,
        git_dir=Path(answer.text.strip()),
        head=head,
        branch=reader.line("symbolic-ref", "--quiet", "--short", "HEAD"),
        bare=bare,
        shallow=reader.line("rev-parse", "--is-shallow-repository") == "true",
        size_bytes=_size(reader),
        github=_github(reader),
    )


def copy(source: Source, target: Path, scratch: Path, newest: int | None) -> str:
    """Copy HEAD's history (or its `newest` commits) into the bare repository `target`.

    The reading end is `git upload-pack`, which runs no hooks and takes no lock. Returns HEAD.
    """
    reader = Reader(source.top, scratch)
    run_git("init", "--quiet", "--bare", "--template=", str(target))
    depth = () if newest is None else (f"--depth={newest}",)
    shallow = ("--update-shallow",) if source.shallow and newest is None else ()
    args = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
    answer = try_git(
        *("fetch", *args, *depth, *shallow, "--", str(source.git_dir), "HEAD:refs/demo/head"),
        git_dir=target,
        env_extra=reader.env,
        timeout=_COPY_SECONDS,
    )
    if answer.code != 0:
        lines = answer.output.strip().splitlines()
        raise Unusable(f"It can't be copied: {lines[-1] if lines else 'git says nothing'}")
    return run_git("rev-parse", "refs/demo/head", git_dir=target)


def uncommitted(source: Source, copied: Path, scratch: Path) -> int | None:
    """How many tracked files differ from HEAD in the person's folder; None if it can't be told.

    With a copy of the index and the settings of our copy: filters of theirs would be programs.
    """
    index = source.git_dir / "index"
    if source.bare or not index.is_file():
        return None
    mine = scratch / "index"
    mine.write_bytes(index.read_bytes())
    run_git("update-ref", "--no-deref", "HEAD", "refs/demo/head", git_dir=copied)
    env = {"GIT_WORK_TREE": str(source.top), "GIT_INDEX_FILE": str(mine)}
    args = ("--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all", "--no-renames")
    try:
        said = run_git("status", *args, git_dir=copied, cwd=source.top, env_extra=env)
    except GitError:  # e.g. a split index
        return None
    return len([entry for entry in said.split("\0") if entry.strip()])


def _refuse_strange(reader: Reader, path: Path) -> None:
    if (kind := reader.line("rev-parse", "--show-object-format")) not in ("", "sha1"):
        raise Unusable(f"{path} names its objects by {kind}; the demo's hub knows SHA-1 only.")
    partial = reader.line("config", "--get", "extensions.partialClone")
    if partial or reader.line("config", "--get-regexp", r"^remote\..*\.promisor$"):
        raise Unusable(
            f"{path} is a partial clone: files may be missing, and the demo fetches nothing. "
            "Name a full clone of it."
        )


def _size(reader: Reader) -> int:
    lines = reader.line("count-objects", "-v").splitlines()
    sizes = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    return 1024 * (int(sizes.get("size", 0)) + int(sizes.get("size-pack", 0)))


def _github(reader: Reader) -> str:
    """Owner and name only: such a URL may hold a password."""
    found = _GITHUB.search(reader.line("config", "--get", "remote.origin.url"))
    return f"{found[1]}/{found[2]}" if found else ""
