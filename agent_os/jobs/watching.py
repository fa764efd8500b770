"""The watch on default branches: reading what `policy/watching.py` decides by, and `undo`."""

from __future__ import annotations

from datetime import timedelta

from agent_os.domain.errors import BadInput
from agent_os.domain.events import EventKind
from agent_os.domain.observed import Checks
from agent_os.domain.rules import Mode
from agent_os.domain.tasks import Status, Task, TaskKey
from agent_os.effects.applier import Applier
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.looks import Look
from agent_os.jobs import proposals
from agent_os.jobs.desk import newest_at_desk
from agent_os.jobs.organization import LEASE, Decided
from agent_os.policy import watching
from agent_os.policy.watching import Landed, Red, Revert, WatchFacts
from agent_os.store import leases, log, tasks
from agent_os.store.repositories import Repository
from agent_os.workspace.mirror import Mirror

_MOST_LANDED = 5
_RECENT = 50
_MOST_REBASED = 20


def watched(world: World) -> set[int]:
    """Repositories that are red, or in which our work was merged lately."""
    with world.store.read() as tx:
        done = tasks.listed(tx, statuses=(Status.DONE,), newest=_RECENT)
        found = {task.repo_id for _, task in done if _lately(world, task)}
        marks = log.newest_of_each(tx, (EventKind.MAIN_RED, EventKind.MAIN_GREEN))
    return found | {one.repo_id for one in marks if one.kind is EventKind.MAIN_RED and one.repo_id}


def _lately(world: World, task: Task) -> bool:
    pull, hours = task.pull, world.config.improvement.watch_hours
    since = world.clock.now() - timedelta(hours=hours)
    return bool(pull and pull.merged_sha and pull.merged_at and pull.merged_at >= since)


def red(world: World, repo_id: int) -> Red | None:
    """Since which merge the default branch is red, by our own record; None: it is not."""
    found = newest_at_desk(world, repo_id, (EventKind.MAIN_RED, EventKind.MAIN_GREEN))
    if found is None or found.kind is EventKind.MAIN_GREEN:
        return None
    return Red(sha=found.data["sha"], number=found.data["task"], checks=found.data["checks"])


def in_words(now_red: Red | None) -> str:
    return f"{', '.join(now_red.checks)} since #{now_red.number}" if now_red else ""


def steps(world: World, row: Repository, look: Look) -> list[Decided]:
    """What follows from how the default branch is now."""
    now_red = red(world, row.repo_id)
    if now_red is None and not watching.failing(look.base_checks):
        return []
    told = now_red is not None and _told(world, row, now_red)
    facts = WatchFacts(
        repo_id=row.repo_id,
        repo=row.name,
        base=row.default_branch,
        head=look.base_checks,
        landed=() if told else _landed(world, row, look.base_checks),
        red=now_red,
        revert=_revert(world, row, now_red) if now_red else None,
        told=told,
        now=world.clock.now(),
    )
    found = watching.decide(facts)
    with world.store.read() as tx:
        return [(step, tasks.seq(tx, step.key)) for step in found]


def _landed(world: World, row: Repository, head: Checks) -> tuple[Landed, ...]:
    with world.store.read() as tx:
        done = tasks.listed(tx, repo_id=row.repo_id, statuses=(Status.DONE,), newest=_RECENT)
    recent = [task for _, task in done if _lately(world, task) and task.pull]
    recent.sort(key=lambda t: (t.pull.merged_at if t.pull else None) or t.request.at, reverse=True)
    mirror = world.mirror(row.repo_id)
    if recent:
        mirror.fetch(row.clone_url, world.token)
    found: list[Landed] = []
    for task in recent[:_MOST_LANDED]:
        assert task.pull is not None
        sha = task.pull.merged_sha
        parent = mirror.resolve(f"{sha}^1")
        found.append(
            Landed(
                number=task.number,
                title=task.title,
                pull=task.pull.number,
                requester=task.request.actor,
                sha=sha,
                checks=head if head.sha == sha else readers.checks(world.client, row.name, sha),
                before=readers.checks(world.client, row.name, parent) if parent else None,
            )
        )
    return tuple(found)


