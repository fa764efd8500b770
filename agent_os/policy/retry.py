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
from agent_os.domain.records import Attempt
from agent_os.domain.rules import LimitRules
from agent_os.domain.tasks import Task
from agent_os.policy.routing import Choice

_SAME_TASK_FAILURE = 3
_SAME_ENVIRONMENT_FAILURE = 2
LONGEST_BACKOFF = timedelta(hours=1)
_MOST_ATTEMPTS = 60
"""Of every kind and outcome in one round: refreshes are not charged, but they end too."""


#: The work was cut short, or it is right but for one thing. After others (a cheat, a wrong way)
#: the next agent begins at the base and is told of the work in the handoff.
_GOES_ON = frozenset(
    {
        FailureCode.LOST,
        FailureCode.REVIEW_UNAVAILABLE,
        FailureCode.TIMEOUT,
        FailureCode.STALLED,
        FailureCode.BUDGET_EXHAUSTED,
        FailureCode.INCOMPLETE,
        FailureCode.TESTS_FAILED,
        FailureCode.INVALID_RESULT,
    }
)


class Start(Contract):
    """Start an attempt of this kind by this agent (None: gates only)."""

    kind: Kind
    agent: str
    feedback: str = ""
    work: str = ""
    """Go on from this commit of the attempt before; empty: from where the kind begins."""
    verifies: int = 0
    """`verify` only: the attempt that did that work."""


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
    task: Task, choice: Choice, limits: LimitRules, base_head: str, now: datetime
) -> Next:
    """For a task with no running attempt and no publishable result."""
    chain = choice.chain
    if not chain:
        return Wait(reason=Reason.NO_AGENT, detail=f"type {task.spec.type}")
    counted = [a for a in task.counted if a.ended_at is not None]
    failed = _trailing(counted, lambda a: a.code is not None)
    if not failed:
        return _start(task, counted[-1].agent if counted else chain[0], choice, base_head)
    # A check of kept work that fails is the failure of who did it.
    last = failed[-1].model_copy(update={"agent": task.origin(failed[-1]).agent})
    return (
        _over_limit(counted, failed, limits)
        or _wait(failed, last, chain, limits, base_head, now)
        or _start(task, _next_agent(failed, last, chain, base_head), choice, base_head)
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
    if _cools_down(last):
        return None  # others take over, or it waits: nothing here needs a person
    trouble = [a for a in _trailing(failed, lambda a: not a.charged) if _is_environment(a)]
    again = [a for a in trouble if a.signature and a.signature == last.signature]
    stuck = family(code) is Family.ENVIRONMENT and len(again) >= _SAME_ENVIRONMENT_FAILURE
    if stuck or len(trouble) > limits.environment_retries:
        return Park(code=code, detail=last.detail, incident=f"{code}:{last.signature}")
    return None


def _cools_down(attempt: Attempt) -> bool:
    """Whether it failed for a provider that we know: its health says when it is asked again."""
    code = attempt.code
    return bool(attempt.provider) and code is not None and family(code) is Family.PROVIDER


def _is_environment(attempt: Attempt) -> bool:
    """Trouble that is not the task's; a red base and cooling providers have rules of their own."""
    return attempt.code is not FailureCode.BASE_RED and not _cools_down(attempt)


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
    if last.charged or _cools_down(last):
        return None
    count = len(_trailing(failed, lambda a: not a.charged))
    pause = timedelta(seconds=limits.backoff_seconds) * 2 ** min(count - 1, 10)
    until = last.ended_at + min(pause, LONGEST_BACKOFF)
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


def _start(task: Task, agent: str, choice: Choice, base_head: str) -> Start | Wait:
    wanted = task.wanted
    if wanted is not None and wanted.kind is Kind.VERIFY:
        return Start(kind=Kind.VERIFY, agent="", feedback=wanted.feedback)
    fit = _first_fit(agent if agent in choice.chain else choice.chain[0], choice)
    if fit is None:
        place = choice.refusal
        assert place is not None and place.refused is not None  # nobody is fit
        return Wait(reason=place.refused, detail=place.detail, until=place.until)
    if wanted is not None:
        return Start(kind=wanted.kind, agent=fit, feedback=wanted.feedback)
    last = task.tries[-1] if task.tries else None
    kind = last.kind if last else Kind.IMPLEMENT
    if kind is Kind.VERIFY or (kind is Kind.IMPLEMENT and task.pull):
        kind = Kind.FIX if task.pull else Kind.IMPLEMENT
    said = [text for text in (task.feedback, last.detail if last else "") if text]
    work = _work_to_go_on_from(last, kind, base_head)
    return Start(kind=kind, agent=fit, feedback="\n\n".join(said), work=work)


def _first_fit(agent: str, choice: Choice) -> str | None:
    """The agent, or the next one after it in the chain (which is a circle) that may."""
    chain, fit = choice.chain, set(choice.fit)
    start = chain.index(agent)
    circle = (*chain[start:], *chain[:start])
    return next((name for name in circle if name in fit), None)


def _work_to_go_on_from(last: Attempt | None, kind: Kind, base_head: str) -> str:
    """What is worth going on from, by how the attempt ended; on another base it is done anew."""
    if last is None or last.code is None or kind is not Kind.IMPLEMENT or not last.work:
        return ""
    same_base = not base_head or base_head == last.base
    return last.work if same_base and goes_on(last.code) else ""


def goes_on(code: FailureCode) -> bool:
    """`continue` or `restart`: whether the next agent starts from the work that is there."""
    return family(code) is Family.PROVIDER or code in _GOES_ON


def what_to_do(code: str) -> str:
    """The next step for a person, by failure code; empty for other reasons."""
    return WHAT_TO_DO[FailureCode(code)] if code in set(FailureCode) else ""
