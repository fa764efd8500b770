"""The dispatcher: what people ask for becomes tasks; tasks that may begin are claimed."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from agent_os.domain.effects import OwnRepository, Record
from agent_os.domain.errors import (
    AgentOSError,
    GitHubUnreachable,
    NotFound,
    RateLimited,
    TokenRefused,
)
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.observed import IssueSeen
from agent_os.domain.reasons import Reason
from agent_os.domain.records import ISSUE_GONE
from agent_os.domain.tasks import Status, Task, TaskKey
from agent_os.effects import resolver
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.jobs import scanning
from agent_os.jobs.organization import Decided, Run, resting
from agent_os.policy import commands, eligibility, specs
from agent_os.policy.steps import about, event, record, waiting
from agent_os.store import log, pauses, repositories, signals, tasks
from agent_os.store.repositories import Repository

_log = structlog.get_logger()
_MOST_DEPENDENCIES = 50
#: Between the name and the id of a repository whose name another one has now.
_WAS = ".was-"


class Dispatcher:
    name = "dispatcher"

    def due(self, world: World) -> Sequence[str]:
        names = [r.name for r in world.config.repositories]
        return [name for name in names if not resting(world, name)]

    def turn(self, run: Run) -> list[Decided]:
        """The first turn reads GitHub; the later ones look at what it has left."""
        if run.turn > 0:
            return self._claims(run)
        return self._commands(run) or self._claims(run)

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        pass

    def _commands(self, run: Run) -> list[Decided]:
        world = run.world
        row = scanning.look_at_repository(world, run.key)
        _keep(world, row)
        steps = _renamed(world, row)
        if row.frozen:
            return steps
        if not run.preview:
            resolver.resolve_all(world, row.repo_id)
        issues, looked = scanning.updated_issues(world, row)
        found, skipped = _read(world, row, issues)
        steps += found
        if looked.resynced_at != row.resynced_at:
            steps += _gone(world, row, issues)
        again = {step.key.number for step, _ in steps} | {i.number for i in skipped}
        update: dict[str, object] = {
            "looked": {n: at for n, at in looked.looked.items() if n not in again}
        }
        if skipped:
            update["watermark"] = min(i.updated_at for i in skipped)
        kept = looked.model_copy(update=update)
        run.at_end.append(lambda: _keep_watermark(world, kept, steps))
        return steps

    def _claims(self, run: Run) -> list[Decided]:
        """Ready tasks are claimed, or get the named reason why not."""
        world = run.world
        with world.store.read() as tx:
            row = repositories.named(tx, run.key)
            if row is None:
                return []
            found = tasks.listed(tx, repo_id=row.repo_id, statuses=(Status.READY,))
            paused = pauses.paused(tx)
        _follow_base(world, row)
        rules = world.config.rules(run.key)
        steps: list[Decided] = []
        for seen, task in found:
            if rules is None:
                continue
            open_ones, cycle = _dependencies(world, row, task)
            around = eligibility.Surroundings(
                rules=rules,
                labels=world.config.labels,
                frozen=row.frozen,
                owned_elsewhere=row.owned_elsewhere,
                all_paused=pauses.ALL in paused,
                repo_paused=row.name.lower() in paused,
                empty=row.empty,
                open_dependencies=open_ones,
                cycle=cycle,
            )
            now = world.clock.now()
            refused = eligibility.refusal(task, around)
            if refused is None and not row.owned:
                own = OwnRepository(**about(task, "nobody else may work on it meanwhile"))
                return [(own, seen)]
            if refused is None:
                steps.append((record(task, event(task, EventKind.CLAIMED, now)), seen))
            elif step := waiting(task, *refused, now):
                steps.append((step, seen))
        return steps


def _keep(world: World, row: Repository) -> None:
    """The row as seen now; that it froze or is back is an event."""
    with world.store.write() as tx:
        before = repositories.get(tx, row.repo_id)
        repositories.put(world.store, tx, row)
        for other in repositories.listed(tx):
            # It was deleted or renamed, and a new repository has its name now.
            if other.name.lower() == row.name.lower() and other.repo_id != row.repo_id:
                name, why = f"{row.name}{_WAS}{other.repo_id}", "another repository has its name"
                kept = other.model_copy(update={"name": name, "frozen": why})
                repositories.put(world.store, tx, kept)
        if bool(before and before.frozen) != bool(row.frozen):
            kind = EventKind.REPO_FROZEN if row.frozen else EventKind.REPO_THAWED
            data = {"repo": row.name, "reason": row.frozen}
            now = world.clock.now()
            log.append(world.store, tx, [Event(kind=kind, at=now, repo_id=row.repo_id, data=data)])


def _read(
    world: World, row: Repository, issues: list[IssueSeen]
) -> tuple[list[Decided], list[IssueSeen]]:
    """What the issues' acts mean; and the issues that have to be read again."""
    reader = scanning.IssueReader(world, row)
    steps: list[Decided] = []
    skipped: list[IssueSeen] = []
    for issue in issues:
        key = TaskKey(row.repo_id, issue.number)
        seen, task = scanning.task_of(world, key)
        try:
            facts = reader.facts(issue, task)
        except (RateLimited, TokenRefused):
            raise
        except (AgentOSError, ValueError, KeyError, TypeError) as error:
            # One unreadable issue never stops the others.
            _log.warning("issue_unreadable", issue=key, error=str(error))
            skipped.append(issue)
            if task is None and not isinstance(error, GitHubUnreachable):
                steps += _unreadable(world, row, issue, error)
            continue
        if facts is None:
            skipped += [issue] if task else []
        elif step := commands.decide(facts, task):
            steps.append((step, seen))
    return steps, skipped