def _told(world: World, row: Repository, now_red: Red) -> bool:
    key = TaskKey(row.repo_id, now_red.number)
    with world.store.read() as tx:
        said = log.history(tx, key, kinds=(EventKind.ISSUE_TOLD,), limit=100)
    purpose = watching.told_purpose(now_red.sha)
    return any(event.data["purpose"] == purpose for _, event in said)


def _revert(world: World, row: Repository, now_red: Red) -> Revert:
    task = world.task(TaskKey(row.repo_id, now_red.number))
    return _prepared(world, row, task, now_red.sha)


def _prepared(world: World, row: Repository, task: Task, sha: str) -> Revert:
    """The revert of a task's merge, as far as it is; its commit is made in our mirror."""
    revert = Revert(sha=sha, title=task.title)
    if there := proposals.opened(world, row, revert.purpose):
        states = {"pushed": "pushed", "open": "opened"}
        update = {"commit": there.sha, "state": states.get(there.state, "ended")}
        return revert.model_copy(update=update)
    mirror = world.mirror(row.repo_id)
    mirror.fetch(row.clone_url, world.token)
    base = mirror.resolve(f"refs/heads/{row.default_branch}")
    brought = _commits(mirror, sha, task.result.base if task.result else "")
    made = mirror.revert(base, sha, brought) if base else None
    return revert.model_copy(update={"commit": made})


def _commits(mirror: Mirror, sha: str, base: str) -> int:
    """How many commits a merge put on the branch: more than one by a rebase only."""
    for count in range(1, _MOST_REBASED + 1):
        if base and mirror.resolve(f"{sha}~{count}") == base:
            return count
    return 1


def undo(world: World, task: Task) -> str:
    """Open the pull request that takes a task's merge back; what was done is said. BadInput."""
    if task.pull is None or not task.pull.merged_sha:
        raise BadInput(
            f"{task.name} was not merged: there is nothing to undo.",
            next_step=f"`agent-os why {task.name}` says how it stands.",
        )
    row = world.repository(task.repo_id)
    rules = world.config.rules(row.name)
    if rules is None or rules.mode is Mode.DRY_RUN:
        raise BadInput(
            f"Nothing is written in {row.name}: its mode is dry-run, or it is not in the config.",
            next_step="Give it another `mode` in the config.",
        )
    world.ownership(task.repo_id).look()
    lease = leases.take(world.store, f"undo:{row.name}", LEASE)
    if lease is None:
        raise BadInput("Another `agent-os undo` is at work there; try again shortly.")
    applier = Applier(world, lease)
    try:
        for _ in range(3):
            revert = _prepared(world, row, task, task.pull.merged_sha)
            if revert.commit is None:
                raise BadInput(
                    f"{task.name} can't be reverted without a conflict with what came later.",
                    next_step="Revert it by hand, or open an issue that says what to take back.",
                )
            why = f"the owner undoes #{task.number}"
            base = row.default_branch
            step = watching.proposal(row.repo_id, row.name, base, revert, why)
            if step is None:
                break
            if not applier.apply(step, 0).changed:
                raise BadInput(
                    f"The revert of {task.name} could not be proposed.",
                    next_step="`agent-os status` shows the repository's last error.",
                )
    finally:
        leases.release(world.store, lease)
    return f"{task.name}: {_where(world, row, task.pull.merged_sha)}"


def _where(world: World, row: Repository, sha: str) -> str:
    there = proposals.opened(world, row, Revert(sha=sha, title="").purpose)
    assert there is not None  # it was opened just now, or before
    how = "" if there.state == "open" else f" ({there.state})"
    return f"its revert is pull request #{there.number}{how}"
