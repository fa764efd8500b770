"""What becomes of the groomer's findings: a comment or a label each, under a cap, once; and what is
closed after a comment that nobody answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.effects import LabelIssue, Record, RetireIssue, Step, TellIssue
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.signals import SignalOutcome
from agent_os.domain.tasks import TaskKey
from agent_os.policy.grooming import words
from agent_os.policy.grooming.answers import Answer, Past, Stop
from agent_os.policy.grooming.backlog import Backlog, Item
from agent_os.policy.grooming.finding import CLOSES, LABELS, Finding, Kind
from agent_os.policy.neutral import harmless

_CLOSE_AFTER = timedelta(days=words.CLOSE_AFTER_DAYS)
#: Of each kind and run; the cap lets far fewer through.
_MOST_RECORDED = 50

Which = tuple[int, Kind]


class _Seen(NamedTuple):
    """What became of one finding."""

    title: str
    outcome: SignalOutcome
    reason: str
    answer: Answer = Answer.SILENT


class GroomFacts(Contract):
    """`backlog.now` is GitHub's time, `now` is ours."""

    repo_id: int
    repo: str
    backlog: Backlog
    past: tuple[Past, ...] = ()
    """Every proposal that we made, ever."""
    answers: dict[Which, Answer] = Field(default_factory=dict[Which, Answer])
    """Of those of the last months."""
    loved: frozenset[Which] = frozenset()
    """Proposals with any reaction below them: those are not closed."""
    stops: dict[Kind, Stop] = Field(default_factory=dict[Kind, Stop])
    outcomes: dict[str, str] = Field(default_factory=dict[str, str])
    """`OUTCOME: reason` last recorded, by signal id."""
    made_this_week: int = 0
    cap: int
    close: bool = False
    stopped: str = ""
    """Why nothing may be written there; empty: it may."""
    now: datetime


def purpose(finding: Finding) -> str:
    return f"groom:{finding.kind}:{finding.digest}"


def read_purpose(text: str) -> tuple[Kind, str] | None:
    """(kind, digest of the issue's text) of a proposal of ours; None: it is none."""
    mark, _, rest = text.partition(":")
    kind, _, digest = rest.partition(":")
    known = mark == "groom" and kind in [k.value for k in Kind]
    return (Kind(kind), digest) if known else None


def signal_id(repo_id: int, number: int, kind: Kind) -> str:
    return f"groom:{repo_id}:{kind}:{number}"


def decide(findings: Sequence[Finding], facts: GroomFacts) -> list[Step]:
    """Steps, the highest rank first; each finding and each answered proposal has an outcome."""
    left = max(0, facts.cap - facts.made_this_week)
    steps: list[Step] = []
    seen: dict[str, _Seen] = {}
    spoken: set[int] = set()
    for finding in _bounded(findings, facts):
        outcome, reason, step = _one(finding, facts, left, spoken)
        if step is not None:
            left -= 1
            spoken.add(finding.number)
            steps.append(step)
        signal = signal_id(facts.repo_id, finding.number, finding.kind)
        seen[signal] = _Seen(finding.title, outcome, reason)
    seen |= _answered(facts)
    return [*_record(seen, facts), *steps, *_closings(findings, facts, spoken)]


def _bounded(findings: Sequence[Finding], facts: GroomFacts) -> list[Finding]:
    """In order; of each kind the first of those that were not said yet."""
    said = {(past.number, past.kind) for past in facts.past}
    counts: Counter[Kind] = Counter()
    found: list[Finding] = []
    for finding in sorted(findings, key=lambda f: (-f.order, f.number)):
        known = (finding.number, finding.kind) in said
        counts[finding.kind] += not known
        if known or counts[finding.kind] <= _MOST_RECORDED:
            found.append(finding)
    return found


def _one(
    finding: Finding, facts: GroomFacts, left: int, spoken: set[int]
) -> tuple[SignalOutcome, str, Step | None]:
    made = next(
        (p for p in facts.past if (p.number, p.kind) == (finding.number, finding.kind)), None
    )
    if made is not None:
        answer = facts.answers.get((finding.number, finding.kind), Answer.SILENT)
        said = f"proposed on {made.at:%Y-%m-%d}"
        if answer is Answer.SILENT:
            return SignalOutcome.KNOWN, said, None
        return SignalOutcome.NOT_WANTED, f"{said}; {_words(answer)}", None
    if facts.stopped:
        return SignalOutcome.NOT_ALLOWED, facts.stopped, None
    if stop := facts.stops.get(finding.kind):
        reason = f"people contradicted {stop.contradicted} of {stop.judged} such proposals"
        return SignalOutcome.NOT_WANTED, reason, None
    if finding.number in spoken:
        return SignalOutcome.CAPPED, "one proposal an issue and week", None
    if left <= 0:
        reason = f"{facts.cap} proposals a week (`improvement.groomer.proposals`)"
        return SignalOutcome.CAPPED, reason, None
    return SignalOutcome.FILED, finding.why, _proposal(finding, facts)


