"""Attempts: ordered and started, stopped, and taken over when they have ended."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from agent_os.config.repository_file import PATHS, RepositoryFile, parse_repository_file
from agent_os.config.settings import AgentSettings
from agent_os.domain.attempts import (
    AgentOrder,
    GateOrder,
    Handoff,
    KeptRef,
    Kind,
    Limits,
    Order,
    Outcome,
)
from agent_os.domain.effects import AcceptOutcome, StartAttempt, StopAttempt
from agent_os.domain.errors import BadInput, ConfigError, Conflict
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode, charged
from agent_os.domain.tasks import Attempt, Task
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.policy import task_text, texts
from agent_os.store import log, repositories
from agent_os.store.intents import Intent
from agent_os.workspace.mirror import Mirror

_LONGEST_PATCH = 4_000

#: The runner's own environment; agents get less (see the driver).
_RUNNER_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class AttemptStarter:
    """Writes the order and starts the runner. The base is the branch as it is at this moment."""

    def perform(self, world: World, effect: StartAttempt, intent: str) -> Facts:
        task = world.task(effect.key)
        directory = self._directory(world, task, effect)
        if not effect.resume:
            order = self._order(world, task, effect)
            self._write(world, task, effect, directory, order)
        world.executor.start(directory, self._environment(world, effect.agent))
        if effect.resume:
            return []
        return [self._fact(world, effect, task, directory)]

    def probe(self, world: World, effect: StartAttempt, intent: Intent) -> Resolution:
        task = world.task(effect.key)
        directory = self._directory(world, task, effect)
        process = world.executor.poll(directory)
        # A resume finds the lost runner's traces: that it was started again, they don't say.
        if process in ("absent", "unknown") or (effect.resume and process == "lost"):
            return ABSENT
        return done() if effect.resume else done(self._fact(world, effect, task, directory))

    def _order(self, world: World, task: Task, effect: StartAttempt) -> Order:
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
        start = base
        if effect.attempt_kind is not Kind.IMPLEMENT:
            start = mirror.resolve(f"refs/heads/{task.branch}") or ""
            if start != task.branch_head:
                raise Conflict(f"The branch {task.branch} is not where it was left.")
        settings = _repository_file(mirror, base)
        lessons, codebase = _memory(world, task, base)
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
            base=base,
            base_branch=repository.default_branch,
            start=start,
            title=task.title,
            mirror=os.path.relpath(mirror.path, directory),
            agent=_agent_order(world, effect.agent),
            parts=task_text.parts(task, effect.feedback, lessons, codebase),
            gates=_gates(world, task, settings),
            limits=Limits(
                deadline=now + timedelta(minutes=limits.attempt_minutes),
                stall_seconds=max(1, round(limits.stall_minutes * 60)),
            ),
            sandbox=_sandbox(world, task),
            commit_message=f"{texts.pull_title(task)}\n\nFor #{task.number}.",
            redo=effect.attempt_kind is Kind.REFRESH and _refresh_failed(task),
        )

    def _write(
        self, world: World, task: Task, effect: StartAttempt, directory: Path, order: Order
    ) -> None:
        lessons, codebase = _memory(world, task, order.base)
        text = task_text.for_agent(task, effect.feedback, lessons, codebase)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "task.md").write_text(text, "utf-8")
        handoff = task.handoff
        if handoff is None and order.start != order.base:
            patch = world.mirror(task.repo_id).diff(order.base, order.start, _LONGEST_PATCH)
            handoff = Handoff(attempted="The work on the branch so far.", changed=patch)
        left = task_text.handoff(handoff, effect.feedback)
        (directory / "handoff.md").write_text(left, "utf-8")
        temporary = directory / "order.json.tmp"
        temporary.write_text(order.model_dump_json(indent=2), "utf-8")
        temporary.replace(directory / "order.json")

    @staticmethod
    def _directory(world: World, task: Task, effect: StartAttempt) -> Path:
        """That of a running attempt is recorded: its repository may have another name by now."""
        if effect.resume and task.running is not None:
            return Path(task.running.directory)
        return world.attempt_dir(task, effect.attempt)

    @staticmethod
    def _environment(world: World, agent: str) -> dict[str, str]:
        settings = world.config.agents.get(agent)
        names = (*_RUNNER_ENV, *(settings.env if settings else ()))
        return {name: os.environ[name] for name in names if name in os.environ}

    @staticmethod
    def _fact(world: World, effect: StartAttempt, task: Task, directory: Path) -> Event:
        order = Order.model_validate_json((directory / "order.json").read_bytes())
        attempt = Attempt(
            number=effect.attempt,
            kind=effect.attempt_kind,
            agent=effect.agent,
            directory=str(directory),
            base=order.base,
            start=order.start,
            started_at=world.clock.now(),
            deadline=order.limits.deadline,
            text_hash=task.spec.text_hash,
        )
        data = {"attempt": attempt.model_dump(mode="json")}
        return world.fact(effect, EventKind.ATTEMPT_STARTED, data, attempt=effect.attempt)


class AttemptStopper:
    """Asks the runner to end its agent's whole tree and to keep what is there."""

    def perform(self, world: World, effect: StopAttempt, intent: str) -> Facts:
        world.executor.stop(Path(effect.directory), effect.why)
        return [
            world.fact(
                effect, EventKind.ATTEMPT_STOPPED, {"why": effect.why}, attempt=effect.attempt
            )
        ]

    def probe(self, world: World, effect: StopAttempt, intent: Intent) -> Resolution:
        return ABSENT  # asking again is harmless


