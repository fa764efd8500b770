"""Attempts: ordered and started, and asked to stop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypedDict

from agent_os.domain.attempts import Kind, Order
from agent_os.domain.effects import StartAttempt, StopAttempt
from agent_os.domain.events import EventKind
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Task
from agent_os.effects import remembering, triages
from agent_os.effects.accounts import keys
from agent_os.effects.orders import make_order, write_order
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.store.intents import Intent

#: The runner's own environment; agents get less (see the driver).
_RUNNER_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class AttemptStarter:
    """Writes the order and starts the runner. The base is the branch as it is at this moment."""

    def perform(self, world: World, effect: StartAttempt, intent: str) -> Facts:
        task = world.task(effect.key)
        directory = self._directory(world, task, effect)
        if not effect.resume:
            order = make_order(world, task, effect)
            write_order(world, task, effect, directory, order)
        world.executor.start(directory, self._environment(world, effect))
        if effect.resume:
            return []
        return self._facts(world, effect, task, directory)

    def probe(self, world: World, effect: StartAttempt, intent: Intent) -> Resolution:
        task = world.task(effect.key)
        directory = self._directory(world, task, effect)
        process = world.executor.poll(directory)
        # A resume finds the lost runner's traces: that it was started again, they don't say.
        if process in ("absent", "unknown") or (effect.resume and process == "lost"):
            return ABSENT
        return done() if effect.resume else done(*self._facts(world, effect, task, directory))

    @staticmethod
    def _directory(world: World, task: Task, effect: StartAttempt) -> Path:
        """That of a running attempt is recorded: its repository may have another name by now."""
        if effect.resume and task.running is not None:
            return Path(task.running.directory)
        return world.attempt_dir(task, effect.attempt)

    @staticmethod
    def _environment(world: World, effect: StartAttempt) -> dict[str, str]:
        """The runner's: what agents may see, and the keys of the providers that it needs."""
        names: list[str] = [*_RUNNER_ENV]
        accounts: list[str] = []
        thinks = effect.attempt_kind is Kind.TRIAGE
        if thinks and (model := world.config.thinker("dispatcher")):
            accounts.append(model.provider)
        for agent in () if thinks else (effect.agent, *effect.reviewers):
            settings = world.config.agents.get(agent)
            names += settings.env if settings else ()
            accounts.append((settings.provider if settings else "") or "")
        seen = {name: os.environ[name] for name in names if name in os.environ}
        return seen | keys(world, *accounts)

    @staticmethod
    def _facts(world: World, effect: StartAttempt, task: Task, directory: Path) -> Facts:
        order = Order.model_validate_json((directory / "order.json").read_bytes())
        thinks = effect.attempt_kind is Kind.TRIAGE
        attempt = Attempt(
            number=effect.attempt,
            kind=effect.attempt_kind,
            agent=effect.agent,
            directory=str(directory),
            base=order.base,
            start=order.start,
            started_at=world.clock.now(),
            deadline=order.limits.deadline,
            text_hash=_text_hash(task, effect),
            cap_usd=effect.cap_usd,
            reviewers=effect.reviewers,
            verifies=effect.verifies,
            sandbox="none" if order.sandbox == "none" and not thinks else "",
            **(_thinkers(world) if thinks else _account(world, effect.agent, effect.reviewers)),
        )
        data = {"attempt": attempt.model_dump(mode="json")}
        started = world.fact(effect, EventKind.ATTEMPT_STARTED, data, attempt=effect.attempt)
        return [started, *remembering.told(world, effect, order.lessons)]


def _text_hash(task: Task, effect: StartAttempt) -> str:
    """Of the text that the work is for; work that was kept is for the text that it was done by."""
    if effect.attempt_kind is Kind.TRIAGE:
        return task.spec.fingerprint
    done = next((a for a in task.attempts if a.number == effect.verifies), None)
    return done.text_hash if done else task.spec.text_hash


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


class _Account(TypedDict):
    provider: str
    model: str
    key_mark: str
    own_login: bool


def _thinkers(world: World) -> _Account:
    """That of the model that reads issues."""
    model = triages.thinker(world)
    mark = world.key_marks.get(model.provider, "")
    return {
        "provider": model.provider,
        "model": model.model,
        "key_mark": mark,
        "own_login": False,
    }


def _account(world: World, agent: str, reviewers: tuple[str, ...]) -> _Account:
    """Whose models the attempt uses. The owner's login counts wherever somebody can read it."""
    settings = world.config.agents.get(agent)
    everyone = [world.config.agents.get(name) for name in (agent, *reviewers)]
    lent = any(one is not None and one.credentials == "own" for one in everyone)
    if settings is None or not settings.uses_model:
        return {"provider": "", "model": "", "key_mark": "", "own_login": lent}
    provider = settings.provider or f"{settings.driver}-login"
    return {
        "provider": provider,
        "model": settings.model,
        "key_mark": world.key_marks.get(provider, ""),
        "own_login": lent,
    }
