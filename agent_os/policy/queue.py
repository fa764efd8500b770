"""The queue engine's decisions: what ends, what is published, what starts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent_os.domain.attempts import Kind
from agent_os.domain.clock import still_ahead
from agent_os.domain.contract import Contract
from agent_os.domain.effects import (
    AcceptOutcome,
    Record,
    StartAttempt,
    Step,
    StopAttempt,
)
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Attempt
from agent_os.domain.rules import LimitRules, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import epics, own_work, publishing, requesting, retry, reviewing, triaging
from agent_os.policy.budget import Purse, cap
from agent_os.policy.own_work import OwnWork
from agent_os.policy.routing import Pool, choose
from agent_os.policy.steps import about, held, incident, record, waiting

#: The runner ends an attempt itself; after this we end the runner.
_GRACE = timedelta(minutes=2)
#: Of a triage, for which no task is to wait long.
_SHORT_GRACE = timedelta(seconds=5)
#: A runner that dies again and again (for memory, say) would be started again for ever.
_MOST_RESUMES = 3


class TaskFacts(Contract):
    """One unsettled task, and how its attempt's process is."""

    task: Task
    rules: RepoRules | None
    """None: the repository is no longer in the config."""
    process: str = ""
    """alive, ended, lost, absent or unknown; empty without a running attempt."""
    resumed: int = 0
    """How often the runner of the running attempt was started again."""
    frozen: str = ""
    stopped: Reason | None = None
    """Why nothing is started, published or merged there now; None: it is."""
    stopped_by: str = ""
    stopped_until: datetime | None = None
    default_branch: str = ""
    base_head: str = ""
    children: tuple[Task, ...] = ()
    """The tasks of an epic's parts."""
    pool: Pool = Pool()
    no_sandbox: str = ""
    """Why nothing keeps foreign programs apart here, where the owner does not want that."""


class Machine(Contract):
    """What limits admission."""

    running: int
    purse: Purse = Purse()
    own: OwnWork = OwnWork()
    free_memory_mb: int | None
    limits: LimitRules
    now: datetime


def decide(facts: Sequence[TaskFacts], machine: Machine) -> list[Step]:
    """At most one step a task. Admission is by priority, then by age."""
    steps: list[Step] = []
    queued: list[tuple[TaskFacts, retry.Start]] = []
    for fact in facts:
        step = _step(fact, machine.limits, machine.now)
        if isinstance(step, retry.Start):
            queued.append((fact, step))
        elif step is not None:
            steps.append(step)
    return steps + _admit(queued, machine)


def alone(fact: TaskFacts, limits: LimitRules, now: datetime) -> Step | None:
    """The next step of one task; None also when it is to start: the others compete for that."""
    step = _step(fact, limits, now)
    return None if isinstance(step, retry.Start) else step


def _step(fact: TaskFacts, limits: LimitRules, now: datetime) -> Step | retry.Start | None:
    return _running_step(fact, now) or _asked_step(fact, now) or _after_step(fact, limits, now)


def _asked_step(fact: TaskFacts, now: datetime) -> Step | None:
    """What its agents asked for and were granted goes before all that ends the task."""
    if fact.task.running or fact.stopped is not None or _backing_off(fact.task, now):
        return None
    return requesting.step(fact.task)


def _running_step(fact: TaskFacts, now: datetime) -> Step | None:
    task, attempt = fact.task, fact.task.running
    if attempt is None:
        return None
    dead = fact.process in ("lost", "absent")
    if fact.process == "ended" or (dead and fact.resumed >= _MOST_RESUMES):
        why = f"its runner died {fact.resumed + 1} times" if dead else "it ended"
        return AcceptOutcome(
            **about(task, why), attempt=attempt.number, directory=attempt.directory
        )
    why = _why_stop(fact, attempt, now)
    if fact.process in ("alive", "unknown") and why:
        return StopAttempt(**about(task, why), attempt=attempt.number, directory=attempt.directory)
    if dead:
        # Its runner goes on where it was: it snapshots what is there and writes an outcome.
        return StartAttempt(
            **about(task, "the runner's process is gone"),
            attempt=attempt.number,
            attempt_kind=attempt.kind,
            agent=attempt.agent,
            reviewers=attempt.reviewers,
            resume=True,
        )
    return None


def _why_stop(fact: TaskFacts, attempt: Attempt, now: datetime) -> str:
    task = fact.task
    if task.cancelled:
        return f"cancelled: {task.cancelled.reason}"
    if task.hold:
        return f"blocked: {task.hold.reason}"
    if task.pull and (task.pull.merged_sha or task.pull.closed):
        return "its pull request is merged or closed"
    if fact.rules is None or fact.frozen:
        return f"the repository is frozen: {fact.frozen or 'not in the config'}"
    grace = _SHORT_GRACE if attempt.kind is Kind.TRIAGE else _GRACE
    return "over its time" if now > attempt.deadline + grace else ""


def _after_step(fact: TaskFacts, limits: LimitRules, now: datetime) -> Step | retry.Start | None:
    """For a task whose attempt is over (or that has none yet)."""
    task = fact.task
    if task.running is not None:
        return None
    if fact.stopped is not None:
        return _stands_still(fact, now)
    if _backing_off(task, now):
        return None
    if task.pull and task.pull.merged_sha:
        return publishing.finish(task, now)
    if task.cancelled:
        return publishing.close_pull(task)
    if task.children:
        return epics.step(task, fact.children, now)
    if task.hold or task.claimed_at is None or task.finished_at:
        return None
    assert fact.rules is not None
    unseen = reviewing.again(task, fact.rules, fact.pool, limits, now)
    if unseen is not None:
        return unseen if isinstance(unseen, retry.Start) else _not_now(task, unseen, now)
    if task.result is not None and task.wanted is None:
        return publishing.deliver(task, fact.rules, fact.default_branch, now)
    if task.pull is not None and task.wanted is None and not _failed_last(task):
        return None
    if asked := triaging.step(task, now) or epics.begin(task):
        return asked
    choice = choose(task, fact.rules, fact.pool, now)
    step = retry.next_step(task, choice, limits, fact.base_head, now)
    return step if isinstance(step, retry.Start) else _not_now(task, step, now)


