"""What drivers of programs that tell their doings as lines of JSON have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from agent_os.agents.driver import NOT_FOUND, Finish
from agent_os.agents.events import AgentEvent, Happening, bounded
from agent_os.domain.clock import Clock
from agent_os.domain.contract import storable
from agent_os.domain.failures import FailureCode
from agent_os.domain.provider_errors import classify, is_overflow
from agent_os.domain.usage import Usage

OVERFLOWED = "Its context grew too long"
_DETAIL_CHARS = 400
_TAIL_LINES = 5
_MOST_TOKENS = 10**12
_LAST_MOMENT = 10**11
#: Signals that come from outside: whoever sent them, it was not the agent's work.
_ENDED_FROM_OUTSIDE = (1, 2, 9, 15)
_TOO_OLD = ("unknown option", "unexpected argument", "unknown argument", "unrecognized option")


class Record:
    """A JSON object whose fields are read without trusting them: what is missing is empty."""

    def __init__(self, fields: Mapping[str, object] | None = None) -> None:
        self.fields: Mapping[str, object] = fields or {}

    def at(self, *path: str) -> Record:
        here = self
        for name in path:
            found = here.fields.get(name)
            here = Record(cast("Mapping[str, object]", found) if _is_map(found) else None)
        return here

    def text(self, *path: str) -> str:
        found = self.at(*path[:-1]).fields.get(path[-1])
        return storable(found) if isinstance(found, str) else ""

    def number(self, *path: str) -> float | None:
        found = self.at(*path[:-1]).fields.get(path[-1])
        if isinstance(found, bool) or not isinstance(found, int | float):
            return None
        # NaN, Infinity and numbers without end are JSON for Python's parser.
        return float(found) if abs(found) < _MOST_TOKENS else None

    def count(self, *path: str) -> int:
        """A whole number from 0 up."""
        return max(0, int(self.number(*path) or 0))

    def moment(self, *path: str) -> datetime | None:
        """Seconds since 1970."""
        seconds = self.number(*path)
        if seconds is None or not 0 < seconds < _LAST_MOMENT:
            return None
        return datetime.fromtimestamp(seconds, UTC)

    def true(self, *path: str) -> bool:
        return self.at(*path[:-1]).fields.get(path[-1]) is True

    def each(self, *path: str) -> list[Record]:
        """The objects of a list."""
        found = self.at(*path[:-1]).fields.get(path[-1])
        items = cast("list[object]", found) if isinstance(found, list) else []
        return [Record(cast("Mapping[str, object]", item)) for item in items if _is_map(item)]


def _is_map(value: object) -> bool:
    return isinstance(value, dict)


def read(text: str) -> Record | None:
    """The line's object; None when it is none."""
    if not text.startswith("{"):
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Record(cast("Mapping[str, object]", found)) if _is_map(found) else None


class Tools:
    """Which tools run: each start is told once, each end once and after its start."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}

    def start(self, call: str, name: str) -> list[AgentEvent]:
        if call in self._open:
            return []
        self._open[call] = name
        return [AgentEvent(kind=Happening.TOOL, tool=bounded(name))]

    def end(self, call: str, name: str = "") -> list[AgentEvent]:
        """`name`: of one whose start the program does not tell."""
        begun = self.start(call, name) if name and call not in self._open else []
        known = self._open.pop(call, None)
        if known is None:
            return []
        return [*begun, AgentEvent(kind=Happening.TOOL_DONE, tool=bounded(known))]

    def end_all(self) -> list[AgentEvent]:
        return [event for call in tuple(self._open) for event in self.end(call)]


class Counted:
    """Tokens by message, for programs that tell the figures of one message many times."""

    def __init__(self) -> None:
        self._seen: dict[str, Usage] = {}

    def more(self, message: str, now: Usage) -> list[AgentEvent]:
        """What this says of the message beyond what was counted of it."""
        before = self._seen.get(message, Usage())
        more = less(now, before)
        if not message or not more.total:
            return []
        turn = [] if message in self._seen else [AgentEvent(kind=Happening.TURN)]
        self._seen[message] = before + more
        return [*turn, AgentEvent(kind=Happening.USAGE, usage=more)]


def less(usage: Usage, other: Usage) -> Usage:
    """By kind, and never below zero."""
    left = {name: max(0, value - getattr(other, name)) for name, value in usage}
    return Usage.model_validate(left)


def ended_by_signal(exit_code: int) -> bool:
    return exit_code < 0 or exit_code - 128 in _ENDED_FROM_OUTSIDE


def refused(
    clock: Clock, status: int, text: str, fields: Mapping[str, object] | None = None
) -> Finish:
    """What it means that the program gave up with an error of its provider's, in these words."""
    said = " ".join(text.split())[:_DETAIL_CHARS]
    if is_overflow(status, text, fields or {}):
        return Finish(FailureCode.AGENT_FAILED, f"{OVERFLOWED}: {said}")
    verdict = classify(status, text, fields or {}, clock.now())
    return Finish(verdict.code or FailureCode.AGENT_FAILED, said, verdict.resets_at)


def ended_without_word(clock: Clock, exit_code: int, tail: str, *, began: bool) -> Finish:
    """The program ended and did not tell how. `began`: it had told something before."""
    lines = [line.strip() for line in tail.strip().splitlines() if line.strip()]
    said = f": {lines[-1][:200]}" if lines else "."
    if exit_code in NOT_FOUND:
        return Finish(FailureCode.AGENT_MISSING, f"The agent's program can't be run{said}")
    number = -exit_code if exit_code < 0 else exit_code - 128
    if number in _ENDED_FROM_OUTSIDE:
        return Finish(FailureCode.LOST, f"The agent was ended from outside, by signal {number}.")
    if not began:
        # No tool can have run yet: these words are the program's own.
        words = "\n".join(lines[-_TAIL_LINES:])
        if any(word in words.lower() for word in _TOO_OLD):
            words = f"The agent's program is of another version{said}"
            return Finish(FailureCode.AGENT_MISSING, words)
        if exit_code and (code := classify(0, words, {}, clock.now()).code):
            return Finish(code, f"The agent did not begin{said}")
    detail = f"The agent ended with exit code {exit_code}, without an answer{said}"
    return Finish(FailureCode.AGENT_FAILED, detail)
