"""A second pair of eyes: who looks at a result, and what follows when nobody could."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from agent_os.domain.attempts import Kind
from agent_os.domain.clock import still_ahead
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Attempt
from agent_os.domain.rules import LimitRules, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import routing
from agent_os.policy.retry import LONGEST_BACKOFF, Next, Park, Start, Wait

_CODE = FailureCode.REVIEW_UNAVAILABLE


def reviewers(
    task: Task, start: Start, rules: RepoRules, pool: routing.Pool, now: datetime
) -> routing.Choice:
    """All that may ever look at the result of this start, best first; some perhaps not now."""
    if start.kind is Kind.TRIAGE:
        return routing.Choice(places=())
    workers = _workers(task, start)
    helpers = {task.origin(a).agent for a in task.tries if a.work or a.head} - workers
    return routing.reviewers(workers, helpers, rules, pool, task, now)


def names(choice: routing.Choice) -> str:
    """Why nobody is fit, for people; empty when somebody is."""
    if choice.fit:
        return ""
    if choice.refusal is None:
        return "`review` in the config names no other agent than the worker"
    return "; ".join(place.detail for place in choice.places)


def again(
    task: Task, rules: RepoRules, pool: routing.Pool, limits: LimitRules, now: datetime
) -> Next | None:
    """Work that passed all but a review that nobody gave is kept, and checked when somebody can.

    None: the newest try did not end like that, or its work won't do any more.
    """
    last = task.tries[-1] if task.tries else None
    if last is None or last.code is not _CODE or not _still_good(task, last):
        return None
    start = Start(kind=Kind.VERIFY, agent="", work=last.work, verifies=task.origin(last).number)
    failed = list(takewhile(lambda a: a.code is _CODE, reversed(task.counted)))
    parked = Park(code=_CODE, detail=last.detail, incident=f"{_CODE}:{last.signature}")
    if len(failed) > limits.environment_retries:
        return parked
    choice = reviewers(task, start, rules, pool, now)
    if rules.review and not choice.fit:
        place = choice.refusal
        if place is None or place.refused is None or place.until is None:
            return parked  # nothing that we know of would end it
        return Wait(reason=place.refused, detail=names(choice), until=place.until)
    assert last.ended_at is not None  # it has a code
    pause = timedelta(seconds=limits.backoff_seconds) * 2 ** max(0, len(failed) - 1)
    until = last.ended_at + min(pause, LONGEST_BACKOFF)
    if failed and still_ahead(until, now):
        return Wait(reason=Reason.BACKOFF, detail=f"{_CODE}: {last.detail}", until=until)
    return start


def _still_good(task: Task, last: Attempt) -> bool:
    """The text is the same, nobody else changed the branch, and nothing else is wanted."""
    done = task.origin(last)
    moved = done.kind is not Kind.IMPLEMENT and done.start != task.branch_head
    if not last.work or moved or done.text_hash != task.spec.text_hash:
        return False
    return task.wanted is None or task.wanted.kind is done.kind is Kind.REFRESH


def _workers(task: Task, start: Start) -> set[str]:
    """Whose work it is that is looked at: the agent's itself, or who made what is verified."""
    found = {start.agent}
    kind = start.kind
    if start.verifies:
        done = next(a for a in task.attempts if a.number == start.verifies)
        found.add(done.agent)
        kind = done.kind
    if kind in (Kind.REFRESH, Kind.VERIFY):
        found |= _authors(task)
    return found - {""}


def _authors(task: Task) -> set[str]:
    """Who made what is on the branch: a refresh is often a plain merge, without an agent."""
    found: set[str] = set()
    for attempt in reversed(task.tries):
        if attempt.head:
            done = task.origin(attempt)
            found.add(done.agent)
            if done.kind in (Kind.IMPLEMENT, Kind.FIX):
                break
    return found
