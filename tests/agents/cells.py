"""One cell of the matrix: a real program in the real runner, against one scenario."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent_os.domain.attempts import Outcome
from agent_os.domain.failures import FailureCode as Code
from agent_os.domain.failures import Family, family
from agent_os.domain.usage import Price
from tests.agents.programs import KEY, SECRET, Agent, order, search_path
from tests.attempt.world import Attempt, World, limits
from tests.models import NAMED, ModelServer
from tests.models.server import Chosen

DEADLINE = 45.0
#: A cell may take so much longer than its deadline.
LATE = 5.0

_DONE = frozenset({None})
_NO_WORK = frozenset({Code.NO_CHANGE, Code.INVALID_RESULT, Code.INCOMPLETE})
_AUTH = frozenset({Code.AUTH_FAILED})
_RATE = frozenset({Code.RATE_LIMITED})
_OVERLOADED = frozenset({Code.OVERLOADED})
#: A plan's limit looks like a rate limit where the program keeps the details to itself.
_QUOTA = frozenset({Code.QUOTA_EXHAUSTED, Code.RATE_LIMITED})
#: What each scenario may end with.
EXPECTED: dict[str, frozenset[Code | None]] = {
    "succeed": _DONE,
    "parallel": _DONE,
    "bad_arguments": _DONE,
    "invalid_result": _DONE,
    "chatty": _DONE,
    # What gives up earlier than it recovers has met a rate limit.
    "recovers": _DONE | _RATE,
    "unauthorized": _AUTH,
    "bad_key": _AUTH,
    # A key without the right, or a country without the model: that too is a 403.
    "forbidden": _AUTH | {Code.MODEL_UNAVAILABLE},
    "rate_limited": _RATE,
    "rate_limited_reset": _RATE,
    "quota": frozenset({Code.QUOTA_EXHAUSTED}),
    "quota_plan": _QUOTA,
    "model_missing": frozenset({Code.MODEL_UNAVAILABLE}),
    "server_error": _OVERLOADED,
    "overloaded": _OVERLOADED,
    "overloaded_in_stream": _OVERLOADED,
    "truncated": _OVERLOADED,
    "truncated_clean": _OVERLOADED,
    "hang": _OVERLOADED,
    "hang_after_headers": _OVERLOADED,
    "overflow": frozenset({Code.AGENT_FAILED}),
    "overflow_later": frozenset({Code.AGENT_FAILED}),
    "endless_tool": frozenset({Code.STALLED}),
    "slow": _DONE,
    "says_only": _NO_WORK,
}


@dataclass(frozen=True)
class Cell:
    agent: str
    scenario: str
    code: Code | None
    detail: str
    seconds: float
    requests: int
    left: tuple[str, ...]
    """What of the attempt still ran afterwards."""
    outcome: Outcome

    @property
    def faults(self) -> list[str]:
        """Why the cell is not as it must be; empty: it is."""
        found: list[str] = []
        expected = EXPECTED[self.scenario]
        if self.code not in expected:
            names = ", ".join(sorted(code.value if code else "done" for code in expected))
            found.append(f"{self.code.value if self.code else 'done'}, not {names}")
            if _family(self.code) not in {_family(code) for code in expected}:
                found.append("wrong family")
        if self.seconds > DEADLINE + LATE:
            found.append("too late")
        if self.scenario == "succeed" and self.outcome.changed_files != 1:
            found.append(f"{self.outcome.changed_files} files changed, not 1")
        if self.left:
            found.append(f"left: {', '.join(self.left)}")
        return found


def _family(code: Code | None) -> Family | None:
    return family(code) if code else None


def environment(**extra: str) -> dict[str, str]:
    venv = Path(sys.executable).parent
    ours = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return {"PATH": f"{venv}{os.pathsep}{search_path()}", KEY: SECRET, **ours, **extra}


def begin(
    world: World, agent: Agent, url: str, price: Price | None = None, **changes: Any
) -> Attempt:
    """An attempt that is not started; `changes` are fields of its order."""
    fields: dict[str, Any] = {
        "agent": order(agent, url, price),
        "limits": limits(DEADLINE, agent.stall),
        "checks": {},
    }
    return world.attempt(None, **{**fields, **changes})


def played(scenario: str) -> Chosen:
    """What the server plays under that name; it knows our own words for a repair."""
    return replace(NAMED[scenario], repair_words=r"Your report won't do")


def run_cell(world: World, agent: Agent, scenario: str, chosen: Chosen | None = None) -> Cell:
    """Run to the end. `chosen`: what the server plays, when it is not the scenario of that name."""
    with ModelServer(played(scenario) if chosen is None else chosen) as server:
        attempt = begin(world, agent, server.url)
        began = time.monotonic()
        outcome = attempt.run(**environment())
        seconds = time.monotonic() - began
        left = tuple(still_there(attempt.path))
        return Cell(
            agent=agent.name,
            scenario=scenario,
            code=outcome.code,
            detail=outcome.detail,
            seconds=seconds,
            requests=server.count,
            left=left,
            outcome=outcome,
        )


def still_there(directory: Path) -> Iterator[str]:
    """Processes that stand in the directory, or were told of it; by `/proc` alone."""
    needle = os.fsencode(directory)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            where = os.fsencode((entry / "cwd").readlink())
            told = (entry / "environ").read_bytes()
            if where.startswith(needle) or needle + b"/home" in told:
                yield f"{entry.name} {(entry / 'comm').read_text().strip()}"
        except OSError:
            continue
