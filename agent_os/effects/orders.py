"""Orders: everything that an attempt is told, written into its directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agent_os.config.repository_file import PATHS, RepositoryFile, parse_repository_file
from agent_os.domain.approvals import ApprovalRules, narrowed
from agent_os.domain.attempts import (
    AgentOrder,
    GateOrder,
    Handoff,
    Kind,
    Limits,
    Order,
)
from agent_os.domain.effects import StartAttempt
from agent_os.domain.errors import BadInput, ConfigError, Conflict
from agent_os.domain.failures import FailureCode
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Task
from agent_os.effects import grants, remembering, triages
from agent_os.effects.accounts import agent_order
from agent_os.effects.mends import note_mends
from agent_os.effects.reverts import note_reverts
from agent_os.effects.reviews import review_order
from agent_os.effects.world import World
from agent_os.policy import task_text, texts
from agent_os.policy.memory import relevance
from agent_os.store import repositories
from agent_os.workspace.mirror import Mirror

_LONGEST_PATCH = 4_000


@dataclass(frozen=True)
class _Commits:
    """Where an attempt starts, what it is held against, and what the repository says there."""

    base: str
    start: str
    settings: RepositoryFile


def make_order(world: World, task: Task, effect: StartAttempt) -> Order:
    """The order, on the base as it is now. GitError, Conflict, BadInput, ConfigError."""
    found = _commits(world, task, effect)
    order = _order(world, task, effect, found)
    if effect.attempt_kind is Kind.TRIAGE:
        codebase = remembering.codebase_of(world, task.repo_id, found.base)
        return triages.as_triage(world, task, order, codebase)
    return order


def _commits(world: World, task: Task, effect: StartAttempt) -> _Commits:
    repository = world.repository(task.repo_id)
    mirror = world.mirror(task.repo_id)
    mirror.ensure(repository.clone_url)
    mirror.fetch(repository.clone_url, world.token)
    world.ownership(task.repo_id).check()
    base = mirror.resolve(f"refs/heads/{repository.default_branch}")
    if base is None:
        raise BadInput(
            f"{task.repo} has no branch `{repository.default_branch}` yet.",
            next_step="Push a first commit, then label the issue Ready.",
        )
    _note_base(world, task.repo_id, base)
    note_reverts(world, task.repo_id, mirror, base)
    note_mends(world, task.repo_id, mirror)
    settings = repository_file(mirror, base)
    _check_vendors(world, task, settings, effect)
    if effect.verifies:
        base = _verified(task, effect).base
        return _Commits(base, _kept(task, mirror, effect), repository_file(mirror, base))
    return _Commits(base, _start(task, mirror, effect, base), settings)


def _start(task: Task, mirror: Mirror, effect: StartAttempt, base: str) -> str:
    if effect.attempt_kind in (Kind.IMPLEMENT, Kind.TRIAGE):
        goes_on = effect.work and mirror.has(effect.work) and effect.attempt_kind is Kind.IMPLEMENT
        return effect.work if goes_on else base
    start = mirror.resolve(f"refs/heads/{task.branch}") or ""
    if start != task.branch_head:
        raise Conflict(f"The branch {task.branch} is not where it was left.")
    return start


def _order(world: World, task: Task, effect: StartAttempt, found: _Commits) -> Order:
    lessons = remembering.lessons_for(world, task, effect)
    told = [relevance.line(one, task.repo_id) for one in lessons]
    codebase = remembering.codebase_of(world, task.repo_id, found.base)
    sandbox, image = world.config.sandbox_of(task.repo)
    limits = world.config.limits
    now = world.clock.now()
    directory = world.attempt_dir(task, effect.attempt)
    return Order(
        task=task.name,
        slug=task.slug,
        round=task.round,
        number=effect.attempt,
        fence=effect.attempt,
        kind=effect.attempt_kind,
        base=found.base,
        base_branch=world.repository(task.repo_id).default_branch,
        start=found.start,
        title=task.title,
        mirror=os.path.relpath(world.mirror(task.repo_id).path, directory),
        agent=_worker(world, effect),
        parts=task_text.parts(task, effect.feedback, told, codebase),
        lessons=tuple(one.id for one in lessons),
        sources=task_text.sources(task),
        removed=task_text.removed(task, effect.feedback),
        gates=_gates(world, task, found.settings),
        limits=Limits(
            deadline=now + timedelta(minutes=limits.attempt_minutes),
            stall_seconds=max(1, round(limits.stall_minutes * 60)),
            free_disk_mb=limits.free_disk_mb,
            usd=effect.cap_usd,
        ),
        budget=world.config.prompt_tokens,
        review=review_order(world, task, effect),
        deliverable=task.deliverable if effect.attempt_kind is Kind.IMPLEMENT else "change",
        sections=task.spec.sections,
        grant=grants.granted(world, task, found.settings),
        sandbox=sandbox,
        sandbox_image=image,
        profiles=world.config.profiles.narrowed(found.settings.profiles),
        commit_message=f"{texts.pull_title(task)}\n\nFor #{task.number}.",
        redo=effect.attempt_kind is Kind.REFRESH and _refresh_failed(task),
    )


def _worker(world: World, effect: StartAttempt) -> AgentOrder | None:
    return None if effect.attempt_kind is Kind.TRIAGE else agent_order(world, effect.agent)


def _verified(task: Task, effect: StartAttempt) -> Attempt:
    return next(a for a in task.attempts if a.number == effect.verifies)


def _kept(task: Task, mirror: Mirror, effect: StartAttempt) -> str:
    """The work to verify, held against the base it was done on: what it is published with is
    known for that one only. Conflict when it can't be published any more."""
    done = _verified(task, effect)
    if done.kind is not Kind.IMPLEMENT and done.start != task.branch_head:
        raise Conflict(f"The branch {task.branch} is not where it was left.")
    if not mirror.has(effect.work):
        raise Conflict(f"The work of attempt {done.number} is not in our mirror any more.")
    return effect.work


