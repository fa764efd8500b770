"""Which changes people are told of, by which sink, now or later: once per change of state."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent_os.domain.contract import Contract
from agent_os.domain.notices import SEVERITIES, SinkRules, SinkState
from agent_os.domain.signals import Severity
from agent_os.policy.news import Change

#: More than so many at once are told in one message.
MOST_SINGLE = 5
MOST_LISTED = 20
#: What could not be told for so long is told no more: the reports have it.
TOLD_WITHIN = timedelta(days=3)
#: At the first look, what is older than this is no news.
FIRST_LOOK_BACK = timedelta(hours=1)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)


class Message(Contract):
    change: str
    ids: tuple[str, ...]
    severity: Severity
    title: str
    text: str
    link: str = ""


class Plan(Contract):
    messages: tuple[Message, ...] = ()
    deferred: tuple[str, ...] = ()
    """Ids of changes that are told when the quiet hours end."""
    seen: int


def plan(
    found: Sequence[Change],
    told: Collection[str],
    rules: SinkRules,
    state: SinkState,
    newest: int,
    now: datetime,
) -> Plan:
    """Messages of one sink for now. `newest`: the last event that `found` was read from."""
    news = [
        c
        for c in found
        if c.seq > state.seen and c.id not in told and _wanted(c, rules, state, now)
    ]
    still = quiet(rules, now)
    due = [c for c in news if not still or c.severity is Severity.URGENT]
    first = min((c.seq for c in news), default=newest + 1)
    return Plan(
        messages=_messages(due),
        deferred=tuple(c.id for c in news if c not in due),
        seen=max(state.seen, min(first - 1, newest)),
    )


def _wanted(change: Change, rules: SinkRules, state: SinkState, now: datetime) -> bool:
    return (
        change.at >= state.since
        and now - change.at <= TOLD_WITHIN
        and SEVERITIES.index(change.severity) >= SEVERITIES.index(rules.at_least)
        and (not rules.only or change.kind in rules.only)
    )


def quiet(rules: SinkRules, now: datetime) -> bool:
    """Whether it is now within the quiet hours, by the sink's own clock."""
    if not rules.quiet:
        return False
    begin, _, end = rules.quiet.partition("-")
    at = now.astimezone(ZoneInfo(rules.timezone)).time()
    first, last = time.fromisoformat(begin), time.fromisoformat(end)
    return first <= at < last if first <= last else at >= first or at < last


def _messages(due: Sequence[Change]) -> tuple[Message, ...]:
    if len(due) > MOST_SINGLE:
        return (_digest(due),)
    return tuple(
        Message(
            change=c.id, ids=(c.id,), severity=c.severity, title=c.title, text=c.text, link=c.link
        )
        for c in due
    )


def _digest(due: Sequence[Change]) -> Message:
    """The most severe ones first; what is cut is counted."""
    first = sorted(due, key=lambda c: -SEVERITIES.index(c.severity))
    lines = [f"- [{c.severity}] {c.title} {c.link}".rstrip() for c in first[:MOST_LISTED]]
    if len(first) > MOST_LISTED:
        lines.append(f"and {len(first) - MOST_LISTED} more: `agent-os status`")
    ids = tuple(c.id for c in due)
    name = hashlib.sha256("\0".join(ids).encode()).hexdigest()[:16]
    severity = first[0].severity
    title = f"{len(due)} changes"
    return Message(
        change=f"digest:{name}", ids=ids, severity=severity, title=title, text="\n".join(lines)
    )


def failed(state: SinkState, error: str, now: datetime) -> SinkState:
    """After a message that did not go out: the next try is later each time."""
    pause = min(_FIRST_PAUSE * 2 ** min(state.failures, 10), _LONGEST_PAUSE)
    update = {
        "telling": None,
        "failures": state.failures + 1,
        "error": error[:300],
        "not_before": now + pause,
    }
    return state.model_copy(update=update)


def sent(state: SinkState) -> SinkState:
    clear = {"telling": None, "failures": 0, "error": "", "not_before": None}
    return state.model_copy(update=clear)


def complaints(states: Mapping[str, SinkState]) -> list[dict[str, object]]:
    """The sinks that fail, for `status`."""
    return [
        {
            "sink": name,
            "failures": state.failures,
            "error": state.error,
            "next_try": state.not_before.isoformat() if state.not_before else "",
        }
        for name, state in states.items()
        if state.failures
    ]
