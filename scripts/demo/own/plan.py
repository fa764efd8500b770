"""Before the hub starts: what is there, which commit is replayed, and which check holds."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from agent_os.workspace.git import run_git
from scripts.demo import sandbox, screen
from scripts.demo.own import checks, commits, source
from scripts.demo.own.landing import Copied

PERSON = "you"
_MOST_FILES = 200_000
_MOST_BYTES = 10_000_000_000
#: At the same time: the work dir, base and result, and some air.
_CHECKOUTS = 5
_VENVS = (".venv", "venv")


@dataclass(frozen=True)
class Plan:
    """All that is known before the hub starts."""

    source: source.Source
    copied: Copied
    commit: commits.Commit
    changes_tests: bool
    check: checks.Check
    env: dict[str, str]

    @property
    def branch(self) -> str:
        return self.source.branch or "main"

    @property
    def title(self) -> str:
        """The issue's title."""
        return self.commit.subject.strip()[:200] or f"Commit {self.commit.sha[:12]}"

    @property
    def has_workflows(self) -> bool:
        args = ("ls-tree", "--name-only", self.commit.sha, "--", ".github/workflows/")
        return bool(run_git(*args, git_dir=self.copied.git_dir))

    @property
    def repo(self) -> str:
        return f"{PERSON}/{self.source.name}"


def make(folder: Path, path: Path, check_seconds: int) -> Plan:
    """Look, copy, choose, try; all of it is said. Unusable when the demo can't go on."""
    found = source.look(path, folder)
    _introduce(found)
    copied = Copied(folder / "copy.git", cut=found.large or found.shallow)
    newest = commits.LOOK + 1 if copied.cut else None
    head = source.copy(found, copied.git_dir, folder, newest)
    _refuse_heavy(copied, head)
    _say_what_is_left_out(found, copied, folder, head)
    choice = commits.choose(copied.git_dir, head)
    commit = _chosen(choice, found)
    env = _environment(found)
    bench = checks.Bench(copied.git_dir, commit.parent, folder, check_seconds, env)
    screen.say("Trying its tests on the base, as the gates run them …")
    check = checks.find(bench)
    for line in check.said:
        screen.plain(f"  {line}")
    return Plan(found, copied, commit, choice.changes_tests, check, env)


def _refuse_heavy(copied: Copied, head: str) -> None:
    files, size = copied.weight(head)
    free = shutil.disk_usage(copied.git_dir).free
    if files > _MOST_FILES or size * _CHECKOUTS > min(free, _MOST_BYTES):
        raise source.Unusable(
            f"it is very big: {files} files, {size >> 20} MB, of which the demo needs "
            f"{_CHECKOUTS} checkouts ({free >> 20} MB are free)."
        )


def _chosen(choice: commits.Choice, found: source.Source) -> commits.Commit:
    for commit, why_not in choice.passed_over:
        screen.plain(f"  passed over: {commit.short}: {why_not}")
    if choice.commit is not None:
        screen.plain(f"The task: {choice.commit.short}, replayed on {choice.commit.parent[:7]}.")
        return choice.commit
    looked = len(choice.passed_over)
    if looked > 1:
        raise source.Unusable(f"none of its last {looked} commits can be replayed (see above).")
    if found.shallow:
        raise source.Unusable("its only commit has no parent here; `git fetch --deepen=30` it.")
    raise source.Unusable("its only commit has nothing before it to start from; make a second.")


def _introduce(found: source.Source) -> None:
    screen.say("[bold]Agent OS demo[/bold] on a copy of your repository: your own history,")
    screen.say("replayed by an agent named [bold]replay[/bold] (a patch, not a model).")
    where = f"branch {found.branch}" if found.branch else "a detached HEAD"
    screen.plain(f"From {found.top}: {where} at {found.head[:7]}.")
    screen.say("It is only read; the copy goes to a GitHub of its own on this machine.")
    screen.say(f"Sandbox: {sandbox.line()}")


def _say_what_is_left_out(found: source.Source, copied: Copied, folder: Path, head: str) -> None:
    if copied.cut:
        why = "a shallow clone" if found.shallow else f"large ({found.size_bytes >> 20} MB)"
        screen.say(f"  It is {why}: only the newest commits are copied.")
    changed = source.uncommitted(found, copied.git_dir, folder)
    if changed:
        files = "1 file has" if changed == 1 else f"{changed} files have"
        screen.say(
            f"  {files} uncommitted changes: they are no part of this, and stay as they are."
        )
    tree = run_git("ls-tree", "-r", head, git_dir=copied.git_dir)
    if links := sum(line.startswith("160000 ") for line in tree.splitlines()):
        screen.say(f"  Its {links} submodules are empty folders here; what needs them will fail.")
    if "filter=lfs" in _read(copied, head, ".gitattributes"):
        screen.say("  Its LFS files are pointers here; what needs their content will fail.")


def _read(copied: Copied, head: str, path: str) -> str:
    listed = run_git("ls-tree", head, "--", path, git_dir=copied.git_dir)
    if not listed.startswith("100"):
        return ""
    return run_git("cat-file", "blob", listed.split()[2], git_dir=copied.git_dir)


def _environment(found: source.Source) -> dict[str, str]:
    """Ours, with the person's own programs: theirs come before, our Python's do not count."""
    env = dict(os.environ)
    ours = Path(sys.prefix, "bin")
    entries = [e for e in env.get("PATH", os.defpath).split(os.pathsep) if e and Path(e) != ours]
    if sandbox.wanted() == "none":
        # Nothing keeps a program from writing beside itself.
        entries = [entry for entry in entries if not Path(entry).is_relative_to(found.top)]
    else:
        venvs = [found.top / name for name in _VENVS if not found.bare]
        entries = [str(v / "bin") for v in venvs if (v / "pyvenv.cfg").is_file()] + entries
    return {**env, "PATH": os.pathsep.join(entries)}
