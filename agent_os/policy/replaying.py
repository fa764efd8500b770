"""The decisions of a recorded log again, under other rules: what would have differed.

At each recorded decision the tasks are as they were, and the same functions are asked. What the log
does not know (memory, a repository at rest, a base that moved unseen) is taken as it was; how far
that goes is told by asking the present rules as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import Record, StartAttempt, Step
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Attempt
from agent_os.domain.rules import LimitRules, Mode, RepoRules
from agent_os.domain.tasks import Task, TaskKey
from agent_os.policy import approving, queue, replay_merges
from agent_os.policy.replay_state import State
from agent_os.policy.replay_tally import Replayed, Said, Tally

_MOST_QUEUED = 50
#: Waits that these rules decide about.
_WAITS: dict[str, str] = {
    Reason.NO_FREE_SLOT: "queue",
    Reason.WAITS_FOR_SHARE: "queue",
    Reason.OVER_BUDGET: "budget",
    Reason.OVER_OWN_BUDGET: "budget",
    Reason.NO_AGENT: "routing",
    Reason.VENDOR_NOT_ALLOWED: "routing",
    Reason.NO_CREDENTIALS: "routing",
    Reason.PROVIDER_COOLING: "routing",
    Reason.BACKOFF: "retry",
    Reason.BASE_RED: "retry",
}
#: Drawn on GitHub, and of no weight in any decision here.
_UNREAD = frozenset(
    {
        *(EventKind.LABELS_SET, EventKind.COMMENT_WRITTEN, EventKind.COMMENT_GONE),
        *(EventKind.TOLD, EventKind.EFFECT_RESOLVED, EventKind.LESSON, EventKind.SIGNAL_SEEN),
    }
)
KINDS = tuple(kind for kind in EventKind if kind not in _UNREAD)


@dataclass(frozen=True)
class Policy:
    rules: Callable[[str], RepoRules | None]
    """By the repository's name."""
    limits: LimitRules
    share: float = 0.25
    usd_per_week: float = 5.0


def replay(
    events: Iterable[Event],
    other: Policy,
    present: Policy,
    *,
    since: datetime | None = None,
    repo_id: int | None = None,
) -> Replayed:
    """`events`: the whole log in its order; decisions before `since` or elsewhere are not told."""
    state, tally = State(), Tally()
    files: dict[TaskKey, int] = {}
    for event in events:
        task = state.tasks.get(event.key) if event.key else None
        told = since is None or event.at >= since
        if task is not None and told and repo_id in (None, task.repo_id):
            _decide(state, task, event, (other, present), files.get(task.key, 0), tally)
        if event.kind is EventKind.ATTEMPT_ENDED and event.key:
            files[event.key] = int(event.data.get("changed_files") or 0)
        state.fold(event)
    return tally.replayed()


def _decide(
    state: State,
    task: Task,
    event: Event,
    policies: tuple[Policy, Policy],
    files: int,
    tally: Tally,
) -> None:
    """Ask both policies at a recorded decision; other events are none."""
    if event.kind is EventKind.PULL_MERGED:
        recorded = Said("merge", replay_merges.recorded(task))
        said = [Said("merge", _merging(state, task, one, files)) for one in policies]
    elif (found := _recorded(task, event)) is not None:
        recorded = found
        base = event.data["attempt"]["base"] if event.kind is EventKind.ATTEMPT_STARTED else ""
        said = [_asked(state, task, event.at, base, one, recorded.kind) for one in policies]
    else:
        return
    tally.add(task.name, recorded, *said)


def _merging(state: State, task: Task, policy: Policy, files: int) -> str:
    workers = approving.workers(task) if task.result else ()
    merged = {w: state.merged[task.repo_id, w.agent, w.model] for w in workers}
    return replay_merges.decided(task, policy.rules(task.repo), merged, files)


def _recorded(task: Task, event: Event) -> Said | None:
    """What was decided by the queue engine in this event; None: nothing of interest."""
    match event.kind:
        case EventKind.ATTEMPT_STARTED:
            attempt = Attempt.model_validate(event.data["attempt"])
            started = _started(attempt.kind, attempt.agent, attempt.reviewers, attempt.cap_usd)
            kind = "triage" if attempt.kind is Kind.TRIAGE else _after(task)
            return Said(kind, *started)
        case EventKind.HELD if _parked(task, event):
            return Said("retry", f"blocked: {event.data['reason']}")
        case EventKind.WAITING if _waits(task, event):
            reason = Reason(event.data["reason"])
            return Said(_WAITS[reason], f"waits: {reason.value}")
        case _:
            return None


