"""Intent, perform, fact. One effect at a time; a task with an unresolved intent gets no other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
import structlog

from agent_os.domain import errors
from agent_os.domain.clock import still_ahead
from agent_os.domain.effects import (
    DeskEffect,
    Effect,
    Record,
    Step,
    StopAttempt,
    request_of,
)
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Task
from agent_os.effects.failpoints import failpoint
from agent_os.effects.performer import Facts
from agent_os.effects.redaction import cleaned, names_a_secret
from agent_os.effects.registry import LOCAL, OVER_GIT, PERFORMERS
from agent_os.effects.world import World
from agent_os.store import declined, intents, leases, log, repositories, signals, tasks
from agent_os.store.intents import Intent, State
from agent_os.store.leases import Lease

_log = structlog.get_logger()
_MOST_FAILURES = 4
#: A process that was held up for longer (a suspended machine) leaves its intent to the resolver:
#: another process may have found already that nothing happened, and have done it instead.
_START_WITHIN = timedelta(seconds=30)
_LONGEST_BACKOFF = timedelta(hours=1)


@dataclass(frozen=True)
class Applied:
    """`changed`: others look too. `again`: so does this job, at once. `failed`: this task's turn
    is over."""

    changed: bool = False
    again: bool = False
    failed: bool = False


class Applier:
    def __init__(self, world: World, lease: Lease) -> None:
        self.world = world
        self.store = world.store
        self.lease = lease

    def apply(self, step: Step, seen: int) -> Applied:
        """`seen` is the task's newest event at the time of the decision; LeaseLost may be raised.

        RateLimited and TokenRefused are raised too: they stop the whole repository.
        """
        if isinstance(step, Record):
            return self._record(step, seen)
        return self._perform(step, seen)

    def _record(self, step: Record, seen: int) -> Applied:
        with self.store.write() as tx:
            leases.check(tx, self.lease)
            if tasks.seq(tx, step.key) != seen:
                return Applied(changed=True, again=True)
            log.append(self.store, tx, [e for e in step.events if self._is_new(tx, e)])
            if any(e.kind is EventKind.REQUESTED for e in step.events):
                declined.remove(tx, step.key)
            signals.consume(self.store, tx, step.key.repo_id, step.consumes)
        failpoint("record")
        # That a task waits is shown to people; nobody decides otherwise for it.
        again = any(e.kind is not EventKind.WAITING for e in step.events)
        return Applied(changed=bool(step.events), again=again)

    def _is_new(self, tx: sa.Connection, event: Event) -> bool:
        """An incident is opened once per signal, ever; a refusal is written when it changes."""
        event = event.model_copy(update={"data": log.redacted(self.store, event.data)})
        if event.kind is EventKind.INCIDENT:
            return signals.raise_once(self.store, tx, event.data["signal"], event.data)
        if event.kind is EventKind.DECLINED and event.key:
            data, at = event.data, event.at
            row = declined.Declined(
                event.key,
                data["repo"],
                data["title"],
                Reason(data["reason"]),
                data["detail"],
                at,
                at,
            )
            return declined.put(self.store, tx, row)
        return True

    def _perform(self, effect: Effect, seen: int) -> Applied:
        if not isinstance(effect, LOCAL):
            self.world.client.governor.check()
        if kinds := names_a_secret(effect, self.world.finder):
            return self._refuse(effect, seen, kinds)
        effect, hidden = cleaned(effect, self.world.finder)
        intent = self._intend(effect, seen, hidden)
        if intent is None:
            return Applied(failed=True)
        failpoint(f"{effect.kind}.intended")
        if self._held_up(intent):
            _log.warning("held_up", effect=effect.kind, task=effect.name)
            return Applied(failed=True)
        performer = PERFORMERS[type(effect)]
        try:
            facts = performer.perform(self.world, effect, intent.id)
        except (errors.GitHubUnreachable, errors.NoticeUnanswered) as error:
            return self._unanswered(intent, error)
        except errors.GitError as error:
            if isinstance(effect, OVER_GIT):
                return self._unanswered(intent, error)
            return self._failed(intent, error)
        except errors.AgentOSError as error:
            return self._failed(intent, error)
        except (OSError, LookupError, TypeError, ValueError) as error:
            # A full disk, or an answer of a shape that nobody expected: one task's trouble.
            _log.warning("effect_crashed", effect=effect.kind, task=effect.name, exc_info=True)
            said = errors.AgentOSError(f"{type(error).__name__}: {error}"[:500])
            is_local = isinstance(effect, LOCAL)
            return self._failed(intent, said) if is_local else self._unanswered(intent, said)
        failpoint(f"{effect.kind}.performed")
        self._settle(intent, State.DONE, facts)
        failpoint(f"{effect.kind}.recorded")
        moved = not isinstance(effect, StopAttempt)
        return Applied(changed=moved, again=moved)

    def _held_up(self, intent: Intent) -> bool:
        with self.store.read() as tx:
            return self.store.now(tx) - intent.at > _START_WITHIN

    def _refuse(self, effect: Effect, seen: int, kinds: tuple[str, ...]) -> Applied:
        """A name can't be written without a part of it: a person has to look."""
        _log.warning("secret_in_name", effect=effect.kind, task=effect.name)
        detail = f"What `{effect.kind}` would write has a secret in a name: {', '.join(kinds)}."
        step = "Remove the secret from the task or the repository; rotate it."
        hold = {"reason": FailureCode.SECRET_FOUND, "detail": detail, "next_step": step}
        with self.store.write() as tx:
            leases.check(tx, self.lease)
            task = tasks.get(tx, effect.key)
            if task is not None and task.hold is None and tasks.seq(tx, effect.key) == seen:
                log.append(self.store, tx, [self.world.fact(effect, EventKind.HELD, hold)])
        return Applied(failed=True)

    def _intend(self, effect: Effect, seen: int, hidden: tuple[str, ...]) -> Intent | None:
        """The intent, in the transaction that checks fence and precondition; None: not now."""
        with self.store.write() as tx:
            leases.check(tx, self.lease)
            task = tasks.get(tx, effect.key)
            gone = task is None and not isinstance(effect, DeskEffect)
            outdated = gone or tasks.seq(tx, effect.key) != seen
            busy = any(i.effect.key == effect.key for i in intents.unresolved(tx))
            if outdated or busy or (task and self._backing_off(task, effect)):
                return None
            if hidden:
                data = {"effect": effect.kind, "kinds": list(hidden)}
                said = self.world.fact(effect, EventKind.SECRET_HIDDEN, data)
                log.append(self.store, tx, [said])
            return intents.add(self.store, tx, effect, self.lease.name, self.lease.fence)

    def _backing_off(self, task: Task, effect: Effect) -> bool:
        waiting = task.waiting
        if waiting is None or waiting.until is None or isinstance(effect, StopAttempt):
            return False
        failed = waiting.reason is Reason.EFFECT_FAILED
        return failed and still_ahead(waiting.until, self.world.clock.now())

    def _settle(self, intent: Intent, state: State, facts: Facts) -> None:
        with self.store.write() as tx:
            if not intents.end(self.store, tx, intent.id, state):
                return
            log.append(self.store, tx, facts)
            task = tasks.get(tx, intent.effect.key)
            if task and task.waiting and task.waiting.reason is Reason.EFFECT_FAILED:
                log.append(self.store, tx, [self._event(intent, EventKind.WAITING, reason="")])

    def _unanswered(self, intent: Intent, error: errors.AgentOSError) -> Applied:
        _log.warning("effect_unanswered", effect=intent.effect.kind, task=intent.effect.name)
        with self.store.write() as tx:
            intents.unanswered(self.store, tx, intent.id)
            data = {"effect": intent.effect.kind, "error": error.message}
            log.append(self.store, tx, [self._event(intent, EventKind.EFFECT_UNANSWERED, **data)])
        return Applied(failed=True)

    def _failed(self, intent: Intent, error: errors.AgentOSError) -> Applied:
        """It did not happen: the task waits, and a person is told when it goes on failing."""
        effect = intent.effect
        _log.warning("effect_failed", effect=effect.kind, task=effect.name, error=str(error))
        with self.store.write() as tx:
            intents.end(self.store, tx, intent.id, State.FAILED)
            failures = intents.consecutive_failures(tx, effect)
            task = tasks.get(tx, effect.key)
            held = task is not None and task.hold is not None
            log.append(self.store, tx, self._after_failure(failures, held, intent, error))
            if isinstance(error, errors.OwnedElsewhere):
                repositories.taken_away(self.store, tx, effect.repo_id, error.message)
            if isinstance(error, errors.NotFound | errors.NotPermitted | errors.Moved):
                repositories.look_again(self.store, tx, effect.repo_id)
        if isinstance(error, errors.RateLimited | errors.TokenRefused):
            raise error
        return Applied(failed=True)

    def _after_failure(
        self, failures: int, held: bool, intent: Intent, error: errors.AgentOSError
    ) -> list[Event]:
        effect, now = intent.effect, self.world.clock.now()
        data = {"effect": effect.kind, "code": error.code, "error": error.message}
        events = [self._event(intent, EventKind.EFFECT_FAILED, **data)]
        permanent = isinstance(error, errors.ConfigError | errors.BadInput)
        refused = isinstance(error, errors.NotPermitted | errors.Conflict)
        if isinstance(error, errors.RateLimited | errors.TokenRefused | errors.OwnedElsewhere):
            return events  # what stops the whole repository is no trouble of this task
        if isinstance(effect, DeskEffect):
            return events  # the job that wanted it wants it again when it is due next
        asked = request_of(effect)
        if asked and (permanent or refused or failures >= _MOST_FAILURES):
            # What an agent wished for is not worth a person's time.
            ended = {"asked": asked, "refused": f"it could not be done: {error.message}"}
            return [*events, self._event(intent, EventKind.REQUEST_ENDED, **ended)]
        if not held and (permanent or failures >= _MOST_FAILURES):
            step = error.next_step or "Mend the cause, then label the issue Ready."
            hold = {"reason": error.code, "detail": error.message, "next_step": step}
            return [*events, self._event(intent, EventKind.HELD, **hold)]
        pause = timedelta(seconds=self.world.config.limits.backoff_seconds) * 2 ** (failures - 1)
        until = now + min(pause, _LONGEST_BACKOFF)
        wait = {"reason": Reason.EFFECT_FAILED, "detail": error.message, "until": until.isoformat()}
        return [*events, self._event(intent, EventKind.WAITING, **wait)]

    def _event(self, intent: Intent, kind: EventKind, /, **data: object) -> Event:
        return self.world.fact(intent.effect, kind, data)
