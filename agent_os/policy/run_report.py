"""What happened in a span of time, as data: tasks, attempts, effects, errors."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from agent_os.domain.contract import Contract
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import TaskKey
from agent_os.policy import history

MOST_LINES = 100
_ERRORS = (
    EventKind.EFFECT_FAILED,
    EventKind.EFFECT_UNANSWERED,
    EventKind.HELD,
    EventKind.INCIDENT,
    EventKind.MAIN_RED,
    EventKind.REVERTED,
    EventKind.REPO_FROZEN,
)


class TaskLine(Contract):
    task: str
    title: str
    state: str
    """As it is now."""
    events: int
    last: str


class Count(Contract):
    name: str
    count: int


class ErrorLine(Contract):
    at: datetime
    where: str
    what: str


class RunReport(Contract):
    since: datetime
    until: datetime
    events: int
    cut: bool
    """There were more events than were read."""
    tasks: tuple[TaskLine, ...]
    tasks_count: int
    attempts: tuple[Count, ...]
    """By how they ended; `running`: not yet."""
    effects: tuple[Count, ...]
    """What was changed outside, `KIND STATE`."""
    facts: tuple[Count, ...]
    """Events by kind."""
    errors: tuple[ErrorLine, ...]
    errors_count: int


def of_run(
    events: Sequence[Event],
    tasks: Mapping[TaskKey, tuple[str, str, str]],
    effects: Mapping[str, int],
    repositories: Mapping[int, str],
    since: datetime,
    until: datetime,
    *,
    cut: bool = False,
) -> RunReport:
    """`tasks`: (name, title, state) by key. `effects`: how many by `KIND STATE`."""
    touched: dict[TaskKey, list[Event]] = defaultdict(list)
    for event in events:
        key = event.key
        if key is not None and key in tasks:
            touched[key].append(event)
    lines = [
        TaskLine(
            task=tasks[key][0],
            title=tasks[key][1],
            state=tasks[key][2],
            events=len(found),
            last=history.line(found[-1]),
        )
        for key, found in touched.items()
    ]
    errors = [_error(e, repositories) for e in events if _is_error(e)]
    return RunReport(
        since=since,
        until=until,
        events=len(events),
        cut=cut,
        tasks=tuple(lines[:MOST_LINES]),
        tasks_count=len(lines),
        attempts=_counts(_endings(events)),
        effects=_counts(Counter(effects)),
        facts=_counts(Counter(e.kind.value for e in events)),
        errors=tuple(errors[-MOST_LINES:]),
        errors_count=len(errors),
    )


def _endings(events: Sequence[Event]) -> Counter[str]:
    ended = Counter(
        str(e.data.get("code") or "complete") for e in events if e.kind is EventKind.ATTEMPT_ENDED
    )
    started = sum(e.kind is EventKind.ATTEMPT_STARTED for e in events)
    if started > ended.total():
        ended["running"] = started - ended.total()
    return ended


def _counts(found: Counter[str]) -> tuple[Count, ...]:
    return tuple(Count(name=n, count=c) for n, c in sorted(found.items(), key=lambda i: -i[1]))


def _is_error(event: Event) -> bool:
    if event.kind is EventKind.PROVIDER_SEEN:
        return bool(event.data.get("code"))
    if event.kind is EventKind.NOTICE_SENT:
        return bool(event.data.get("doubt"))
    return event.kind in _ERRORS


def _error(event: Event, repositories: Mapping[int, str]) -> ErrorLine:
    repo = repositories.get(event.repo_id or 0, "")
    where = f"{repo}#{event.number}" if repo and event.number else repo
    return ErrorLine(at=event.at, where=where or "the organization", what=history.what(event))