def _after(task: Task) -> str:
    failed = bool(task.tries) and task.tries[-1].code is not None and task.wanted is None
    return "retry" if failed else "routing"


def _parked(task: Task, event: Event) -> bool:
    """By the failure of its last attempt, not by a person or a model's question."""
    last = task.tries[-1] if task.tries else None
    reasons = {FailureCode.BUDGET_EXHAUSTED.value, last.code.value if last and last.code else ""}
    return task.running is None and last is not None and event.data["reason"] in reasons


def _waits(task: Task, event: Event) -> bool:
    """For these rules: a repository that rests after an error is said to back off as well."""
    kind = _WAITS.get(event.data.get("reason") or "")
    failed = _after(task) == "retry" and task.result is None
    return kind is not None and (kind != "retry" or failed)


def _started(
    kind: Kind, agent: str, reviewers: Sequence[str], cap_usd: float | None
) -> tuple[str, str, str]:
    """(what starts, who looks at it, what it may cost)."""
    who = f" by {agent}" if agent and kind is not Kind.TRIAGE else ""
    looks = f"looked at by {reviewers[0]}" if reviewers else "looked at by nobody"
    budget = "" if cap_usd is None else f"at most ${cap_usd:.2f}"
    return f"{kind.value}{who}", "" if kind is Kind.TRIAGE else looks, budget


def _asked(state: State, task: Task, now: datetime, base: str, policy: Policy, kind: str) -> Said:
    """The step that the queue engine takes for this task, among those that wait with it."""
    machine = queue.Machine(
        running=len(state.running()),
        purse=state.purse(now),
        own=state.own(now, policy.share, policy.usd_per_week),
        free_memory_mb=None,
        limits=policy.limits,
        now=now,
    )
    steps = queue.decide(_facts(state, task, base, policy), machine)
    mine = next((step for step in steps if step.key == task.key), None)
    return Said(kind, *_words(mine))


def _words(step: Step | None) -> tuple[str, ...]:
    match step:
        case StartAttempt():
            return _started(step.attempt_kind, step.agent, step.reviewers, step.cap_usd)
        case Record():
            said = [_of_event(event) for event in step.events]
            return (next((words for words in said if words), "something else"),)
        case None:
            return ("nothing",)
        case _:
            return (step.kind.replace("_", " "),)


def _of_event(event: Event) -> str:
    words = {EventKind.HELD: "blocked", EventKind.WAITING: "waits"}
    return f"{words[event.kind]}: {event.data['reason']}" if event.kind in words else ""


def _facts(state: State, task: Task, base: str, policy: Policy) -> list[queue.TaskFacts]:
    """The task, and those that competed with it for a slot."""
    others = [
        one
        for key in sorted(state.active - {task.key})
        if (one := state.tasks[key]).running is None and _competes(one)
    ]
    others.sort(key=lambda one: (-one.priority, one.claimed_at or one.request.at, one.key))
    chosen = [task, *others[:_MOST_QUEUED]]
    best_first = any((r := policy.rules(one.repo)) and r.best_first for one in chosen)
    pool = state.pool(trials=best_first)
    found: list[queue.TaskFacts] = []
    for one in chosen:
        rules = policy.rules(one.repo)
        stopped = Reason.REPO_FROZEN if rules is None else None
        if rules is not None and rules.mode is Mode.DRY_RUN:
            stopped = Reason.DRY_RUN
        last = one.tries[-1].base if one.tries else ""
        fact = queue.TaskFacts(
            task=one.model_copy(update={"waiting": None}),
            rules=rules,
            stopped=stopped,
            base_head=base if one is task and base else last,
            children=_children(state.tasks, one),
            pool=pool,
        )
        found.append(fact)
    return found


def _children(tasks: Mapping[TaskKey, Task], task: Task) -> tuple[Task, ...]:
    found = (tasks.get(TaskKey(task.repo_id, child.number)) for child in task.children)
    return tuple(child for child in found if child is not None)


def _competes(task: Task) -> bool:
    waiting = task.waiting
    wants = task.pull is None or task.wanted is not None
    return wants and (
        waiting is None or waiting.reason in (Reason.NO_FREE_SLOT, Reason.WAITS_FOR_SHARE)
    )
