"""Commits that no attempt made, on top of a branch: files of ours, or a change undone.

They have no ref before they are pushed. Made twice from the same they are the same commit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from agent_os.domain.errors import BadInput, GitError
from agent_os.workspace.git import checked_sha, run_git, try_git

_NAME, _EMAIL = "agent-os", "agent-os@localhost"
_FILE = "100644"
_FILES = (_FILE, "100755")
_SECONDS = 120.0
_MOST_COMMITS = 250


class Proposing:
    """The part of a mirror that makes commits to propose. `path`: its git directory."""

    path: Path

    def commit_files(self, base: str, files: Mapping[str, bytes | None], message: str) -> str:
        """A commit on top of `base` (empty: the first of all) in which `files` (None: gone) are as
        given; its sha.

        `base` itself when nothing would change. BadInput for a path that is no place for a
        file there: a link, a folder, something outside of the tree.
        """
        base = base and checked_sha(base)
        entries = [_entry(self.path, base, path, files[path]) for path in files]
        with tempfile.TemporaryDirectory(prefix="agent-os-index-") as place:
            apart = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            start = base or "--empty"
            run_git("read-tree", start, git_dir=self.path, env_extra=apart, timeout=_SECONDS)
            run_git(
                *("update-index", "-z", "--index-info"),
                git_dir=self.path,
                env_extra=apart,
                input="".join(f"{entry}\0" for entry in entries),
            )
            tree = run_git("write-tree", git_dir=self.path, env_extra=apart, timeout=_SECONDS)
        return _commit(self.path, tree, base, message)

    def revert(self, base: str, sha: str, commits: int = 1) -> str | None:
        """A commit on top of `base` that undoes what `sha` brought; its sha.

        A merge commit is undone against its first parent. `commits`: how many a rebase merge
        put on the branch, of which `sha` is the last. None when that conflicts with what came
        after, or is undone already. BadInput when `sha` is not part of `base`.
        """
        before, undone = _brought(self.path, checked_sha(base), checked_sha(sha), commits)
        # git 2.39 takes no base of a merge as an argument: two commits that share it say so.
        root = _commit(self.path, f"{sha}^{{tree}}", "", "what is undone")
        ours = _commit(self.path, f"{base}^{{tree}}", root, "ours")
        theirs = _commit(self.path, f"{before}^{{tree}}", root, "before")
        args = ("merge-tree", "--write-tree", "--no-messages", "-z", ours, theirs)
        answer = try_git(*args, git_dir=self.path, timeout=_SECONDS)
        if answer.code not in (0, 1):
            raise GitError(f"git merge-tree failed for {sha}.", output=answer.output)
        if answer.code == 1:
            return None
        made = _commit(self.path, answer.text.split("\0")[0], base, _message(self.path, undone))
        return None if made == base else made


def _entry(git_dir: Path, base: str, path: str, content: bytes | None) -> str:
    """The line of an index. A file keeps its mode."""
    parts = PurePosixPath(path).parts
    if not parts or path != "/".join(parts) or {"..", ".git", "/"} & {*parts} or "\0" in path:
        raise BadInput(f"{path!r} is no path of a file in a repository.")
    mode = ""
    for depth in range(1, len(parts) + 1) if base else ():
        name = "/".join(parts[:depth])
        listed = run_git("ls-tree", "-z", base, "--", name, git_dir=git_dir)
        mode = listed.split(" ")[0] if listed else ""
        wanted = _FILES if depth == len(parts) else ("040000",)
        if mode and mode not in wanted:
            raise BadInput(f"{name} is something else than expected in {base[:12]}.")
    if content is None:
        return f"0 {'0' * (len(base) or 40)}\t{path}"
    blob = run_git("hash-object", "-w", "--stdin", git_dir=git_dir, input=content)
    return f"{mode or _FILE} {blob}\t{path}"


def _brought(git_dir: Path, base: str, sha: str, commits: int) -> tuple[str, list[str]]:
    """(the commit before, the commits that are undone, newest first)."""
    if not 1 <= commits <= _MOST_COMMITS:
        raise BadInput(f"{commits} commits can't be undone at once.")
    part = try_git("merge-base", "--is-ancestor", sha, base, git_dir=git_dir)
    if part.code != 0:
        raise BadInput(f"{sha[:12]} is not part of {base[:12]}: there is nothing to undo.")
    args = ("rev-list", "--first-parent", f"--max-count={commits + 1}", sha)
    found = run_git(*args, git_dir=git_dir).split()
    if len(found) <= commits:
        raise BadInput(f"{sha[:12]} has no {commits} commits that could be undone.")
    return found[commits], found[:commits]


def _message(git_dir: Path, undone: list[str]) -> str:
    """In git's own words, by which a revert is found again (`effects/reverts.py`)."""
    subject = run_git("log", "-1", "--format=%s", undone[0], git_dir=git_dir)
    return f'Revert "{subject[:120]}"\n\n' + "\n".join(
        f"This reverts commit {sha}." for sha in undone
    )


def _commit(git_dir: Path, tree: str, parent: str, message: str) -> str:
    """A commit of ours with its parent's date, so that the same is the same; the parent itself
    when the tree is the parent's."""
    tree = run_git("rev-parse", "--verify", "--end-of-options", tree, git_dir=git_dir)
    date = "0 +0000"
    if parent:
        shown = run_git("log", "-1", "--format=%T %cd", "--date=raw", parent, git_dir=git_dir)
        there, _, date = shown.partition(" ")
        if there == tree:
            return parent
    who = {
        "GIT_AUTHOR_NAME": _NAME,
        "GIT_AUTHOR_EMAIL": _EMAIL,
        "GIT_AUTHOR_DATE": f"@{date}",
        "GIT_COMMITTER_NAME": _NAME,
        "GIT_COMMITTER_EMAIL": _EMAIL,
        "GIT_COMMITTER_DATE": f"@{date}",
    }
    after = ("-p", parent) if parent else ()
    args = ("commit-tree", tree, *after, "-F", "-")
    return run_git(*args, git_dir=git_dir, env_extra=who, input=message)