def _unreadable(world: World, row: Repository, issue: IssueSeen, error: Exception) -> list[Decided]:
    """A request that can't be read has its reason too."""
    ready = world.config.labels.ready.lower()
    if ready not in {label.lower() for label in issue.labels}:
        return []
    data = {"repo": row.name, "title": issue.title, "reason": Reason.UNREADABLE.value}
    event = Event(
        kind=EventKind.DECLINED,
        at=world.clock.now(),
        repo_id=row.repo_id,
        number=issue.number,
        data={**data, "detail": f"{type(error).__name__}: {error}"[:500]},
    )
    return [(Record(key=TaskKey(row.repo_id, issue.number), events=(event,)), 0)]


def _keep_watermark(world: World, row: Repository, steps: list[Decided]) -> None:
    """It moves when what was found up to it is recorded, not before."""
    with world.store.write() as tx:
        for step, _ in steps:
            used = step.consumes if isinstance(step, Record) else ()
            if set(used) - signals.consumed(tx, row.repo_id, used):
                return
        current = repositories.get(tx, row.repo_id) or row
        looked = {name: getattr(row, name) for name in ("watermark", "looked", "resynced_at")}
        repositories.put(world.store, tx, current.model_copy(update=looked))


def _renamed(world: World, row: Repository) -> list[Decided]:
    """Tasks under a name that their repository no longer has; also of one that had this name."""
    now, steps = world.clock.now(), list[Decided]()
    with world.store.read() as tx:
        former = [r for r in repositories.listed(tx) if r.name.startswith(f"{row.name}{_WAS}")]
        for one in (row, *former):
            for seen, task in tasks.listed(tx, repo_id=one.repo_id):
                if task.repo != one.name:
                    renamed = event(task, EventKind.REPO_RENAMED, now, repo=one.name)
                    steps.append((record(task, renamed), seen))
    return steps


def _gone(world: World, row: Repository, issues: list[IssueSeen]) -> list[Decided]:
    """Tasks whose issue is not in the whole list: asked for one by one before anything is said."""
    listed = {i.number for i in issues}
    with world.store.read() as tx:
        found = tasks.listed(tx, repo_id=row.repo_id, unsettled=True)
    steps: list[Decided] = []
    for seen, task in found:
        if task.number in listed or task.cancelled or task.finished_at:
            continue
        try:
            readers.issue(world.client, row.name, task.number)
        except NotFound:
            now = world.clock.now()
            gone = event(task, EventKind.CANCELLED, now, reason=ISSUE_GONE, by="")
            steps.append((record(task, gone), seen))
    return steps


def _follow_base(world: World, row: Repository) -> None:
    """Only while a task waits for the base to move."""
    with world.store.read() as tx:
        found = tasks.listed(tx, repo_id=row.repo_id, statuses=(Status.QUEUED, Status.IN_REVIEW))
    waits = [t for _, t in found if t.tries and t.tries[-1].code is FailureCode.BASE_RED]
    if waits:
        base_is_at(
            world, row, readers.branch_head(world.client, row.name, row.default_branch) or ""
        )


def base_is_at(world: World, row: Repository, head: str) -> Repository:
    """The row with the default branch's newest commit."""
    if head == row.base_head:
        return row
    with world.store.write() as tx:
        current = repositories.get(tx, row.repo_id) or row
        moved = current.model_copy(update={"base_head": head})
        repositories.put(world.store, tx, moved)
    return moved


def _dependencies(
    world: World, row: Repository, task: Task
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(those that are open, a cycle or nothing). One that does not exist, or that was not read
    because there are too many, counts as open."""
    known: dict[int, tuple[int, ...]] = {task.number: task.spec.depends_on}
    still_open: set[int] = set()
    todo = list(task.spec.depends_on)
    while todo and len(known) < _MOST_DEPENDENCIES:
        number = todo.pop()
        if number in known:
            continue
        try:
            issue = readers.issue(world.client, row.name, number)
        except NotFound:
            known[number] = ()
            still_open.add(number)
            continue
        if issue.open:
            still_open.add(number)
            spec = specs.parse(issue.title, issue.body, issue.updated_at)
            known[number] = spec.depends_on
            todo += spec.depends_on
        else:
            known[number] = ()
    still_open |= {n for n in task.spec.depends_on if n not in known}
    waits = tuple(n for n in task.spec.depends_on if n in still_open and n != task.number)
    return waits, eligibility.find_cycle(task.number, known)
