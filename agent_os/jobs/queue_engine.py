"""The queue engine: attempts end, results are published, queued tasks start.

It reads the store and the attempts' directories only; GitHub is asked by nobody here.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
import structlog

from agent_os.domain.clock import still_ahead
from agent_os.domain.effects import Step
from agent_os.domain.errors import AgentOSError
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import Mode, RepoRules
from agent_os.domain.tasks import Task, TaskKey
from agent_os.effects import cleaning, mailbox, resolver
from agent_os.effects.world import World
from agent_os.jobs import notifying
from agent_os.jobs.organization import Decided, Run
from agent_os.policy import own_work, picture, queue
from agent_os.policy.budget import Purse
from agent_os.policy.routing import Pool
from agent_os.store import intents, pauses, providers, repositories, tasks, thoughts, trials
from agent_os.store.repositories import Repository
from agent_os.workspace.sandbox import choosing

_log = structlog.get_logger()
ALL = "all"


class QueueEngine:
    name = "queue-engine"

    def due(self, world: World) -> Sequence[str]:
        return [ALL]

    def turn(self, run: Run) -> list[Decided]:
        world = run.world
        if run.turn == 0:
            moved = mailbox.read(world)
            if moved:
                return moved
        if not run.preview:
            _resolve(world)
        with world.store.read() as tx:
            found = tasks.listed(tx, unsettled=True)
            waiting = intents.unresolved_tasks(tx)
            rows = {row.repo_id: row for row in repositories.listed(tx)}
            paused = pauses.paused(tx)
            pool = _pool(world, tx)
            spent = trials.spent_on(tx, world.clock.now())
            own_spent = _own_spent(world, tx)
        seen = {task.key: seq for seq, task in found}
        facts = [
            _facts(world, t, rows[t.repo_id], paused, pool) for _, t in found if t.repo_id in rows
        ]
        running = [t.running for _, t in found if t.running]
        machine = queue.Machine(
            running=len(running),
            purse=Purse(spent=spent, reserved=sum(a.cost for a in running)),
            own=_own_work(world, [t for _, t in found], own_spent),
            free_memory_mb=free_memory_mb(),
            limits=world.config.limits,
            now=world.clock.now(),
        )
        working = [f for f in facts if f.task.key not in waiting]
        steps = queue.decide(working, machine)
        drawn = (_drawn(world, f) for f in working)
        both = itertools.chain(steps, (s for s in drawn if s is not None))
        return [(step, seen[step.key]) for step in both]

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        with world.store.read() as tx:
            seen, task = tasks.seq(tx, key), tasks.get(tx, key)
            row, paused = repositories.get(tx, key.repo_id), pauses.paused(tx)
            busy = key in intents.unresolved_tasks(tx)
            pool = _pool(world, tx)
        if task is None or row is None or busy or task.settled:
            return None
        fact = _facts(world, task, row, paused, pool)
        step = queue.alone(fact, world.config.limits, world.clock.now()) or _drawn(world, fact)
        return (step, seen) if step else None

    def after(self, run: Run) -> None:
        mailbox.draw(run.world)
        cleaning.clean_if_due(run.world)
        notifying.notify(run.world)


def _own_spent(world: World, tx: sa.Connection) -> float:
    """US dollars of this week, for work and thoughts of the organization's own."""
    now = world.clock.now()
    return trials.spent_by_itself(tx, now) + thoughts.spent_since(tx, own_work.week_start(now))


def _own_work(world: World, found: Sequence[Task], spent: float) -> own_work.OwnWork:
    improvement = world.config.improvement
    running = [t.running for t in found if t.own and t.running]
    return own_work.OwnWork(
        running=len(running),
        spent=spent,
        reserved=sum(a.cost for a in running),
        share=improvement.share,
        usd_per_week=improvement.usd_per_week,
    )


def _drawn(world: World, fact: queue.TaskFacts) -> Step | None:
    """The next change of the task's pictures on GitHub."""
    if fact.stopped is not None:
        return None
    task = fact.task
    return picture.decide(task, world.config.labels) or picture.settle(task, world.clock.now())


def _pool(world: World, tx: sa.Connection) -> Pool:
    return Pool(health=providers.listed(tx), trials=trials.summary(tx), key_marks=world.key_marks)


def _facts(
    world: World, task: Task, row: Repository, paused: set[str], pool: Pool
) -> queue.TaskFacts:
    running, resumed, process = task.running, 0, ""
    children = _children(world, task)
    if running:
        with world.store.read() as tx:
            resumed = intents.resumes(tx, task)
        process = world.executor.poll(Path(running.directory))
    rules = world.config.rules(row.name)
    pause, now = row.not_before, world.clock.now()
    resting = pause if pause and still_ahead(pause, now) else None
    stopped = _stopped(row, rules, paused) or (Reason.BACKOFF if resting else None)
    return queue.TaskFacts(
        task=task,
        rules=rules,
        process=process,
        resumed=resumed,
        frozen=row.frozen or ("" if rules else "it is not in the config"),
        stopped=stopped,
        stopped_by=row.owned_elsewhere,
        stopped_until=resting if stopped is Reason.BACKOFF else None,
        default_branch=row.default_branch,
        base_head=row.base_head,
        children=children,
        pool=pool.model_copy(update={"vendors": row.vendors}),
        no_sandbox=choosing.detect(*world.config.sandbox_of(row.name)).reason,
    )


def _children(world: World, task: Task) -> tuple[Task, ...]:
    if not task.children:
        return ()
    with world.store.read() as tx:
        found = [tasks.get(tx, TaskKey(task.repo_id, c.number)) for c in task.children]
    return tuple(child for child in found if child is not None)


def _stopped(row: Repository, rules: RepoRules | None, paused: set[str]) -> Reason | None:
    """Why nothing may be done in a repository now."""
    cases = [
        (rules is None or bool(row.frozen), Reason.REPO_FROZEN),
        (bool(row.owned_elsewhere), Reason.OWNED_ELSEWHERE),
        (pauses.ALL in paused, Reason.ALL_PAUSED),
        (row.name.lower() in paused, Reason.REPO_PAUSED),
        (rules is not None and rules.mode is Mode.DRY_RUN, Reason.DRY_RUN),
    ]
    return next((reason for holds, reason in cases if holds), None)


def _resolve(world: World) -> None:
    """One repository's trouble with GitHub never stops the others."""
    with world.store.read() as tx:
        repo_ids = sorted({i.effect.repo_id for i in intents.unresolved(tx)})
    for repo_id in repo_ids:
        try:
            resolver.resolve_all(world, repo_id)
        except AgentOSError as error:
            _log.warning("not_resolved", repo_id=repo_id, error=str(error))


def free_memory_mb() -> int | None:
    """What the kernel says is available for new processes; None where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) // 1024 if found else None
