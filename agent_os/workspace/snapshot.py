"""What an agent left, taken over by our own git directory: every commit, and the files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent_os.domain.attempts import KeptRef
from agent_os.domain.errors import GitError
from agent_os.workspace.candidates import candidate_shas, head_sha, is_real_directory
from agent_os.workspace.files import write_tree
from agent_os.workspace.git import checked_sha, run_git, try_git
from agent_os.workspace.quarantine import Quarantine
from agent_os.workspace.steering import Placed

_MAX_KEPT = 500


@dataclass(frozen=True)
class Author:
    name: str
    email: str


@dataclass
class Snapshot:
    """`head` is the result commit (None: nothing changed). `kept` is all that must be kept."""

    head: str | None = None
    files: str | None = None
    kept: list[KeptRef] = field(default_factory=list[KeptRef])
    notes: list[str] = field(default_factory=list[str])


class SnapshotRepository:
    """Our own bare repository for one attempt; borrows objects from the mirror, trusts nobody."""

    def __init__(self, path: Path, mirror: Path, author: Author) -> None:
        self.path = path
        self.mirror = mirror
        self.author = author

    def create(self, known: Sequence[str]) -> None:
        """Start afresh; `known` are commits of the mirror that need no keeping."""
        if self.path.exists():
            shutil.rmtree(self.path)
        run_git("init", "--quiet", "--bare", "--template=", str(self.path), cwd=self.path.parent)
        info = self.path / "objects" / "info"
        info.mkdir(exist_ok=True)
        (info / "alternates").write_text(f"{(self.mirror / 'objects').resolve()}\n", "utf-8")
        for number, sha in enumerate(known):
            self.point(f"refs/known/{number}", sha)

    @property
    def object_stores(self) -> tuple[Path, Path]:
        """Where a checkout of any commit here finds its objects."""
        return self.path / "objects", self.mirror / "objects"

    def point(self, ref: str, sha: str) -> None:
        run_git("update-ref", ref, checked_sha(sha), git_dir=self.path)

    def resolve(self, ref: str) -> str | None:
        args = ("rev-parse", "--verify", "--quiet", "--end-of-options", ref)
        return try_git(*args, git_dir=self.path).text.strip() or None

    def tree_of(self, commit: str) -> str:
        return run_git(
            "rev-parse", "--verify", f"{checked_sha(commit)}^{{tree}}", git_dir=self.path
        )

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        args = ("merge-base", "--is-ancestor", checked_sha(ancestor), checked_sha(descendant))
        return try_git(*args, git_dir=self.path).code == 0

    def merge_base(self, one: str, other: str) -> str | None:
        args = ("merge-base", checked_sha(one), checked_sha(other))
        return try_git(*args, git_dir=self.path).text.strip() or None

    def commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        """Write a commit by our author. Its time is the clock's: git stamps it."""
        author = {
            "GIT_AUTHOR_NAME": self.author.name,
            "GIT_AUTHOR_EMAIL": self.author.email,
            "GIT_COMMITTER_NAME": self.author.name,
            "GIT_COMMITTER_EMAIL": self.author.email,
        }
        options = [part for parent in parents for part in ("-p", checked_sha(parent))]
        return run_git(
            *("commit-tree", *options, "-F", "-", checked_sha(tree)),
            git_dir=self.path,
            env_extra=author,
            input=message,
        )

    def merge(self, start: str, base: str, message: str) -> str | None:
        """A merge commit of `base` into `start`, or None when they conflict."""
        args = ("merge-tree", "--write-tree", checked_sha(start), checked_sha(base))
        answer = try_git(*args, git_dir=self.path)
        if answer.code == 1:
            return None
        if answer.code != 0:
            raise GitError("git merge-tree failed.", output=answer.output)
        return self.commit(answer.text.split()[0], (start, base), message)

    def bundle(self, target: Path, kept: Sequence[KeptRef]) -> None:
        """Write `kept` into a bundle that needs only commits of the mirror's."""
        if not kept:
            return
        for ref in kept:
            self.point(ref.ref, ref.sha)
        args = ("bundle", "create", "--quiet", str(target), *(ref.ref for ref in kept))
        run_git(*args, "--not", "--glob=refs/known/*", git_dir=self.path, timeout=600.0)


