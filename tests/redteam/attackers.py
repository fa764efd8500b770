"""Attempts whose agent is one script: what the tests of this folder share."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from agent_os.domain.attempts import Outcome
from tests.attempt.world import FIX, Attempt, World, git

COMPLETE = "---\nstatus: complete\n---\n\n## Summary\n\nDoubles.\n"


def python(script: str, after: str = FIX) -> str:
    """A shell command that runs this Python script in the work dir, then does the work."""
    return f"python3 -B - <<'ATTACK'\n{textwrap.dedent(script)}\nATTACK\n{after}\n"


def some(names: Iterable[str], *short: str) -> list[ParameterSet]:
    """Each name as a parameter; all but the short ones run with `--long` only."""
    return [pytest.param(n, marks=[] if n in short else [pytest.mark.long]) for n in names]


def attacked(world: World, command: str, **order: Any) -> tuple[Attempt, Outcome]:
    """Run an attempt with this command for its agent, in the sandbox."""
    fields: dict[str, Any] = {"sandbox": "bwrap", **order}
    attempt = world.attempt(command, **fields)
    return attempt, attempt.run()


def said(attempt: Attempt, word: str) -> list[str]:
    """What the attack itself reported: the rest of each line of its output that begins so."""
    lines = attempt.text("agent.log").splitlines()
    return [line.removeprefix(word).strip() for line in lines if line.startswith(word)]


def files_of(world: World, attempt: Attempt, outcome: Outcome) -> dict[str, str]:
    """Mode of each path of the result."""
    assert outcome.work is not None
    attempt.imported()
    listed = world.mirror.path
    lines = git(listed, "ls-tree", "-r", outcome.work).splitlines()
    return {line.partition("\t")[2]: line.split()[0] for line in lines}