class OutcomeAccepter:
    """Accepted once by (task, round, attempt, fence); its commits are ours before it counts."""

    def perform(self, world: World, effect: AcceptOutcome, intent: str) -> Facts:
        task = world.task(effect.key)
        directory = Path(effect.directory)
        try:
            outcome = world.executor.collect(directory)
        except BadInput as error:
            kept = _kept_before(directory)
            if kept:
                world.mirror(task.repo_id).import_bundle(directory / "work.bundle", kept)
            return [_lost(world, effect, error.message)]
        if (outcome.round, outcome.number) != (effect.round, effect.attempt):
            return [_lost(world, effect, "The outcome belongs to another attempt.")]
        if outcome.kept:
            mirror = world.mirror(task.repo_id)
            mirror.import_bundle(directory / "work.bundle", outcome.kept)
        return [_ended(world, effect, task, outcome)]

    def probe(self, world: World, effect: AcceptOutcome, intent: Intent) -> Resolution:
        return ABSENT  # nothing outside changes, and taking it over again is harmless


class _Snapshot(BaseModel):
    kept: tuple[KeptRef, ...] = ()


def _kept_before(directory: Path) -> tuple[KeptRef, ...]:
    """What the runner had kept of the work before it died without an outcome."""
    try:
        return _Snapshot.model_validate_json((directory / "snapshot.json").read_bytes()).kept
    except (OSError, ValidationError):
        return ()


def _lost(world: World, effect: AcceptOutcome, detail: str) -> Event:
    code = FailureCode.LOST.value
    data = {"code": code, "detail": detail, "signature": f"{code}:no outcome"}
    return world.fact(effect, EventKind.ATTEMPT_ENDED, data, attempt=effect.attempt)


def _ended(world: World, effect: AcceptOutcome, task: Task, outcome: Outcome) -> Event:
    attempt = next(a for a in task.attempts if a.number == effect.attempt)
    data: dict[str, object] = {
        "detail": outcome.detail,
        "signature": outcome.signature,
        "head": outcome.head,
        "seconds": (outcome.ended_at - outcome.started_at).total_seconds(),
        "sandbox": outcome.sandbox,
        "findings": outcome.findings.model_dump(exclude_defaults=True),
    }
    moved = attempt.kind is not Kind.IMPLEMENT and attempt.start != task.branch_head
    if outcome.code is not None:
        data |= {"code": outcome.code.value, "charged": charged(outcome.code)}
        data["handoff"] = outcome.handoff.model_dump()
    elif moved or outcome.head is None or outcome.evidence is None:
        data |= {"code": FailureCode.CONFLICT.value, "charged": False}
        data |= {"detail": "The branch moved while the attempt ran; its work is kept."}
    else:
        data["result"] = {
            "head": outcome.head,
            "base": outcome.base,
            "text_hash": attempt.text_hash,
            "attempt": attempt.number,
            "summary": outcome.summary,
            "evidence": outcome.evidence.model_dump(mode="json"),
        }
    return world.fact(effect, EventKind.ATTEMPT_ENDED, data, attempt=effect.attempt)


def _memory(world: World, task: Task, base: str) -> tuple[list[str], str]:
    """(what earlier tasks taught, the repository's CODEBASE.md)."""
    with world.store.read() as tx:
        lessons = log.lessons(tx, task.repo_id, limit=10)
    try:
        memory = world.mirror(task.repo_id).read_file(base, "CODEBASE.md")
    except BadInput:
        memory = None
    return lessons, (memory or b"").decode(errors="replace")


def _note_base(world: World, repo_id: int, base: str) -> None:
    """What an attempt starts from is the newest base that we know of."""
    with world.store.write() as tx:
        row = repositories.get(tx, repo_id)
        if row and row.base_head != base:
            repositories.put(world.store, tx, row.model_copy(update={"base_head": base}))


def _agent_order(world: World, name: str) -> AgentOrder | None:
    if not name:
        return None
    settings: AgentSettings | None = world.config.agents.get(name)
    if settings is None:
        raise ConfigError(f"The agent `{name}` is not defined in the config any more.")
    return AgentOrder(
        name=name,
        driver=settings.driver,
        command=settings.command,
        env=settings.env,
        read_only=tuple(str(p) for p in settings.read_only),
    )


def _repository_file(mirror: Mirror, base: str) -> RepositoryFile:
    for path in PATHS:
        content = mirror.read_file(base, path)
        if content is not None:
            return parse_repository_file(content, path)
    return RepositoryFile()


def _gates(world: World, task: Task, settings: RepositoryFile) -> GateOrder:
    limits = world.config.limits
    return GateOrder(
        setup=settings.setup,
        checks=settings.named_checks,
        protected_paths=settings.protected,
        max_files=limits.changed_files,
        max_lines=limits.changed_lines,
        tests_may_change=task.tests_may_change,
        check_seconds=max(1, round(limits.check_minutes * 60)),
    )


def _sandbox(world: World, task: Task) -> Literal["auto", "bwrap", "none"]:
    settings = world.config.repository(task.repo)
    return (settings.sandbox if settings else None) or world.config.sandbox


def _refresh_failed(task: Task) -> bool:
    """Whether the newest attempt was a refresh that did not pass: a plain merge won't do."""
    last = task.attempts[-1] if task.attempts else None
    return last is not None and last.kind is Kind.REFRESH and last.code is not None