@dataclass(frozen=True)
class Taking:
    """What to take over: from which work dir, seen from which commits, under which names."""

    work: Path
    checked_out: str
    """The commit that the work dir was made at."""
    known: tuple[str, ...]
    ref_prefix: str
    """`refs/agent-os/attempts/<slug>/<round>.<number>/`"""
    message: str
    parents: tuple[str, ...]
    """Of the result, which is one commit of ours: the agent's own ones are kept, not published."""
    placed: tuple[Placed, ...] = ()
    """Files of which the work dir showed another version than the commit's."""
    always: bool = False
    """A commit even where no file changed: a refresh has a base to record."""


def take_snapshot(repository: SnapshotRepository, taking: Taking) -> Snapshot:
    """Keep every commit that `work` names and the files as they are.

    Damaged objects become notes. GitError when the files themselves can't be kept.
    """
    snapshot = Snapshot()
    git_dir = taking.work / ".git"
    quarantine = Quarantine(repository.path.with_name("quarantine.git"), repository.mirror)
    try:
        snapshot.notes += quarantine.fill(taking.work)
        named = quarantine.commits(candidate_shas(git_dir))
        found = sorted(named) + sorted(quarantine.commits(quarantine.unnamed()) - named)
        tips = _bring_all(repository, quarantine, found, snapshot)
    finally:
        shutil.rmtree(quarantine.path, ignore_errors=True)
    _keep_files(repository, taking, snapshot)
    _name_refs(repository, taking, tips, snapshot)
    return snapshot


def _bring_all(
    repository: SnapshotRepository, quarantine: Quarantine, found: list[str], snapshot: Snapshot
) -> set[str]:
    if len(found) > _MAX_KEPT:
        snapshot.notes.append(f"more than {_MAX_KEPT} commits were found; the rest was left out")
    chosen = found[:_MAX_KEPT]
    if not chosen:
        return set()
    tips: set[str] = set()
    try:
        quarantine.bring(chosen, repository.path)
        tips.update(chosen)
    except GitError:
        # One damaged object fails them all: take them one by one and note the bad ones.
        for sha in chosen:
            try:
                quarantine.bring([sha], repository.path)
                tips.add(sha)
            except GitError as error:
                snapshot.notes.append(error.message)
    for sha in tips:
        repository.point(f"refs/found/{sha}", sha)
    return tips


def _keep_files(repository: SnapshotRepository, taking: Taking, snapshot: Snapshot) -> None:
    """Write the files, as the result where they changed.

    Whatever the agent's own commits say (closing keywords, trailers, other people's names) and
    hold in between would land with a merge; so the result is one commit with our words.
    """
    git_dir = taking.work / ".git"
    tracked = [taking.checked_out]
    agent_head = head_sha(git_dir) if is_real_directory(git_dir) else None
    if agent_head and repository.is_ancestor(taking.checked_out, agent_head):
        tracked.append(agent_head)
    start, work = taking.checked_out, taking.work
    files = write_tree(repository.path, work, start, tuple(tracked), taking.placed)
    snapshot.notes += files.notes
    if taking.always or files.sha != repository.tree_of(taking.checked_out):
        snapshot.head = repository.commit(files.sha, taking.parents, taking.message)
        snapshot.files = snapshot.head


def _name_refs(
    repository: SnapshotRepository, taking: Taking, tips: set[str], snapshot: Snapshot
) -> None:
    if snapshot.head is not None:
        snapshot.kept.append(KeptRef(ref=f"{taking.ref_prefix}head", sha=snapshot.head))
    if snapshot.files is not None:
        snapshot.kept.append(KeptRef(ref=f"{taking.ref_prefix}files", sha=snapshot.files))
    if tips:
        have = [ref.sha for ref in snapshot.kept] + list(taking.known)
        asked = "".join(f"{sha}\n" for sha in sorted(tips)) + "".join(f"^{sha}\n" for sha in have)
        new = set(run_git("rev-list", "--stdin", git_dir=repository.path, input=asked).split())
        if left := sorted(new & tips):
            args = ("merge-base", "--independent", *left)
            for number, sha in enumerate(run_git(*args, git_dir=repository.path).split(), 1):
                name = f"{taking.ref_prefix}kept-{number}"
                snapshot.kept.append(KeptRef(ref=name, sha=sha))
    # A bundle can't hold what it needs from the mirror anyway.
    snapshot.kept = [
        ref
        for ref in snapshot.kept
        if not any(repository.is_ancestor(ref.sha, sha) for sha in taking.known)
    ]
