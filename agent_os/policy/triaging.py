"""Reading an issue with a model before an agent works on it: when, and what follows from it."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import Step
from agent_os.domain.failures import FailureCode
from agent_os.domain.rules import LimitRules, RepoRules
from agent_os.domain.tasks import Task
from agent_os.domain.triage import Size, Triage
from agent_os.policy import routing
from agent_os.policy.budget import Purse, cap
from agent_os.policy.retry import Start, what_to_do
from agent_os.policy.steps import held, record

#: By this name it stands among the agents in tables of attempts.
THINKER = "dispatcher"
#: One or two calls of a few thousand tokens each.
_MOST_USD = 0.25
#: Of one round: each edit of the text is read anew.
_MOST_TRIAGES = 6
_SIZES = {
    Size.SMALL: "a small task",
    Size.MEDIUM: "a task of medium size",
    Size.LARGE: "a large task",
    Size.EPIC: "an epic",
}


def first(
    task: Task,
    start: Start,
    rules: RepoRules | None,
    pool: routing.Pool,
    limits: LimitRules,
    purse: Purse,
    now: datetime,
) -> float | None:
    """What a triage before this start may cost; None: the task goes on without one."""
    if rules is None or start.kind is not Kind.IMPLEMENT or not _is_due(task):
        return None
    if not routing.may_think(task, rules, pool, now):
        return None
    few = limits.model_copy(update={"usd_per_attempt": min(_MOST_USD, limits.usd_per_attempt)})
    usd = cap(task, few, purse, now)
    return usd if isinstance(usd, float) else None


def _is_due(task: Task) -> bool:
    """A text is read once, whatever came of it; what we wrote ourselves needs no reading."""
    if task.parent or task.children or task.pull or task.result:
        return False
    text = task.spec.fingerprint
    if task.triage is not None and task.triage.of == text:
        return False
    read = [a.text_hash for a in task.attempts if a.kind is Kind.TRIAGE]
    return text not in read and len(read) < _MOST_TRIAGES


def answer_of(task: Task) -> Triage | None:
    """What the triage made of the text as it is now."""
    triaged = task.triage
    return triaged.answer if triaged and triaged.of == task.spec.fingerprint else None


def step(task: Task, now: datetime) -> Step | None:
    """What has to happen before an attempt; None: nothing."""
    answer = answer_of(task)
    if answer is None or task.pull:
        return None
    if not answer.doable and _is_news(task):
        code = FailureCode.MISSING_CONTEXT.value
        return record(task, held(task, now, code, answer.question, what_to_do(code)))
    return None


def _is_news(task: Task) -> bool:
    """Who asks again without an answer has heard the question, and wants it tried all the same."""
    return task.triage is not None and task.triage.attempt > task.renewed


def in_words(answer: Triage) -> str:
    """One or two sentences for people."""
    made_of = f"{_SIZES[answer.size]} ({answer.type})"
    if not answer.doable:
        return f"Read as {made_of} that can't be done before this is answered: {answer.question}"
    parts = f" in {len(answer.children)} parts" if answer.children else ""
    return f"Read as {made_of}{parts}, with {len(answer.acceptance)} criteria."
