"""What follows after an attempt: the failure code alone decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from agent_os.domain.attempts import Kind
from agent_os.domain.clock import still_ahead
from agent_os.domain.contract import Contract
from agent_os.domain.failures import WHAT_TO_DO, FailureCode, Family, family
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import LimitRules
from agent_os.domain.tasks import Attempt, Task

_SAME_TASK_FAILURE = 3
_SAME_ENVIRONMENT_FAILURE = 2
_LONGEST_BACKOFF = timedelta(hours=1)
_MOST_ATTEMPTS = 60
"""Of every kind and outcome in one round: refreshes are not charged, but they end too."""


class Start(Contract):
    """Start an attempt of this kind by this agent (None: gates only)."""

    kind: Kind
    agent: str
    feedback: str = ""


class Wait(Contract):
    reason: Reason
    detail: str = ""
    until: datetime | None = None


class Park(Contract):
    """A person is needed: the task is blocked with this."""

    code: FailureCode
    detail: str
    incident: str = ""
    """Fingerprint of trouble that is not the task's own; one incident is opened for it."""


Next = Start | Wait | Park


def next_step(
    task: Task, chain: Sequence[str], limits: LimitRules, base_head: str, now: datetime
) -> Next:
    """For a task with no running attempt and no publishable result."""
    if not chain:
        return Wait(reason=Reason.NO_AGENT, detail=f"type {task.spec.type}")
    counted = [a for a in task.counted if a.ended_at is not None]
    failed = _trailing(counted, lambda a: a.code is not None)
    if not failed:
        return _start(task, counted[-1].agent if counted else chain[0], chain)
    last = failed[-1]
    return (
        _over_limit(counted, failed, limits)
        or _wait(failed, last, chain, limits, base_head, now)
        or _start(task, _next_agent(failed, last, chain, base_head), chain)
    )


def _over_limit(
    counted: Sequence[Attempt], failed: Sequence[Attempt], limits: LimitRules
) -> Park | None:
    last = failed[-1]
    code = last.code
    assert code is not None
    if family(code) is Family.PERSON:
        return Park(code=code, detail=last.detail)
    charged = [a for a in counted if a.charged]
    if len(charged) >= limits.attempts or len(counted) >= _MOST_ATTEMPTS:
        return Park(code=code, detail=f"{len(charged)} attempts failed. The last: {last.detail}")
    same = [a for a in charged if a.signature and a.signature == last.signature]
    if last.charged and len(same) >= _SAME_TASK_FAILURE:
        detail = f"The same failure came {len(same)} times: {last.detail}"
        return Park(code=code, detail=detail)
    if last.charged or code is FailureCode.BASE_RED:
        return None
    trouble = _trailing(failed, lambda a: not a.charged and a.code is not FailureCode.BASE_RED)
    again = [a for a in trouble if a.signature and a.signature == last.signature]
    stuck = family(code) is Family.ENVIRONMENT and len(again) >= _SAME_ENVIRONMENT_FAILURE
    if stuck or len(trouble) > limits.environment_retries:
        return Park(code=code, detail=last.detail, incident=f"{code}:{last.signature}")
    return None


def _trailing(attempts: Sequence[Attempt], holds: Callable[[Attempt], bool]) -> list[Attempt]:
    """The attempts at the end for which it holds, oldest first."""
    return list(takewhile(holds, reversed(attempts)))[::-1]


def _wait(
    failed: Sequence[Attempt],
    last: Attempt,
    chain: Sequence[str],
    limits: LimitRules,
    base_head: str,
    now: datetime,
) -> Wait | Park | None:
    assert last.ended_at is not None
    if last.code is FailureCode.BASE_RED:
        return _wait_for_base(failed, last, chain, limits, base_head, now)
    if last.charged:
        return None
    count = len(_trailing(failed, lambda a: not a.charged))
    pause = timedelta(seconds=limits.backoff_seconds) * 2 ** min(count - 1, 10)
    until = last.ended_at + min(pause, _LONGEST_BACKOFF)
    if still_ahead(until, now):
        return Wait(reason=Reason.BACKOFF, detail=f"{last.code}: {last.detail}", until=until)
    return None


def _wait_for_base(
    failed: Sequence[Attempt],
    last: Attempt,
    chain: Sequence[str],
    limits: LimitRules,
    base_head: str,
    now: datetime,
) -> Wait | Park | None:
    assert last.ended_at is not None
    if _base_moved(last, base_head) or _untried_on_base(failed, last, chain):
        return None
    if now - last.ended_at > timedelta(minutes=limits.ci_minutes):
        detail = f"The base branch did not move for {limits.ci_minutes:g} minutes. {last.detail}"
        incident = f"base_red:{last.base}"
        return Park(code=FailureCode.BASE_RED, detail=detail, incident=incident)
    return Wait(reason=Reason.BASE_RED, detail=last.detail)


def _base_moved(last: Attempt, base_head: str) -> bool:
    return bool(base_head) and base_head != last.base


def _untried_on_base(ended: Sequence[Attempt], last: Attempt, chain: Sequence[str]) -> list[str]:
    """Agents that have not met this red base: the task may be the one that mends it."""
    tried = {a.agent for a in ended if a.base == last.base}
    return [agent for agent in chain if agent not in tried]


def _next_agent(
    ended: Sequence[Attempt], last: Attempt, chain: Sequence[str], base_head: str
) -> str:
    code = last.code
    assert code is not None
    if code is FailureCode.BASE_RED and not _base_moved(last, base_head):
        return _untried_on_base(ended, last, chain)[0]
    rotates = last.charged or code is FailureCode.AGENT_MISSING or family(code) is Family.PROVIDER
    if last.agent not in chain or code is FailureCode.BASE_RED:
        return chain[0]
    step = 1 if rotates else 0
    return chain[(chain.index(last.agent) + step) % len(chain)]


def _start(task: Task, agent: str, chain: Sequence[str]) -> Start:
    wanted, agent = task.wanted, agent if agent in chain else chain[0]
    if wanted is not None:
        verifies = wanted.kind is Kind.VERIFY
        return Start(kind=wanted.kind, agent="" if verifies else agent, feedback=wanted.feedback)
    last = task.attempts[-1] if task.attempts else None
    kind = last.kind if last else Kind.IMPLEMENT
    if kind is Kind.VERIFY or (kind is Kind.IMPLEMENT and task.pull):
        kind = Kind.FIX if task.pull else Kind.IMPLEMENT
    said = [text for text in (task.feedback, last.detail if last else "") if text]
    return Start(kind=kind, agent=agent, feedback="\n\n".join(said))


def what_to_do(code: str) -> str:
    """The next step for a person, by failure code; empty for other reasons."""
    return WHAT_TO_DO[FailureCode(code)] if code in set(FailureCode) else ""
