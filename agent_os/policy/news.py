"""What changed, by the event log: each change of state once, while it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agent_os.domain.contract import Contract
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.notices import NoticeKind
from agent_os.domain.signals import Severity, Verdict
from agent_os.domain.tasks import TaskKey

#: Refusals in a row after which a provider counts as down, where its key or quota is not to blame.
DOWN_AFTER = 3
_ACCOUNT = (FailureCode.AUTH_FAILED, FailureCode.QUOTA_EXHAUSTED)
_LONGEST_TEXT = 600

_BEGIN_OR_END = {
    EventKind.HELD: "task",
    EventKind.HOLD_ENDED: "task",
    EventKind.REQUESTED: "task",
    EventKind.CANCELLED: "task",
    EventKind.MAIN_RED: "main",
    EventKind.MAIN_GREEN: "main",
    EventKind.SPRINT_PLANNED: "sprint",
    EventKind.SPRINT_APPROVED: "sprint",
    EventKind.SPRINT_ENDED: "sprint",
    EventKind.PROVIDER_SEEN: "provider",
}
_MOMENTS = (
    EventKind.FINISHED,
    EventKind.REVERTED,
    EventKind.REPORT_WRITTEN,
    EventKind.HYPOTHESIS_JUDGED,
)
#: The events that say something here.
KINDS = (*_BEGIN_OR_END, *_MOMENTS)


class Change(Contract):
    id: str
    kind: NoticeKind
    severity: Severity
    title: str
    text: str = ""
    link: str = ""
    at: datetime
    seq: int


@dataclass(frozen=True)
class Names:
    """What to call repositories and tasks, and where they are on the web."""

    repositories: Mapping[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    """(name, address)"""
    titles: Mapping[TaskKey, str] = field(default_factory=dict[TaskKey, str])


def changes(events: Sequence[tuple[int, Event]], names: Names) -> list[Change]:
    """What stands as changed after all of these events, in the order of the log.

    A state that ended meanwhile is no news; one that was there already has the first one's id.
    """
    standing: dict[str, Change] = {}
    decided: set[str] = set()
    for seq, event in events:
        if event.kind in _MOMENTS:
            if moment := _moment(seq, event, names):
                standing[moment.id] = moment
            if event.kind is EventKind.FINISHED:
                standing.pop(f"task:{event.repo_id}#{event.number}", None)
            continue
        subject = _subject(event)
        if event.kind in (EventKind.SPRINT_APPROVED, EventKind.SPRINT_ENDED):
            decided.add(subject)  # its plan may be written again, and asks for nothing then
        begun = _begun(seq, event, subject, names)
        if begun is None or subject in decided:
            standing.pop(subject, None)
        else:
            standing.setdefault(subject, begun)
    return sorted(standing.values(), key=lambda change: change.seq)


def over_budget(now: datetime, seq: int, limit: float) -> Change:
    """Once a day (UTC), however many tasks wait."""
    return Change(
        id=f"budget:{now:%Y-%m-%d}",
        kind=NoticeKind.BUDGET_USED_UP,
        severity=Severity.WARN,
        title=f"The budget of {now:%Y-%m-%d} is used up",
        text=f"Tasks wait until the day is over (UTC); `limits.usd_per_day` is {limit:g}.",
        at=now,
        seq=seq,
    )


def _subject(event: Event) -> str:
    match _BEGIN_OR_END[event.kind]:
        case "task":
            return f"task:{event.repo_id}#{event.number}"
        case "sprint":
            return f"sprint:{event.repo_id}:{event.data.get('sprint')}"
        case "provider":
            return f"provider:{event.data['name']}"
        case _:
            return f"main:{event.repo_id}"


def _begun(seq: int, event: Event, subject: str, names: Names) -> Change | None:
    """The change that this event is the begin of; None: it is the end of one."""
    data, where = event.data, _Where(event, names)
    match event.kind:
        case EventKind.HELD:
            kind, severity = NoticeKind.TASK_BLOCKED, Severity.WARN
            title = f"{where.task} needs a person: {data['reason']}"
            said = f"{data.get('detail', '')} {data.get('next_step', '')}"
        case EventKind.MAIN_RED:
            kind, severity = NoticeKind.MAIN_RED, Severity.URGENT
            title = f"The default branch of {where.repo} is red"
            said = f"At {str(data.get('sha', ''))[:10]}: {_listed(data.get('checks'))}"
        case EventKind.SPRINT_PLANNED:
            kind, severity = NoticeKind.SPRINT_WAITS, Severity.WARN
            title = f"Sprint {data.get('sprint')} of {where.repo} waits for approval"
            said = ""
        case EventKind.PROVIDER_SEEN if _down(event):
            kind, severity = NoticeKind.PROVIDER_DOWN, Severity.WARN
            title = f"The provider {data['name']} is down: {data['code']}"
            said = str(data.get("detail", ""))
        case _:
            return None
    number = data.get("number") if event.kind is EventKind.SPRINT_PLANNED else event.number
    return Change(
        id=f"{subject}:{seq}",
        kind=kind,
        severity=severity,
        title=_line(title, 200),
        text=_line(said, _LONGEST_TEXT),
        link=where.link(number),
        at=event.at,
        seq=seq,
    )


def _moment(seq: int, event: Event, names: Names) -> Change | None:
    data, where = event.data, _Where(event, names)
    severity, said, number = Severity.INFO, "", event.number
    match event.kind:
        case EventKind.FINISHED:
            kind, title = NoticeKind.TASK_DONE, f"{where.task} is done"
        case EventKind.REVERTED:
            kind, severity = NoticeKind.MERGE_REVERTED, Severity.WARN
            title = f"The merge of {where.task} was reverted"
            said = f"By {str(data.get('by', ''))[:10]}."
        case EventKind.REPORT_WRITTEN:
            kind, number = NoticeKind.REPORT_THERE, data.get("number")
            title = f"The report of {data['week']} on {where.repo} is there"
            said = f"File: {data['file']}"
        case EventKind.HYPOTHESIS_JUDGED if data.get("verdict") == Verdict.REFUTED:
            kind, severity = NoticeKind.HYPOTHESIS_REFUTED, Severity.WARN
            title = f"An improvement of {where.repo} made its figure worse"
            said = str(data.get("signal", ""))
        case _:
            return None
    return Change(
        id=f"{event.kind.value}:{seq}",
        kind=kind,
        severity=severity,
        title=_line(title, 200),
        text=_line(said, _LONGEST_TEXT),
        link=where.link(number),
        at=event.at,
        seq=seq,
    )


def _down(event: Event) -> bool:
    code = event.data.get("code")
    return bool(code) and (code in _ACCOUNT or int(event.data.get("failures", 0)) >= DOWN_AFTER)


class _Where:
    """The names of what an event is about."""

    def __init__(self, event: Event, names: Names) -> None:
        known = names.repositories.get(event.repo_id or 0, ("", ""))
        self.repo = known[0] or "the organization"
        self._address = known[1]
        title = names.titles.get(event.key, "") if event.key else ""
        self.task = f"{known[0]}#{event.number}" + (f" ({_line(title, 80)})" if title else "")

    def link(self, number: object) -> str:
        if not self._address:
            return ""
        return f"{self._address}/issues/{number}" if number else self._address


def _line(text: str, limit: int) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