def _not_now(task: Task, step: retry.Wait | retry.Park, now: datetime) -> Step | None:
    if isinstance(step, retry.Wait):
        return waiting(task, step.reason, step.detail, now, step.until)
    return _parked(task, step, now)


def _stands_still(fact: TaskFacts, now: datetime) -> Step | None:
    """The wait has its reason; what a task in review waits for is the monitor's to say."""
    task = fact.task
    if fact.stopped is None or task.claimed_at is None or task.hold or not task.active:
        return None
    return waiting(task, fact.stopped, fact.stopped_by or fact.frozen, now, fact.stopped_until)


def _backing_off(task: Task, now: datetime) -> bool:
    waiting = task.waiting
    refused = waiting is not None and waiting.reason is Reason.EFFECT_FAILED
    return bool(refused and waiting and waiting.until and still_ahead(waiting.until, now))


def _failed_last(task: Task) -> bool:
    """Of all attempts: a renewed request goes on with a pull request that needs mending."""
    return bool(task.tries) and task.tries[-1].code is not None


def _admit(queued: list[tuple[TaskFacts, retry.Start]], machine: Machine) -> list[Step]:
    steps: list[Step] = []
    free = machine.limits.concurrent_attempts - machine.running
    memory, purse = machine.free_memory_mb, machine.purse
    own, others = machine.own, own_work.others_wait(fact.task for fact, _ in queued)
    per_attempt = machine.limits.memory_mb_per_attempt
    for fact, start in sorted(queued, key=_order):
        task = fact.task
        start, usd = _with_cap(fact, start, machine, purse)
        full = ""
        if task.own:
            usd = own_work.cap(own, usd, machine.limits.usd_per_attempt, machine.now)
            most = machine.limits.concurrent_attempts
            full = own_work.no_slot(own, most, others_wait=others)
        if isinstance(usd, retry.Park | retry.Wait):
            step = _not_now(task, usd, machine.now)
        elif fact.no_sandbox and start.kind is not Kind.TRIAGE:
            step = waiting(task, Reason.NO_SANDBOX, fact.no_sandbox, machine.now)
        elif full:
            step = waiting(task, Reason.WAITS_FOR_SHARE, full, machine.now)
        elif free <= 0:
            step = waiting(task, Reason.NO_FREE_SLOT, "", machine.now)
        elif memory is not None and memory < per_attempt:
            detail = f"{memory} MB are free, {per_attempt} MB are asked for"
            step = waiting(task, Reason.LOW_MEMORY, detail, machine.now)
        else:
            free -= 1
            own = own.started(usd) if task.own else own
            memory = memory - per_attempt if memory is not None else None
            purse = purse.model_copy(update={"reserved": purse.reserved + (usd or 0.0)})
            step = _start(fact, start, usd, machine.now)
        steps += [step] if step else []
    return steps


def _with_cap(
    fact: TaskFacts, start: retry.Start, machine: Machine, purse: Purse
) -> tuple[retry.Start, float | retry.Wait | retry.Park | None]:
    """What to start, perhaps a triage first, and what it may cost (None: it uses no model)."""
    task, limits, now = fact.task, machine.limits, machine.now
    usd = triaging.first(task, start, fact.rules, fact.pool, limits, purse, now)
    if usd is not None:
        return retry.Start(kind=Kind.TRIAGE, agent=triaging.THINKER), usd
    assert fact.rules is not None  # it is queued
    looks = reviewing.reviewers(task, start, fact.rules, fact.pool, now).fit
    agents = [fact.rules.agents.get(name) for name in (start.agent, *looks)]
    if not any(agent is not None and agent.uses_model for agent in agents):
        return start, None
    return start, cap(task, limits, purse, now)


def _order(item: tuple[TaskFacts, retry.Start]) -> tuple[int, datetime, int, int]:
    task = item[0].task
    assert task.claimed_at is not None
    return (-task.rank, task.claimed_at, task.repo_id, task.number)


def _start(fact: TaskFacts, start: retry.Start, usd: float | None, now: datetime) -> StartAttempt:
    task = fact.task
    assert fact.rules is not None  # it is queued
    if start.kind is Kind.TRIAGE:
        why = "a model reads the issue first"
    else:
        why = task.wanted.why if task.wanted else "the attempt before it failed"
    looks = reviewing.reviewers(task, start, fact.rules, fact.pool, now)
    return StartAttempt(
        **about(task, why),
        attempt=len(task.attempts) + 1,
        attempt_kind=start.kind,
        agent=start.agent,
        feedback=start.feedback,
        work=start.work,
        cap_usd=usd,
        reviewers=looks.fit,
        unreviewed=reviewing.names(looks) if fact.rules.review else "",
        verifies=start.verifies,
    )


def _parked(task: Task, park: retry.Park, now: datetime) -> Record:
    hold = held(task, now, park.code.value, park.detail, retry.what_to_do(park.code))
    if not park.incident:
        return record(task, hold)
    return record(task, hold, incident(task, now, park.incident, park.detail))
