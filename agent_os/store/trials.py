"""What became of each attempt that says something about its agent; and what was paid each day."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa

from agent_os.domain.attempts import Kind
from agent_os.domain.events import Event, EventKind
from agent_os.domain.health import Trials, Verdict
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Task
from agent_os.domain.usage import together
from agent_os.store import schema
from agent_os.store.database import Store

_t = schema.trials.c
#: Refreshes and checks of what people pushed say nothing about how good an agent is.
_KINDS = (Kind.IMPLEMENT, Kind.FIX)
THOUGHTS = (EventKind.THOUGHT_STARTED, EventKind.THOUGHT_ENDED)


_MERGED = sa.case((_t.verdict == Verdict.MERGED, 1), else_=0)
_FAILED = sa.case((_t.verdict.in_([Verdict.FAILED, Verdict.REVERTED]), 1), else_=0)
# Made once: to put a statement together takes longer than SQLite needs to run it.
_SUMMARY = sa.select(
    _t.type, _t.agent,
    sa.func.sum(_MERGED).label("merged"),
    sa.func.sum(_FAILED).label("failed"),
    sa.func.coalesce(sa.func.sum(_t.usd), 0.0).label("usd"),
    sa.func.count(_t.usd).label("priced"),
).group_by(_t.type, _t.agent)  # fmt: skip


def summary(tx: sa.Connection) -> dict[str, dict[str, Trials]]:
    """By task type, then by agent."""
    found: dict[str, dict[str, Trials]] = defaultdict(dict)
    for row in tx.execute(_SUMMARY):
        found[row.type][row.agent] = Trials(
            merged=row.merged, failed=row.failed, usd=row.usd, priced=row.priced
        )
    return dict(found)


def spent_on(tx: sa.Connection, day: datetime) -> float:
    """US dollars of that UTC day; what is of unknown price counts with its cap."""
    s = schema.spending.c
    return tx.execute(sa.select(s.usd).where(s.day == f"{day:%Y-%m-%d}")).scalar() or 0.0


def spent_by_itself(tx: sa.Connection, week: datetime) -> float:
    """US dollars of that ISO week (UTC) on work that the organization gave itself."""
    s = schema.spending.c
    return tx.execute(sa.select(s.usd).where(s.day == _week(week))).scalar() or 0.0


def _week(moment: datetime) -> str:
    """`2026-W05`: stands among the days, for one kind of work only."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"


def merged_lately(tx: sa.Connection, repo_id: int, since: datetime) -> list[tuple[int, int]]:
    """(issue, round) of merged work of a repository since then: it may be reverted yet."""
    query = sa.select(_t.number, _t.round).where(
        _t.repo_id == repo_id, _t.verdict == Verdict.MERGED, _t.at >= since
    )
    return [(row.number, row.round) for row in tx.execute(query)]


def project(store: Store, tx: sa.Connection, event: Event, task: Task) -> None:
    """What the event says about agents; `task` is as it is after it."""
    number = event.attempt
    if event.kind is EventKind.RESULT_REJECTED:
        number = int(event.data["attempt"])
    attempt = next((a for a in task.attempts if a.number == number), None)
    match event.kind:
        case EventKind.ATTEMPT_ENDED if attempt is not None:
            _pay(store, tx, f"{event.at:%Y-%m-%d}", attempt.cost)
            if task.own:
                _pay(store, tx, _week(event.at), attempt.cost)
            _put(store, tx, event, task, attempt)
        case EventKind.RESULT_REJECTED if attempt is not None:
            _put(store, tx, event, task, attempt)
        case EventKind.FINISHED if task.result is not None:
            _mark(tx, task, Verdict.PASSED, Verdict.MERGED, task.result.attempt)
        case EventKind.REVERTED:
            _mark(tx, task, Verdict.MERGED, Verdict.REVERTED, None)
        case _:
            pass


def project_thought(store: Store, tx: sa.Connection, event: Event) -> None:
    """A thought is paid with its cap when it begins, and the rest is given back when it ends: one
    that never ends has cost its cap."""
    _pay(store, tx, f"{began(event):%Y-%m-%d}", usd_of(event))


def usd_of(event: Event) -> float:
    """What one of a thought's two events adds to its cost, in US dollars."""
    cap = float(event.data.get("cap", 0.0))
    if event.kind is EventKind.THOUGHT_STARTED:
        return cap
    usd = event.data.get("usd")
    return 0.0 if usd is None else float(usd) - cap  # of unknown price: its cap


def began(event: Event) -> datetime:
    """When the event's thought began: both events count for that day."""
    at = event.data.get("began")
    return datetime.fromisoformat(str(at)) if at else event.at


def _put(store: Store, tx: sa.Connection, event: Event, task: Task, attempt: Attempt) -> None:
    done = task.origin(attempt)
    if not done.agent or done.kind not in _KINDS or (attempt.code and not attempt.charged):
        return
    spent = attempt.spent if done is attempt else together(done.spent, attempt.spent)
    where = _of(task, attempt.number)
    tx.execute(schema.trials.delete().where(*where))
    row = {
        "repo_id": task.repo_id,
        "number": task.number,
        "round": task.round,
        "attempt": attempt.number,
        "installation": store.installation,
        "at": event.at,
        "agent": done.agent,
        "type": task.spec.type,
        "verdict": Verdict.FAILED if attempt.code else Verdict.PASSED,
        "usd": spent.usd if spent else 0.0,
    }
    tx.execute(schema.trials.insert().values(row))


def _mark(
    tx: sa.Connection, task: Task, before: Verdict, now: Verdict, attempt: int | None
) -> None:
    where = (*_of(task, attempt), _t.verdict == before)
    tx.execute(schema.trials.update().where(*where).values({"verdict": now}))


def _of(task: Task, attempt: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    where = (_t.repo_id == task.repo_id, _t.number == task.number, _t.round == task.round)
    return where if attempt is None else (*where, _t.attempt == attempt)


def _pay(store: Store, tx: sa.Connection, day: str, usd: float) -> None:
    if not usd:
        return
    s = schema.spending.c
    update = schema.spending.update().where(s.day == day).values({"usd": s.usd + usd})
    if tx.execute(update).rowcount == 0:
        row = {"day": day, "usd": usd, "installation": store.installation}
        tx.execute(schema.spending.insert().values(row))
