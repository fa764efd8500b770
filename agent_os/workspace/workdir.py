"""A fresh work dir or checkout: our objects by alternates, nothing else shared, never reused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent_os.workspace.git import checked_sha, run_git

BRANCH = "agent-os/work"
#: Files in a work dir are the blobs, byte for byte, whatever .gitattributes says: the snapshot
#: hashes them without running conversions, so line endings must not have been converted either.
_EXACT = "* -text -eol -ident -filter -working-tree-encoding\n"


def checkout(
    path: Path,
    sha: str,
    objects: Sequence[Path],
    *,
    author_name: str = "agent-os",
    author_email: str = "agent-os@localhost",
) -> None:
    """Make `path` (must not exist) a repository at commit `sha` on the branch `agent-os/work`.

    `objects` are object directories to borrow from (what `git clone --shared` does); it has no
    remote, no hooks and no other refs. GitError when the commit is not there.
    """
    checked_sha(sha)
    path.mkdir(parents=True)
    run_git("init", "--quiet", "--template=", f"--initial-branch={BRANCH}", str(path))
    git_dir = path / ".git"
    info = git_dir / "objects" / "info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "alternates").write_text("".join(f"{item.resolve()}\n" for item in objects), "utf-8")
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "attributes").write_text(_EXACT, "utf-8")
    # Written at once: three runs of `git config` would cost more than a small checkout.
    with (git_dir / "config").open("a", encoding="utf-8") as config:
        config.write(f"[user]\n\tname = {_quoted(author_name)}\n")
        config.write(f"\temail = {_quoted(author_email)}\n[gc]\n\tauto = 0\n")
    where = {"GIT_WORK_TREE": str(path)}
    run_git(
        *("reset", "--quiet", "--hard", sha),
        git_dir=git_dir,
        cwd=path,
        env_extra=where,
        timeout=600.0,
    )


def _quoted(value: str) -> str:
    """A value as git's config files have it."""
    for character, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        value = value.replace(character, escaped)
    return f'"{value}"'
