"""The report of one task as data: what happened when, its attempts with their gates, its cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent_os.domain.attempts import Verdict
from agent_os.domain.contract import Contract
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import Task
from agent_os.policy import history
from agent_os.policy.metrics.rounds import GateRow, RoundRow

MOST_LINES = 300
#: What says nothing that another line does not.
_LEFT_OUT = (EventKind.LABELS_SEEN, EventKind.SETTLED)
_BAD = (EventKind.HELD, EventKind.EFFECT_FAILED, EventKind.REVERTED, EventKind.RESULT_REJECTED)
_GOOD = (EventKind.PULL_MERGED, EventKind.FINISHED, EventKind.ANSWERED)


class Moment(Contract):
    at: datetime
    hours: float
    """Since the first request."""
    what: str
    sign: str
    """`good`, `bad` or empty."""


class AttemptPart(Contract):
    round: int
    number: int
    kind: str
    agent: str
    model: str
    outcome: str
    """A failure code, `complete` or `running`."""
    detail: str
    started_at: datetime
    seconds: float
    usd: float | None
    tokens: int
    gates: tuple[GateRow, ...]


class Proof(Contract):
    """One gate of the result that counts."""

    name: str
    verdict: Verdict
    before: Verdict | None
    detail: str
    command: str
    seconds: float


class TaskReport(Contract):
    task: str
    title: str
    status: str
    why: str
    requester: str
    rounds: int
    type: str
    link: str
    pull: int
    pull_link: str
    branch: str
    asked_at: datetime
    ended_at: datetime | None
    made_at: datetime
    usd: float
    unpriced: int
    tokens: int
    attempts: tuple[AttemptPart, ...]
    base: str
    head: str
    sandbox: str
    proofs: tuple[Proof, ...]
    timeline: tuple[Moment, ...]
    left_out: int
    """Moments before the first one that is shown."""

    @property
    def command(self) -> str:
        """What prints the numbers of this report."""
        return f"agent-os report task {self.task}"


def of_task(
    task: Task,
    rows: Sequence[RoundRow],
    events: Sequence[Event],
    address: str,
    why: str,
    now: datetime,
) -> TaskReport:
    """`rows`: the task's rounds. `address`: of the repository's pages, or empty."""
    attempts = _attempts(rows)
    first = rows[0].requested_at if rows else task.request.at
    moments = [e for e in events if e.kind not in _LEFT_OUT]
    evidence = task.result.evidence if task.result else None
    pull = task.pull.number if task.pull else 0
    return TaskReport(
        task=task.name,
        title=task.title,
        status=task.status.value,
        why=why,
        requester=task.request.actor,
        rounds=task.round,
        type=task.spec.type,
        link=f"{address}/issues/{task.number}" if address else "",
        pull=pull,
        pull_link=f"{address}/pull/{pull}" if address and pull else "",
        branch=task.branch if task.branch_head else "",
        asked_at=first,
        ended_at=task.finished_at or (task.cancelled.at if task.cancelled else None),
        made_at=now,
        usd=sum(a.usd or 0.0 for a in attempts),
        unpriced=sum(a.usd is None and a.tokens > 0 for a in attempts),
        tokens=sum(a.tokens for a in attempts),
        attempts=attempts,
        base=evidence.base if evidence else "",
        head=evidence.head if evidence else "",
        sandbox=evidence.sandbox if evidence else "",
        proofs=_proofs(task),
        timeline=tuple(_moment(e, first) for e in moments[-MOST_LINES:]),
        left_out=max(0, len(moments) - MOST_LINES),
    )


def _attempts(rows: Sequence[RoundRow]) -> tuple[AttemptPart, ...]:
    return tuple(
        AttemptPart(
            round=row.round,
            number=a.number,
            kind=a.kind.value,
            agent=a.agent,
            model=a.model,
            outcome=(a.code or "complete") if a.ended_at else "running",
            detail=a.detail[:300],
            started_at=a.started_at,
            seconds=a.seconds,
            usd=a.usd,
            tokens=a.tokens,
            gates=a.gates,
        )
        for row in rows
        for a in row.attempts
    )


def _proofs(task: Task) -> tuple[Proof, ...]:
    gates = task.result.evidence.gates if task.result else ()
    return tuple(
        Proof(
            name=g.name,
            verdict=g.verdict,
            before=g.before,
            detail=g.detail[:300],
            command=g.command[:300],
            seconds=g.seconds,
        )
        for g in gates
    )


def _moment(event: Event, first: datetime) -> Moment:
    failed = event.kind is EventKind.ATTEMPT_ENDED and event.data.get("code")
    sign = "bad" if event.kind in _BAD or failed else "good" if event.kind in _GOOD else ""
    hours = max(0.0, (event.at - first).total_seconds() / 3600)
    # Without what Markdown needs: a page escapes in its own way.
    what = history.what(event).replace("\\|", "|").replace("&lt;", "<")
    return Moment(at=event.at, hours=hours, what=what, sign=sign)
