"""What becomes of signals: one issue for each, ever; evidence to a known one; caps; reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.effects import FileIssue, Record, Step, TellIssue
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.signals import FIRST_LOOK_DAYS, Signal, SignalOutcome
from agent_os.domain.tasks import TaskKey
from agent_os.policy import texts
from agent_os.policy.neutral import harmless
from agent_os.policy.weeks import week_of

#: Authors whose issues count for the cap.
CAPPED = ("analyzer", "groomer", "memory")
_LONGEST = 12_000
_MOST_EVIDENCE = 20


class Filed(Contract):
    """What is known of a signal's issue. `seen`: the newest event of its task, if it is one."""

    number: int
    open: bool = True
    not_planned: bool = False
    """A person closed it as not planned."""
    told: str = ""
    """Digest of the evidence that it was filed with, or told of last."""
    seen: int = 0


class FilingFacts(Contract):
    repo_id: int
    repo: str
    known: dict[str, Filed] = Field(default_factory=dict[str, Filed])
    """By signal id."""
    outcomes: dict[str, str] = Field(default_factory=dict[str, str])
    """`OUTCOME: reason` last recorded, by signal id."""
    filed_this_week: int = 0
    cap: int
    """Issues a week; those that are not capped (a sprint, a report) are filed elsewhere."""
    start: bool = False
    stopped: str = ""
    """Why nothing may be written there; empty: it may."""
    label: str = ""
    now: datetime


def filed_in_week(filed: Iterable[Event], now: datetime) -> int:
    """How many of these issues count for the cap of now's week."""
    # By the calendar: a job that runs a second earlier than last week would meet its own issues.
    return sum(e.data["by"] in CAPPED and week_of(e.at) == week_of(now) for e in filed)


def evidence_digest(signal: Signal) -> str:
    return texts.digest(*signal.evidence)


def decide(signals: Sequence[Signal], facts: FilingFacts) -> list[Step]:
    """Steps about the repository, the highest rank first; each signal gets an outcome."""
    left = max(0, facts.cap - facts.filed_this_week)
    steps: list[Step] = []
    outcomes: dict[str, tuple[Signal, SignalOutcome, str]] = {}
    for signal in sorted(_once(signals), key=lambda s: (-s.rank, s.id)):
        outcome, reason, step = _one(signal, facts, left)
        left -= outcome is SignalOutcome.FILED
        steps += [step] if step else []
        outcomes[signal.id] = (signal, outcome, reason)
    return [*_seen(outcomes, facts), *steps]


def _once(signals: Sequence[Signal]) -> list[Signal]:
    return list({signal.id: signal for signal in signals}.values())


def _one(signal: Signal, facts: FilingFacts, left: int) -> tuple[SignalOutcome, str, Step | None]:
    if facts.stopped:
        return SignalOutcome.NOT_ALLOWED, facts.stopped, None
    known = facts.known.get(signal.id)
    if known is not None:
        return _known(signal, known, facts)
    if left <= 0:
        reason = f"{facts.cap} issues a week (`improvement.issues_per_week`)"
        return SignalOutcome.CAPPED, reason, None
    return SignalOutcome.FILED, "", filing(signal, start=facts.start, label=facts.label)


def _known(
    signal: Signal, known: Filed, facts: FilingFacts
) -> tuple[SignalOutcome, str, Step | None]:
    where = f"#{known.number}"
    if known.not_planned:
        return SignalOutcome.NOT_WANTED, f"{where} was closed as not planned", None
    if not signal.evidence or known.told == evidence_digest(signal):
        return SignalOutcome.KNOWN, where, None
    tell = TellIssue(
        repo_id=facts.repo_id,
        repo=facts.repo,
        number=known.number,
        why=f"{signal.id} was found again",
        purpose=f"evidence:{evidence_digest(signal)}",
        body=_again(signal, known),
    )
    return SignalOutcome.EVIDENCE_ADDED, where, tell


def _again(signal: Signal, known: Filed) -> str:
    head = "Found again." if known.open else "Found again although this is closed."
    return f"{head}\n\n{_list(signal.evidence)}"[:_LONGEST]


def filing(signal: Signal, *, start: bool = False, label: str = "") -> FileIssue:
    """The effect that opens its issue."""
    facts: dict[str, object] = {"told": evidence_digest(signal), "kind": signal.kind}
    if signal.figure is not None:
        facts["figure"] = signal.figure.model_dump(mode="json")
    return FileIssue(
        repo_id=signal.repo_id,
        repo=signal.repo,
        number=DESK,
        why=f"{signal.by} found {signal.kind}",
        signal=signal.id,
        by=signal.by,
        title=texts.issue_title(signal.title),
        body=body(signal),
        labels=(label,) if label else (),
        type=signal.type,
        start=start,
        facts=facts,
    )


def body(signal: Signal) -> str:
    """The issue's text, with headings that the task parser knows."""
    parts = [
        signal.problem.strip(),
        f"## Goal\n{signal.proposal.strip() or signal.title}",
        f"## Acceptance criteria\n{_list(signal.acceptance)}" if signal.acceptance else "",
        f"## Evidence\n{_list(signal.evidence[:_MOST_EVIDENCE])}" if signal.evidence else "",
        _figure(signal),
    ]
    return "\n\n".join(part for part in parts if part)[:_LONGEST]


def _figure(signal: Signal) -> str:
    figure = signal.figure
    if figure is None:
        return ""
    scope = ", ".join(f"{name} {texts.inline(value, 80)}" for name, value in figure.scope.items())
    now = "not known" if figure.now is None else f"{figure.now:.3g} over {figure.samples} samples"
    hoped = "" if figure.expected is None else f", {figure.expected:.3g} is expected afterwards"
    of = f" ({scope})" if scope else ""
    return (
        f"## Figure that this should move\n`{figure.name}`{of}: {now}; {figure.goal} is better"
        f"{hoped}. It is measured on both sides of the merge, first after {FIRST_LOOK_DAYS} days."
    )


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _seen(
    outcomes: Mapping[str, tuple[Signal, SignalOutcome, str]], facts: FilingFacts
) -> list[Record]:
    """One record of all outcomes that changed: silence is never an answer."""
    events = tuple(
        Event(
            kind=EventKind.SIGNAL_SEEN,
            at=facts.now,
            repo_id=facts.repo_id,
            number=DESK,
            data={
                "signal": signal.id,
                "by": signal.by,
                "title": harmless(signal.title),
                "outcome": outcome.value,
                "reason": reason,
            },
        )
        for signal, outcome, reason in outcomes.values()
        if facts.outcomes.get(signal.id) != f"{outcome.value}: {reason}"
    )
    return [Record(key=TaskKey(facts.repo_id, DESK), events=events)] if events else []
