"""Observe, decide, apply: the loop that every job shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

import structlog

from agent_os.domain.clock import still_ahead
from agent_os.domain.effects import Effect, Record, Step
from agent_os.domain.errors import AgentOSError, LeaseLost, RateLimited, TokenRefused
from agent_os.domain.events import DESK
from agent_os.domain.tasks import TaskKey
from agent_os.effects.applier import Applier
from agent_os.effects.world import World
from agent_os.github.client import GitHubClient
from agent_os.jobs import allowances
from agent_os.store import leases, repositories, unseen
from agent_os.store.leases import Lease

_log = structlog.get_logger()
MAX_TURNS = 20
LEASE = timedelta(minutes=5)
_LONGEST_BACKOFF = timedelta(minutes=30)

#: A step, and the newest event of its task when it was decided.
Decided = tuple[Step, int]


@dataclass
class Run:
    """One run of a job for one key. Tasks whose effect failed rest until the next run."""

    world: World
    key: str
    preview: bool = False
    """Steps are shown, not applied: what was looked at has to be looked at again."""
    turn: int = 0
    failed: set[TaskKey] = field(default_factory=set[TaskKey])
    stopped_repos: set[int] = field(default_factory=set[int])
    changed: bool = False
    at_end: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """Called when nothing is left to apply, after the job's own `after`."""


class Job(Protocol):
    name: str

    def due(self, world: World) -> Sequence[str]:
        """The keys to run for: names of repositories, or one for all."""
        ...

    def turn(self, run: Run) -> list[Decided]:
        """Observe and decide. At most one step a task counts."""
        ...

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        """The next step of one task after one of its effects, if no other task has a say in it."""
        ...

    def after(self, run: Run) -> None:
        """What follows when nothing is left to apply."""
        ...


def run(
    job: Job,
    world: World,
    keys: Sequence[str] | None = None,
    *,
    preview: Callable[[Step], None] | None = None,
) -> bool:
    """Run a job, for those of its due keys that are asked for (None: all of them).

    With `preview` its steps are shown instead. True when something changed. An error that is none
    of ours is a fault in this program: it is raised when the other keys have had their turn.
    """
    asked = None if keys is None else {key.lower() for key in keys}
    due = job.due(world)
    chosen = due if asked is None else [k for k in due if k.lower() in asked]

    def one(client: GitHubClient, key: str) -> tuple[bool, Exception | None]:
        return _run_key(job, replace(world, client=client), key, preview)

    if preview:
        found = [one(world.client, key) for key in chosen]
    else:
        found = world.lanes.each(world.client, one, chosen)
        allowances.note(world)
    for _, crash in found:
        if crash is not None:
            raise crash
    return any(changed for changed, _ in found)


def _run_key(
    job: Job, world: World, key: str, preview: Callable[[Step], None] | None
) -> tuple[bool, Exception | None]:
    """Whether something changed, and the fault in this program that was met."""
    lease = leases.take(world.store, f"{job.name}:{key}", LEASE)
    if lease is None:
        _log.debug("busy", job=job.name, key=key)
        return False, None
    current = Run(world, key, preview=preview is not None)
    crash: Exception | None = None
    try:
        _turns(job, current, lease, preview)
        _note_success(world, key)
    except LeaseLost:
        _log.warning("lease_lost", job=job.name, key=key)
    except AgentOSError as error:
        _note_error(world, job.name, key, error)
    except Exception as error:  # noqa: BLE001 - the boundary of a repository: the others go on
        _note_error(world, job.name, key, AgentOSError(f"{type(error).__name__}: {error}"))
        crash = error
    finally:
        leases.release(world.store, lease)
    return current.changed, crash


def _turns(job: Job, current: Run, lease: Lease, preview: Callable[[Step], None] | None) -> None:
    for current.turn in range(MAX_TURNS):
        steps = job.turn(current)
        if preview:
            for step, _ in steps:
                preview(step)
            return
        if not _apply(job, current, lease, steps):
            break
        leases.renew(current.world.store, lease, LEASE)
    job.after(current)
    for finish in current.at_end:
        finish()


