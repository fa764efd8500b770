"""Commits: reading workflow files out of one, and putting one into a clean work tree."""

import os
import subprocess
from pathlib import Path

from agent_os.localhub.workflows.problems import CheckoutFailed

GIT_SECONDS = 300
REGULAR_FILES = (b"100644", b"100755")
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C.UTF-8",
}


def files_in(git_dir: Path, sha: str, folder: str) -> list[tuple[str, bytes]]:
    """The YAML files of one folder (not deeper) at a commit, as path and content, by path."""
    listing = _git(git_dir, "ls-tree", "-z", sha, "--", f"{folder}/")
    found: list[tuple[str, bytes]] = []
    for line in filter(None, listing.split(b"\0")):
        about, _, raw_path = line.partition(b"\t")
        mode, _, blob = about.split(b" ")
        path = raw_path.decode("utf-8", "replace")
        if mode in REGULAR_FILES and path.endswith((".yml", ".yaml")):
            found.append((path, _git(git_dir, "cat-file", "blob", blob.decode())))
    return found


def check_out(git_dir: Path, sha: str, target: Path) -> None:
    """Make `target` a real git work tree at the commit; raises CheckoutFailed.

    It shares the repository's objects but has no remote, so a job can't push past the hub's door.
    """
    _run("clone", "-q", "--shared", "-n", "--template=", "--", str(git_dir), str(target))
    _run("-C", str(target), "checkout", "-q", "--detach", sha, "--")
    _run("-C", str(target), "remote", "remove", "origin")


def _git(git_dir: Path, *arguments: str) -> bytes:
    return _run(f"--git-dir={git_dir}", *arguments)


def _run(*arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            env={**_ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckoutFailed(f"git took longer than {GIT_SECONDS} seconds") from error
    if done.returncode:
        raise CheckoutFailed(done.stderr.decode("utf-8", "replace").strip())
    return done.stdout
