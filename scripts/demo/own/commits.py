"""Which commit is replayed: the newest of the history that a task could have made."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from agent_os.attempt.gates.changes import Change, read_changes, readable
from agent_os.attempt.gates.protected import is_protected
from agent_os.attempt.gates.testfiles import is_test_file
from agent_os.attempt.gates.testsettings import deciding_lines
from agent_os.config.repository_file import PATHS, RepositoryFile, parse_repository_file
from agent_os.domain.attempts import GateOrder
from agent_os.domain.errors import ConfigError
from agent_os.workspace.files import RESULT_FILE
from agent_os.workspace.git import git_bytes, git_start, run_git

#: So many commits are looked at.
LOOK = 30
_GITLINK = "160000"
_MAX_READ = 2_000_000


@dataclass(frozen=True)
class Commit:
    """One commit of the history, with what it changes against its (first) parent."""

    sha: str
    parents: tuple[str, ...]
    subject: str
    body: str
    changes: tuple[Change, ...] = ()

    @property
    def short(self) -> str:
        return f'{self.sha[:7]} "{self.subject}"'

    @property
    def parent(self) -> str:
        return self.parents[0]


@dataclass
class Choice:
    """`commit` is None when none will do; `passed_over` says why the newer ones won't."""

    commit: Commit | None = None
    passed_over: list[tuple[Commit, str]] = field(default_factory=list[tuple[Commit, str]])
    changes_tests: bool = False


def choose(git_dir: Path, head: str) -> Choice:
    """The newest commit that can be replayed, among the last LOOK."""
    choice = Choice()
    for commit, why_not in _judged(git_dir, head):
        if not why_not:
            choice.commit = commit
            choice.changes_tests = _changes_tests(git_dir, commit)
            break
        choice.passed_over.append((commit, why_not))
    return choice


def repository_file(git_dir: Path, sha: str) -> RepositoryFile:
    """What the repository says about itself at `sha`. ConfigError when it can't be read."""
    for path in PATHS:
        if run_git("ls-tree", sha, "--", path, git_dir=git_dir):
            return parse_repository_file(_text(git_dir, sha, path).encode(), path)
    return RepositoryFile()


def patch(git_dir: Path, commit: Commit) -> bytes:
    """What it changes, for `git apply`: whole, with binary files and modes."""
    args = ("--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff")
    more = ("--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "-p")
    return git_bytes("diff-tree", *args, *more, commit.parent, commit.sha, git_dir=git_dir)


def _judged(git_dir: Path, head: str) -> Generator[tuple[Commit, str]]:
    said = run_git(
        *("log", f"--max-count={LOOK}", "--format=%H%x00%P%x00%s%x00%b%x01", head),
        git_dir=git_dir,
    )
    for entry in said.split("\x01"):
        if entry.strip():
            sha, parents, subject, body = entry.strip("\n").split("\0", 3)
            text = body.encode("utf-8", "replace").decode()
            title = subject.encode("utf-8", "replace").decode()
            yield _judge(git_dir, Commit(sha, tuple(parents.split()), title, text))


def _judge(git_dir: Path, commit: Commit) -> tuple[Commit, str]:
    if len(commit.parents) > 1:
        return commit, "a merge"
    if not commit.parents:
        return commit, "there is nothing before it"
    changes = read_changes(git_dir, commit.parent, commit.sha)
    commit = Commit(commit.sha, commit.parents, commit.subject, commit.body, changes)
    if not changes:
        return commit, "changes no file"
    if any(_GITLINK in (change.old_mode, change.new_mode) for change in changes):
        return commit, "changes a submodule"
    if any(change.path == RESULT_FILE.decode() for change in changes):
        return commit, f"changes {RESULT_FILE.decode()}, which is the agents' own"
    try:
        protected = repository_file(git_dir, commit.parent).protected
    except ConfigError:
        protected = RepositoryFile().protected
    if touched := [change for change in changes if is_protected(change, protected)]:
        return commit, f"changes {readable(touched[0].path)}, which no task may"
    lines = sum(change.insertions + change.deletions for change in changes)
    if len(changes) > GateOrder().max_files or lines > GateOrder().max_lines:
        return commit, f"too large for a task: {len(changes)} files, {lines} lines"
    return commit, ""


def _changes_tests(git_dir: Path, commit: Commit) -> bool:
    """Whether the gate for tests may object: what a person allows by a label."""
    for change in commit.changes:
        if is_test_file(change.path):
            return True
        before = _text(git_dir, commit.parent, change.path) if change.in_base else ""
        after = _text(git_dir, commit.sha, change.path)
        if deciding_lines(change.path, before) != deciding_lines(change.path, after):
            return True
    return False


def _text(git_dir: Path, sha: str, path: str) -> str:
    args = ("cat-file", "blob", f"{sha}:{path}")
    return git_start(*args, git_dir=git_dir, max_bytes=_MAX_READ).decode("utf-8", "replace")
