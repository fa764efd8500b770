"""Git commands in a bare repository, always with the same environment."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from agent_os.localhub.errors import Refusal

TIMEOUT_SECONDS = 120
NO_OBJECT = "0" * 40

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
}


class GitFailed(Exception):
    """A git command ended with an error; the text is its stderr."""


@dataclass(frozen=True)
class Person:
    """Name, mail and time (ISO) in a commit."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Git:
    """One bare repository."""

    directory: Path

    def run(
        self, *arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None
    ) -> tuple[int, bytes, bytes]:
        """(exit code, stdout, stderr)."""
        if any("\0" in argument for argument in arguments):
            raise Refusal(422, "A name must not contain a NUL character")
        done = subprocess.run(
            ["git", "--git-dir", str(self.directory), *arguments],
            input=stdin,
            capture_output=True,
            env=ENVIRONMENT | (environment or {}),
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def output(
        self, *arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None
    ) -> bytes:
        """Stdout; `GitFailed` when the command fails."""
        code, out, error = self.run(*arguments, stdin=stdin, environment=environment)
        if code != 0:
            raise GitFailed(error.decode(errors="replace").strip())
        return out

    def text(self, *arguments: str) -> str:
        """Stdout as text without surrounding white space."""
        return self.output(*arguments).decode(errors="replace").strip()

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Every ref below `prefix` with the object it names."""
        out = self.text("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        pairs = (line.split(" ", 1) for line in out.splitlines())
        return {ref: sha for sha, ref in pairs}

    def resolve(self, name: str, kind: str = "commit") -> str | None:
        """The object id that a branch, tag, ref or (short) sha names, or None."""
        if not name or name.startswith("-"):
            return None
        code, out, _ = self.run("rev-parse", "--verify", "--quiet", f"{name}^{{{kind}}}")
        return out.decode().strip() if code == 0 else None

    def branch(self, name: str) -> str | None:
        """The commit at the head of a branch, or None."""
        code, out, _ = self.run("rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")
        return out.decode().strip() if code == 0 else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` contains `older`."""
        return self.run("merge-base", "--is-ancestor", older, newer)[0] == 0

    def merge_base(self, left: str, right: str) -> str | None:
        """The best common ancestor, or None."""
        code, out, _ = self.run("merge-base", left, right)
        return out.decode().strip() if code == 0 else None

    def update_ref(self, ref: str, new: str, old: str | None = None) -> None:
        """Point `ref` at `new`, only if it is at `old` when given; 409 when it moved."""
        arguments = [ref, new] if old is None else [ref, new, old]
        code, _, error = self.run("update-ref", *arguments)
        if code != 0:
            raise Refusal(409, f"Reference cannot be updated: {error.decode(errors='replace')}")

    def update_refs(self, *updates: tuple[str, str, str]) -> None:
        """Move several refs, (ref, new, old) each, all or none; 409 when one has moved."""
        lines = "".join(f"update {ref} {new} {old}\n" for ref, new, old in updates)
        code, _, error = self.run("update-ref", "--stdin", stdin=lines.encode())
        if code != 0:
            raise Refusal(409, f"Reference cannot be updated: {error.decode(errors='replace')}")

    def delete_ref(self, ref: str) -> None:
        """Remove `ref`."""
        self.output("update-ref", "-d", ref)

    def commit_tree(
        self, tree: str, parents: list[str], message: str, author: Person, committer: Person
    ) -> str:
        """Write a commit object; answers its id."""
        arguments = [part for parent in parents for part in ("-p", parent)]
        environment = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date,
        }
        out = self.output(
            "commit-tree", tree, *arguments, stdin=message.encode(), environment=environment
        )
        return out.decode().strip()


def create(directory: Path, default_branch: str) -> Git:
    """A new bare repository ready to be served over HTTP."""
    git = Git(directory)
    git.output("init", "--bare", "--quiet", "--template=", f"--initial-branch={default_branch}")
    settings = """[http]
\treceivepack = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[receive]
\tdenyNonFastForwards = false
\thideRefs = refs/pull
[transfer]
\thideRefs = refs/hub
[gc]
\tauto = 0
"""
    with (directory / "config").open("a") as config:
        config.write(settings)
    return git
