"""Reviewers, orders and verdicts for the tests of the review gate."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent_os.attempt.reviewing import FILE_NAME
from agent_os.domain.attempts import (
    AgentOrder,
    GateResult,
    Limits,
    Outcome,
    PromptParts,
    ReviewOrder,
)
from agent_os.domain.review import Met
from agent_os.domain.usage import Price
from tests.agents import programs
from tests.models.steps import Say, Step, Write

from .world import FIX, Attempt, World
from .world import limits as short

CRITERIA = ("`double` doubles", "nothing else changes")
PARTS = PromptParts(goal="Mend double", acceptance="\n".join(f"- {c}" for c in CRITERIA))
#: What the worker says of its work, everywhere where it can.
CLAIM = "I-SWEAR-IT-IS-RIGHT"
RESULT = f"---\nstatus: complete\n---\n\n## Summary\n\n{CLAIM}\n"
WORKER = f"{FIX} && git commit -qam {CLAIM} && cat > .agent_result.md <<'E'\n{RESULT}\nE"
WHERE = ["app.py:2"]
claude = pytest.mark.needs("claude")
codex = pytest.mark.needs("codex")


def verdict(*verdicts: Met, faults: tuple[Mapping[str, str], ...] = (), **more: Any) -> str:
    """A reviewer's file: one verdict for each criterion."""
    criteria = [
        {"criterion": n, "verdict": met, "where": WHERE, "why": f"Seen in line {n}.", **more}
        for n, met in enumerate(verdicts, 1)
    ]
    return json.dumps({"criteria": criteria, "faults": list(faults)})


GOOD = verdict(Met.MET, Met.MET)


def writes(text: str, *before: Step) -> tuple[Step, ...]:
    return (*before, Write(FILE_NAME, text), Say("I have looked."))


def reviewer(name: str, url: str, price: Price | None = None) -> AgentOrder:
    return programs.order(programs.NAMED[name], url, price)


def command(name: str, script: str) -> AgentOrder:
    """A reviewer that needs no model."""
    return AgentOrder(name=name, driver="command", command=script)


def saying(text: str) -> str:
    return f"cat > {FILE_NAME} <<'E'\n{text}\nE"


def limits(seconds: float, usd: float) -> Limits:
    return short(seconds).model_copy(update={"usd": usd})


def attempt(world: World, *reviewers: AgentOrder, worker: str = WORKER, **more: Any) -> Attempt:
    asked = more.pop("review", ReviewOrder(reviewers=reviewers))
    return world.attempt(worker, parts=PARTS, review=asked, **more)


def run(one: Attempt) -> Outcome:
    return one.run(**{programs.KEY: programs.SECRET, "PATH": search_path()})


def search_path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{programs.search_path()}"


def gate(outcome: Outcome) -> GateResult:
    assert outcome.evidence is not None
    return next(g for g in outcome.evidence.gates if g.name == "review")