def _apply(job: Job, current: Run, lease: Lease, steps: list[Decided]) -> bool:
    """Apply one step a task, and what follows from it at once; whether to look again: something
    happened that may call for more. Facts are written first, then tasks go side by side."""
    chosen: dict[TaskKey, Decided] = {}
    about_all: list[Decided] = []
    for step, seen in steps:
        if step.key.number == DESK:
            about_all.append((step, seen))
        elif step.key not in current.failed:
            chosen.setdefault(step.key, (step, seen))
    records = [one for one in chosen.values() if isinstance(one[0], Record)]
    effects = [one for one in chosen.values() if not isinstance(one[0], Record)]

    def apply(client: GitHubClient, one: Decided) -> bool:
        applier = Applier(replace(current.world, client=client), lease)
        return _apply_chain(job, current, applier, one)

    client = current.world.client
    again = [_apply_one(current, Applier(current.world, lease), *one) for one in records]
    # Of a repository as a whole there may be many in a turn: none looks at what another did.
    again += [_apply_one(current, Applier(current.world, lease), *one) for one in about_all]
    again += current.world.crew.each(client, apply, effects)
    return any(again)


def _apply_chain(job: Job, current: Run, applier: Applier, first: Decided) -> bool:
    """A task does not wait for the others of its turn: only what concerns them all does."""
    step: Decided | None = first
    again = False
    for _ in range(MAX_TURNS):
        if step is None or not _apply_one(current, applier, *step):
            break
        again = True
        step = job.follow(applier.world, first[0].key)
    return again


def _apply_one(current: Run, applier: Applier, step: Step, seen: int) -> bool:
    if isinstance(step, Effect) and step.repo_id in current.stopped_repos:
        return False
    try:
        applied = applier.apply(step, seen)
    except (RateLimited, TokenRefused) as error:
        _stop_repository(current, step, error)
        return False
    if applied.failed:
        current.failed.add(step.key)
    if applied.changed:
        current.changed = True
    return applied.again


def _stop_repository(current: Run, step: Step, error: AgentOSError) -> None:
    """GitHub refuses us: nothing more there in this run, and nothing is inferred from it."""
    assert not isinstance(step, Record)
    current.stopped_repos.add(step.repo_id)
    _note_error(current.world, "effects", step.repo, error)


def _note_success(world: World, name: str) -> None:
    with world.store.write() as tx:
        found = repositories.named(tx, name)
        if found and found.errors:
            clear = {"errors": 0, "last_error": "", "not_before": None}
            repositories.put(world.store, tx, found.model_copy(update=clear))


def _note_error(world: World, job: str, name: str, error: AgentOSError) -> None:
    """Backoff for one repository; the others go on."""
    _log.warning("job_failed", job=job, key=name, code=error.code, error=str(error))
    with world.store.write() as tx:
        found = repositories.named(tx, name)
        if found is not None:
            update = _backoff(world, found.errors, error)
            repositories.put(world.store, tx, found.model_copy(update=update))
        elif world.config.repository(name):
            update = _backoff(world, unseen.get(tx, name).errors, error)
            unseen.put(tx, name, unseen.Unseen.model_validate(update))


def _backoff(world: World, errors: int, error: AgentOSError) -> dict[str, object]:
    pause = timedelta(seconds=world.config.limits.backoff_seconds) * 2 ** min(errors, 10)
    until = world.clock.now() + min(pause, _LONGEST_BACKOFF)
    if isinstance(error, RateLimited):
        until = error.until
    return {"errors": errors + 1, "last_error": str(error), "not_before": until}


def resting(world: World, name: str) -> bool:
    """Whether a repository is backing off after an error."""
    with world.store.read() as tx:
        found = repositories.named(tx, name) or unseen.get(tx, name)
    return bool(found.not_before and still_ahead(found.not_before, world.clock.now()))
