"""The check for a person's repository: their own, else a guess, and only one that passes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from agent_os.config.repository_file import PATHS, RepositoryFile
from agent_os.domain.errors import ConfigError
from agent_os.workspace.git import git_start, run_git
from scripts.demo.own.commits import repository_file
from scripts.demo.own.guesses import Guess, Tree, guesses
from scripts.demo.own.trial import Tried, try_on

_MOST_TRIED = 4
_MAX_READ = 1_000_000


@dataclass
class Check:
    """What holds for the task. `said` are lines for the person."""

    command: str = ""
    """The check that passes on the base; empty: an explicit `no check`."""
    seconds: float = 0.0
    settings: str | None = None
    """`.agent-os.yaml` as the hub's copy needs it; None: as the person has it."""
    advice: str = ""
    """What to write into `.agent-os.yaml`; empty when it is good as it is."""
    said: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Bench:
    """Where commands are tried: commit `sha` of `copied`, with `env` as the daemon has it."""

    copied: Path
    sha: str
    scratch: Path
    seconds: int
    env: Mapping[str, str]

    def try_all(self, setup: str, checks: Mapping[str, str]) -> list[Tried]:
        folder = self.scratch / "trial"
        return try_on(self.copied, self.sha, folder, setup, checks, self.seconds, self.env)


def find(bench: Bench) -> Check:
    """Look, try on the base, and say what came of it."""
    check = Check()
    try:
        file = repository_file(bench.copied, bench.sha)
    except ConfigError as error:
        check.said.append(f"Its own settings can't be read: {error.message}")
        check.settings = "{}\n"
        file = RepositoryFile()
    if file.named_checks:
        _own(bench, file, check)
    else:
        _guessed(bench, file, check)
    if not check.command:
        check.said.append("The task goes on without a check, and its evidence will say so.")
    return check


def _own(bench: Bench, file: RepositoryFile, check: Check) -> None:
    tried = bench.try_all(file.setup, file.named_checks)
    check.seconds = sum(entry.seconds for entry in tried)
    failed = [entry for entry in tried if not entry.passed]
    names = ", ".join(f"`{command}`" for command in file.named_checks.values())
    if not failed:
        check.command = names.strip("`")
        check.said.append(f"{PATHS[0]} names {names}: passes on the base, {check.seconds:.1f} s.")
        return
    check.said.append(f"{PATHS[0]} names {names}. `{failed[0].command}` {_failure(failed[0])}")
    check.settings = _settings(file, {})


def _guessed(bench: Bench, file: RepositoryFile, check: Check) -> None:
    found = guesses(_tree(bench))[:_MOST_TRIED]
    if not found:
        check.said.append("No test command was found in its files.")
        check.advice = "test: YOUR TEST COMMAND"
    for guess in found:
        if _tried(bench, file, guess, check):
            return


def _tried(bench: Bench, file: RepositoryFile, guess: Guess, check: Check) -> bool:
    label = f"`{guess.command}` ({guess.why})"
    if not shutil.which(guess.program, path=bench.env.get("PATH")):
        check.said.append(f"{label} was not tried: {guess.program} is not installed.")
        check.advice = check.advice or f"test: {guess.command}"
        return False
    tried = bench.try_all(file.setup, {"test": guess.command})
    last = tried[-1]
    if last.passed and not last.tests_nothing:
        check.command, check.seconds = guess.command, last.seconds
        check.settings = _settings(file, {"test": guess.command})
        check.advice = f"test: {guess.command}"
        check.said.append(f"{label} passes on the base, {last.seconds:.1f} s.")
        return True
    name = label if last.command == guess.command else f"`{last.command}` of {PATHS[0]}"
    check.said.append(f"{name} {'runs no test.' if last.passed else _failure(last)}")
    setup = f"setup: {guess.setup}\n" if guess.setup else ""
    check.advice = check.advice or f"{setup}test: {guess.command}"
    return False


def _failure(tried: Tried) -> str:
    if tried.missing:
        return f"not found there: {tried.last_line}"
    words = f"fails on the base after {tried.seconds:.1f} s ({tried.ended})"
    return f"{words}: {tried.last_line}" if tried.last_line else f"{words}."


def _settings(file: RepositoryFile, checks: dict[str, str]) -> str:
    """The person's settings with other checks."""
    kept = file.model_dump(mode="json", exclude_defaults=True, exclude={"test", "checks"})
    return yaml.safe_dump({**kept, "checks": checks}, sort_keys=False)


def _tree(bench: Bench) -> Tree:
    listed = run_git("ls-tree", "-r", "-z", "--name-only", bench.sha, git_dir=bench.copied)
    paths = frozenset(path for path in listed.split("\0") if path)

    def read(path: str) -> str:
        if path not in paths:
            return ""
        args = ("cat-file", "blob", f"{bench.sha}:{path}")
        data = git_start(*args, git_dir=bench.copied, max_bytes=_MAX_READ)
        return data.decode("utf-8", "replace")

    return Tree(paths, read)
