"""A second pair of eyes: what another agent found in a result, criterion by criterion."""

from __future__ import annotations

import re
from enum import StrEnum
from textwrap import dedent

from agent_os.domain.contract import Contract

_MOST_CRITERIA = 20
_LONGEST_CRITERION = 400
_ITEM = re.compile(r"^(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(\S.*)$")


class Met(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    CANT_TELL = "cant_tell"


class FaultKind(StrEnum):
    CORRECTNESS = "correctness"
    SECURITY = "security"


class Severity(StrEnum):
    LOW = "low"
    HIGH = "high"


class Judged(Contract):
    """One criterion. `where`: the lines that show it, `path:line` or `path:line-line`."""

    number: int
    """From 1, in the order of the task."""
    criterion: str
    verdict: Met
    where: tuple[str, ...] = ()
    why: str = ""


class Fault(Contract):
    kind: FaultKind
    severity: Severity
    where: str
    what: str


class Review(Contract):
    """By an agent that did not do the work. All texts but the criteria are the model's words."""

    agent: str
    model: str = ""
    vendor: str = ""
    criteria: tuple[Judged, ...]
    faults: tuple[Fault, ...] = ()
    diff: str = ""
    """Which change it is about: equal for the same change on another base."""

    @property
    def not_met(self) -> tuple[Judged, ...]:
        return tuple(c for c in self.criteria if c.verdict is Met.NOT_MET)

    @property
    def grave(self) -> tuple[Fault, ...]:
        return tuple(f for f in self.faults if f.severity is Severity.HIGH)

    @property
    def passes(self) -> bool:
        return not self.not_met and not self.grave

    @property
    def signature(self) -> str:
        """Equal when the same criteria and the same files were found wanting, in other words."""
        numbers = ",".join(str(c.number) for c in self.not_met)
        faults = sorted({f"{f.kind}@{f.where.partition(':')[0]}" for f in self.grave})
        return f"not_met={numbers};faults={','.join(faults)}"


def criteria_of(acceptance: str, goal: str) -> tuple[str, ...]:
    """The acceptance criteria one by one: list items, else paragraphs; without any, the goal.

    At most 20, each cut to 400 characters: what is over stands in the last.
    """
    found = _items(acceptance) or _paragraphs(acceptance)
    if not found:
        found = [f"The goal is reached: {goal}"]
    kept = [*found[: _MOST_CRITERIA - 1], " / ".join(found[_MOST_CRITERIA - 1 :])]
    return tuple(_short(text) for text in kept if text)


def _items(text: str) -> list[str]:
    """The items of the outermost list, each with what follows it; and what stands before them,
    unless it only leads in."""
    before: list[str] = []
    found: list[str] = []
    for line in dedent(text).splitlines():
        item = _ITEM.match(line)
        if item:
            found.append(item[1])
        elif found and line.strip():
            found[-1] += f" {line.strip()}"
        else:
            before.append(line)
    first = [part for part in _paragraphs("\n".join(before)) if not part.endswith(":")]
    return [*first, *found] if found else []


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_CRITERION else f"{line[: _LONGEST_CRITERION - 1]}…"
