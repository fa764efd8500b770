"""Whether a new CODEBASE.md is proposed: each look has a named outcome."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from agent_os.domain.contract import Contract
from agent_os.domain.effects import OpenProposal, PushProposal
from agent_os.domain.events import DESK
from agent_os.policy import texts
from agent_os.policy.codebase import drawing, reading

PURPOSE = "codebase"
_LEAST_LINES = 3
_MUCH = 0.25
_QUIET = timedelta(weeks=4)
#: An older one that could not be opened is left alone.
_FRESH = timedelta(days=1)


class MapOutcome(StrEnum):
    OFF = "off"
    NOT_ALLOWED = "not_allowed"
    NOTHING_TO_SAY = "nothing_to_say"
    MARKS_BROKEN = "marks_broken"
    NOT_A_FILE = "not_a_file"
    UP_TO_DATE = "up_to_date"
    TOO_LITTLE = "too_little"
    OPEN = "open"
    REFUSED = "refused"
    PROPOSED = "proposed"


class LastProposal(Contract):
    """The newest of ours for this purpose. `text`: the file as it proposed it, if still known."""

    number: int = 0
    branch: str
    sha: str
    state: Literal["pushed", "open", "merged", "closed"]
    pushed_at: datetime
    ended_at: datetime | None = None
    text: str | None = None


class MapFacts(Contract):
    repo_id: int
    repo: str
    base_branch: str
    enabled: bool = True
    stopped: str = ""
    """Why nothing may be written there."""
    existing: str | None
    """The file on the base; None: there is none."""
    unreadable: bool = False
    """Something that is no file we could write stands in its place."""
    part: str
    """Our part as it is drawn now."""
    last: LastProposal | None = None
    now: datetime


class MapDecision(NamedTuple):
    outcome: MapOutcome
    why: str = ""
    text: str = ""
    """The whole file, when it is to be proposed."""


def decide(facts: MapFacts) -> MapDecision:
    if not facts.enabled:
        return MapDecision(MapOutcome.OFF, "`improvement.memory.codebase` is off")
    if facts.stopped:
        return MapDecision(MapOutcome.NOT_ALLOWED, facts.stopped)
    if facts.last and facts.last.state == "open":
        return MapDecision(MapOutcome.OPEN, f"#{facts.last.number} is open")
    if facts.unreadable:
        return MapDecision(MapOutcome.NOT_A_FILE, f"{reading.FILE} is no file that we could write")
    if not facts.part:
        return MapDecision(MapOutcome.NOTHING_TO_SAY, "the repository has no code yet")
    text = drawing.placed(facts.existing or "", facts.part)
    if text is None:
        return MapDecision(MapOutcome.MARKS_BROKEN, f"the marks in {reading.FILE} are no pair")
    if text == facts.existing:
        return MapDecision(MapOutcome.UP_TO_DATE, f"{reading.FILE} says all of it")
    return _worth(facts, text)


def _worth(facts: MapFacts, text: str) -> MapDecision:
    old, last = drawing.ours(facts.existing or ""), facts.last
    differ = different_lines(old, facts.part)
    if old and differ < _LEAST_LINES and _commands(old) == _commands(facts.part):
        return MapDecision(MapOutcome.TOO_LITTLE, f"it would change {differ} lines")
    if last and last.state == "closed":
        resting = last.ended_at is None or facts.now < last.ended_at + _QUIET
        if resting or not _much(last.text, facts.part):
            return MapDecision(MapOutcome.REFUSED, f"#{last.number} was closed by a person")
    return MapDecision(MapOutcome.PROPOSED, f"it changes {differ} lines", text)


def different_lines(old: str, new: str) -> int:
    """Lines that are in one of them only; moved ones don't count."""
    before, after = (Counter(line for line in t.splitlines() if line.strip()) for t in (old, new))
    return max((before - after).total(), (after - before).total())


def _commands(part: str) -> str:
    """A wrong command misleads at once."""
    return part.partition("## Commands\n")[2].partition("\n## ")[0]


def _much(refused: str | None, part: str) -> bool:
    """Whether it differs much from what a person refused; unknown text does."""
    if refused is None:
        return True
    lines = sum(1 for line in part.splitlines() if line.strip())
    return different_lines(drawing.ours(refused), part) >= max(_LEAST_LINES, _MUCH * lines)


def step(facts: MapFacts, sha: str) -> PushProposal | OpenProposal:
    """Of what is to be proposed: its commit `sha` is pushed, then its pull request opened."""
    last = facts.last
    if last and last.state == "pushed" and facts.now < last.pushed_at + _FRESH:
        return _opening(facts, last)
    return PushProposal(
        repo_id=facts.repo_id,
        repo=facts.repo,
        number=DESK,
        why="the map of the repository has changed",
        purpose=PURPOSE,
        branch=f"agent-os/codebase-{texts.digest(sha)}",
        sha=sha,
    )


def _opening(facts: MapFacts, pushed: LastProposal) -> OpenProposal:
    return OpenProposal(
        repo_id=facts.repo_id,
        repo=facts.repo,
        number=DESK,
        why="the map of the repository has changed",
        purpose=PURPOSE,
        branch=pushed.branch,
        head=pushed.sha,
        base=facts.base_branch,
        title=f"Draw the map of the code in {reading.FILE} anew",
        body=_BODY,
    )


_BODY = f"""\
`{reading.FILE}` tells agents (and people) where things are: commands, what bit others before, \
conventions, modules, decisions. It was drawn by rules from this branch's files and from what \
earlier tasks taught; no model wrote it.

- Only what stands between our two marks is replaced. What you write above or below stays.
- Merge it, or edit it first. Close it, and it is not proposed again for four weeks, and then only \
if it has become another text.
- `improvement.memory.codebase: false` in the config of Agent OS ends this.
"""
