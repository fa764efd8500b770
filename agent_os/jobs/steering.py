"""What the owner of this machine may say: retry, stop, pause, resume."""

from __future__ import annotations

from agent_os.domain.effects import Record
from agent_os.domain.errors import BadInput
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import Status, Task
from agent_os.effects import mailbox
from agent_os.effects.world import World
from agent_os.jobs import scanning
from agent_os.policy.steps import event, record
from agent_os.store import log, pauses, repositories


def retry(world: World, task: Task) -> str:
    """A new round for a task that is over, new attempts for a blocked one. BadInput otherwise."""
    if task.status not in (Status.DONE, Status.CANCELLED, Status.BLOCKED):
        raise BadInput(
            f"{task.name} is {task.status}: there is nothing to retry.",
            next_step=f"`agent-os why {task.name}` says what it waits for.",
        )
    if task.running is not None:
        raise BadInput(f"{task.name}: its last attempt is being stopped; try again shortly.")
    _write(world, record(task, mailbox.retry(task, "the command line", world)))
    return f"{task.name}: asked for again"


def stop(world: World, task: Task) -> str:
    """The owner's word counts like the removed label."""
    if task.status in (Status.DONE, Status.CANCELLED):
        raise BadInput(f"{task.name} is {task.status} already.")
    now = world.clock.now()
    gone = event(task, EventKind.CANCELLED, now, reason="stopped", by="the command line")
    _write(world, record(task, gone))
    return f"{task.name}: cancelled; the next round of the queue engine ends what runs"


def _write(world: World, step: Record) -> None:
    with world.store.write() as tx:
        log.append(world.store, tx, step.events)


def takeover(world: World, name: str) -> str:
    """Make a repository ours to work on, whichever installation had it. NotFound, GitError."""
    row = scanning.look_at_repository(world, name)
    with world.store.write() as tx:
        repositories.put(world.store, tx, row)
    before = world.ownership(row.repo_id).take_over()
    data = {"repo": row.name, "taken_from": f"(taken from {before})" if before else ""}
    now = world.clock.now()
    with world.store.write() as tx:
        repositories.taken(world.store, tx, row.repo_id)
        said = Event(kind=EventKind.REPO_OWNED, at=now, repo_id=row.repo_id, data=data)
        log.append(world.store, tx, [said])
    whose = f"taken from installation {before}" if before else "nobody else had it"
    return f"{row.name} is ours to work on now ({whose})."


def pause(world: World, scope: str) -> bool:
    return _paused(world, scope, EventKind.PAUSED)


def resume(world: World, scope: str) -> bool:
    return _paused(world, scope, EventKind.RESUMED)


def _paused(world: World, scope: str, kind: EventKind) -> bool:
    with world.store.write() as tx:
        if kind is EventKind.PAUSED:
            changed = pauses.pause(world.store, tx, scope)
        else:
            changed = pauses.resume(tx, scope)
        if changed:
            said = Event(kind=kind, at=world.clock.now(), data={"scope": scope})
            log.append(world.store, tx, [said])
    return changed