def write_order(
    world: World, task: Task, effect: StartAttempt, directory: Path, order: Order
) -> None:
    """The attempt's directory as the runner needs it; `order.json` last."""
    lessons = remembering.lines(world, order.lessons, task.repo_id)
    codebase = remembering.codebase_of(world, task.repo_id, order.base)
    text = task_text.for_agent(task, effect.feedback, lessons, codebase)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "task.md").write_text(world.finder.redact(text), "utf-8")
    handoff = task.handoff
    if handoff is None and order.start != order.base:
        patch = world.mirror(task.repo_id).diff(order.base, order.start, _LONGEST_PATCH)
        handoff = Handoff(attempted="The work on the branch so far.", changed=patch)
    left = task_text.handoff(handoff, effect.feedback)
    (directory / "handoff.md").write_text(world.finder.redact(left), "utf-8")
    if world.config.prompts is not None:
        _copy_templates(world.config.prompts, directory / "prompts")
    temporary = directory / "order.json.tmp"
    temporary.write_text(_told(world, order).model_dump_json(indent=2), "utf-8")
    temporary.replace(directory / "order.json")


def _told(world: World, order: Order) -> Order:
    """The order without secrets in what agents and people read of it. Commands stay as they were
    given: another one would be run else."""
    finder = world.finder
    return order.model_copy(
        update={
            "title": finder.redact(order.title),
            "parts": finder.redact_model(order.parts),
            "commit_message": finder.redact(order.commit_message),
            "sections": tuple(finder.redact(name) for name in order.sections),
        }
    )


def _copy_templates(owners: Path, place: Path) -> None:
    """The owner's templates as they are now: an attempt does not change under way."""
    try:
        place.mkdir(exist_ok=True)
        if not owners.is_dir():
            raise ConfigError(f"`prompts` names {owners}, which is not there any more.")
        for template in owners.glob("*.j2"):
            if template.is_file():
                (place / template.name).write_bytes(template.read_bytes())
    except OSError as error:
        raise ConfigError(f"`prompts`: {owners} can't be read: {error}.") from error


def _note_base(world: World, repo_id: int, base: str) -> None:
    """What an attempt starts from is the newest base that we know of."""
    _note(world, repo_id, base_head=base)


def _note(world: World, repo_id: int, **seen: object) -> None:
    with world.store.write() as tx:
        row = repositories.get(tx, repo_id)
        if row and any(getattr(row, name) != value for name, value in seen.items()):
            repositories.put(world.store, tx, row.model_copy(update=seen))


def _check_vendors(
    world: World, task: Task, settings: RepositoryFile, effect: StartAttempt
) -> None:
    """The repository's file on this base has the last word on whose models see its code."""
    _note(world, task.repo_id, vendors=settings.vendors)
    rules = world.config.rules(task.repo)
    if rules is None or settings.vendors is None:
        return
    thinks = effect.attempt_kind is Kind.TRIAGE
    names = () if thinks else (effect.agent, *effect.reviewers)
    used = [rules.thinker] if thinks else [rules.agents.get(name) for name in names]
    for agent in used:
        if agent is None or not agent.uses_model:
            continue
        if agent.vendor not in settings.vendors:
            raise Conflict(f"The repository's file does not allow the vendor {agent.vendor}.")


def repository_file(mirror: Mirror, base: str) -> RepositoryFile:
    """What the repository says of itself on this base. ConfigError, BadInput."""
    for path in PATHS:
        content = mirror.read_file(base, path)
        if content is not None:
            return parse_repository_file(content, path)
    return RepositoryFile()


def _gates(world: World, task: Task, settings: RepositoryFile) -> GateOrder:
    limits, rules = world.config.limits, world.config.rules(task.repo)
    approvals = narrowed(rules.approvals if rules else ApprovalRules(), settings.approvals)
    return GateOrder(
        setup=settings.setup,
        checks=settings.named_checks,
        protected_paths=settings.protected_by(approvals),
        approvals=approvals,
        max_files=limits.changed_files,
        max_lines=limits.changed_lines,
        file_bytes=round(limits.file_mb * 1_000_000),
        binary_bytes=limits.binary_kb * 1_000,
        secrets_ignored=settings.secrets.ignore,
        tests_may_change=task.tests_may_change,
        check_seconds=max(1, round(limits.check_minutes * 60)),
    )


def _refresh_failed(task: Task) -> bool:
    """Whether the newest attempt was a refresh that did not pass: a plain merge won't do."""
    last = task.tries[-1] if task.tries else None
    if last is None or last.kind is not Kind.REFRESH:
        return False
    return last.code not in (None, FailureCode.REVIEW_UNAVAILABLE)