def _proposal(finding: Finding, facts: GroomFacts) -> TellIssue | LabelIssue:
    label = LABELS.get(finding.kind)
    if label is not None:
        return LabelIssue(
            repo_id=facts.repo_id,
            repo=facts.repo,
            number=finding.number,
            why=finding.why,
            purpose=purpose(finding),
            add=(label,),
        )
    body = words.closing(finding.body) if _may_close(finding, facts) else finding.body
    return TellIssue(
        repo_id=facts.repo_id,
        repo=facts.repo,
        number=finding.number,
        why=finding.why,
        purpose=purpose(finding),
        body=body,
    )


def _may_close(finding: Finding, facts: GroomFacts) -> bool:
    """By the config, or because it is ours and stale."""
    if finding.kind is Kind.DUPLICATE:
        return facts.close and finding.sure
    ours = finding.number in facts.backlog.filed
    return finding.kind is Kind.STALE and (facts.close or ours)


def _closings(
    findings: Sequence[Finding], facts: GroomFacts, spoken: set[int]
) -> list[RetireIssue]:
    """Issues whose proposal stood for a week without an answer; no more than the cap."""
    if facts.stopped:
        return []
    free = {item.number: item for item in facts.backlog.free}
    found = {(f.number, f.kind): f for f in findings}
    chosen: list[RetireIssue] = []
    for past in sorted(facts.past, key=lambda p: p.at):
        item = free.get(past.number)
        ripe = facts.now - past.at >= _CLOSE_AFTER and past.kind in CLOSES
        if item is None or not ripe or past.number in spoken or past.kind in facts.stops:
            continue
        if _unanswered(past, item, facts) and _still(past, item, found, facts):
            chosen.append(
                RetireIssue(
                    repo_id=facts.repo_id,
                    repo=facts.repo,
                    number=past.number,
                    why=f"{past.kind}, and nobody answered since {past.at:%Y-%m-%d}",
                    purpose=f"groom:{past.kind}:{past.digest}",
                    reason="not_planned",
                )
            )
            spoken.add(past.number)
    return chosen[: facts.cap]


def _unanswered(past: Past, item: Item, facts: GroomFacts) -> bool:
    """By an answer that was looked for: that none is known is no proof."""
    which = (past.number, past.kind)
    silent = facts.answers.get(which) is Answer.SILENT and which not in facts.loved
    return silent and item.digest == past.digest and not facts.backlog.wanted(item)


def _still(past: Past, item: Item, found: dict[Which, Finding], facts: GroomFacts) -> bool:
    """A duplicate is found again. What is stale moved by our comment only: nobody did anything."""
    if past.kind is Kind.DUPLICATE:
        again = found.get((past.number, past.kind))
        return again is not None and again.sure and facts.close
    ours = past.number in facts.backlog.filed
    return (facts.close or ours) and not item.planned


def _answered(facts: GroomFacts) -> dict[str, _Seen]:
    """Proposals with an answer, whether or not they are found again."""
    titles = {item.number: item.title for item in (*facts.backlog.closed, *facts.backlog.items)}
    found: dict[str, _Seen] = {}
    for past in facts.past:
        answer = facts.answers.get((past.number, past.kind), Answer.SILENT)
        if answer is Answer.SILENT:
            continue
        agreed = answer is Answer.AGREED
        found[signal_id(facts.repo_id, past.number, past.kind)] = _Seen(
            titles.get(past.number, f"#{past.number}"),
            SignalOutcome.KNOWN if agreed else SignalOutcome.NOT_WANTED,
            f"proposed on {past.at:%Y-%m-%d}; {_words(answer)}",
            answer,
        )
    return found


def _words(answer: Answer) -> str:
    return {
        Answer.AGREED: "a person did so",
        Answer.CONTRADICTED: "a person contradicted it",
        Answer.CHANGED: "a person changed something else",
        Answer.SILENT: "nobody answered",
    }[answer]


def _record(seen: Mapping[str, _Seen], facts: GroomFacts) -> list[Record]:
    events = tuple(
        Event(
            kind=EventKind.SIGNAL_SEEN,
            at=facts.now,
            repo_id=facts.repo_id,
            number=DESK,
            data={
                "signal": signal,
                "by": "groomer",
                "title": harmless(one.title)[:200],
                "outcome": one.outcome.value,
                "reason": one.reason,
                "answer": one.answer.value,
            },
        )
        for signal, one in seen.items()
        if facts.outcomes.get(signal) != f"{one.outcome.value}: {one.reason}"
    )
    return [Record(key=TaskKey(facts.repo_id, DESK), events=events)] if events else []
