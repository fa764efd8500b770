"""The copy on the hub: the history up to the commit's parent, and the check that was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent_os.config.repository_file import PATHS
from agent_os.workspace.git import run_git
from scripts.demo.own.commits import Commit
from scripts.demo.people import Person

_PUSH_SECONDS = 900.0
_WHO = {
    "GIT_AUTHOR_NAME": "Agent OS demo",
    "GIT_AUTHOR_EMAIL": "demo@example.invalid",
    "GIT_COMMITTER_NAME": "Agent OS demo",
    "GIT_COMMITTER_EMAIL": "demo@example.invalid",
}


@dataclass(frozen=True)
class Copied:
    """The bare copy of a repository; `cut` when it holds the newest commits only."""

    git_dir: Path
    cut: bool

    def weight(self, sha: str) -> tuple[int, int]:
        """How many files a checkout of `sha` has, and their bytes."""
        listed = run_git("ls-tree", "-r", "-l", "-z", sha, git_dir=self.git_dir)
        sizes = [entry.split(None, 4)[3] for entry in listed.split("\0") if entry]
        return len(sizes), sum(int(size) for size in sizes if size.isdigit())

    def base(self, commit: Commit, settings: str | None) -> str:
        """The commit that the hub's default branch starts at."""
        start = commit.parent
        if self.cut:
            tree = run_git("rev-parse", f"{start}^{{tree}}", git_dir=self.git_dir)
            start = self._commit(tree, (), "The history before is left out by the demo")
        if settings is None:
            return start
        words = f"Agent OS demo: {PATHS[0]} with the check that it found"
        return self._commit(self.tree(commit.parent, settings), (start,), words)

    def tree(self, sha: str, settings: str | None) -> str:
        """The tree of `sha`, with `.agent-os.yaml` replaced if there are other settings."""
        tree = run_git("rev-parse", f"{sha}^{{tree}}", git_dir=self.git_dir)
        if settings is None:
            return tree
        blob = run_git("hash-object", "-w", "--stdin", git_dir=self.git_dir, input=settings)
        index = {"GIT_INDEX_FILE": str(self.git_dir / "demo.index")}
        run_git("read-tree", tree, git_dir=self.git_dir, env_extra=index)
        entry = f"100644,{blob},{PATHS[0]}"
        args = ("update-index", "--add", "--cacheinfo", entry)
        run_git(*args, git_dir=self.git_dir, env_extra=index)
        return run_git("write-tree", git_dir=self.git_dir, env_extra=index)

    def publish(self, person: Person, sha: str, branch: str) -> None:
        """Make the repository on the hub, with `sha` as its default branch; no CI runs there."""
        person.hub("/ci", {"paused": True})
        person.make_repository()
        args = ("push", "--quiet", "--no-verify", "--", person.push_url)
        local = {"GIT_ALLOW_PROTOCOL": "http"}
        run_git(
            *(*args, f"{sha}:refs/heads/{branch}"),
            git_dir=self.git_dir,
            env_extra=local,
            timeout=_PUSH_SECONDS,
        )
        person.ask("PATCH", "", {"default_branch": branch})

    def _commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        options = [part for parent in parents for part in ("-p", parent)]
        args = ("commit-tree", *options, "-m", message, tree)
        return run_git(*args, git_dir=self.git_dir, env_extra=_WHO)
