"""Intents: what we were about to change outside. An unresolved one stops all else on its task."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from agent_os.domain.effects import EFFECTS, Effect, StartAttempt
from agent_os.domain.tasks import Task, TaskKey
from agent_os.store import schema
from agent_os.store.database import Store

_i = schema.intents.c


class State(StrEnum):
    OPEN = "open"
    """Committed; its performer may be at work, or dead."""
    UNANSWERED = "unanswered"
    """The request ended without an answer: it may have happened."""
    DONE = "done"
    FAILED = "failed"
    """GitHub refused it: it did not happen."""
    ABSENT = "absent"
    """It is proven that it did not happen; it may be wanted again."""
    UNDONE = "undone"
    """It happened, and a person undid it."""


UNRESOLVED = (State.OPEN, State.UNANSWERED)
# Made once: to put a statement together takes longer than SQLite needs to run it.
_UNRESOLVED = sa.select(schema.intents).where(_i.state.in_(UNRESOLVED)).order_by(_i.at)
_UNRESOLVED_TASKS = sa.select(_i.repo_id, _i.number).where(_i.state.in_(UNRESOLVED)).distinct()


@dataclass(frozen=True)
class Intent:
    id: str
    effect: Effect
    owner: str
    at: datetime
    state: State
    ended_at: datetime | None


def add(store: Store, tx: sa.Connection, effect: Effect, lease: str, fence: int) -> Intent:
    """Write an intent; its key `task/round/kind/n` counts those of the same kind before it."""
    prefix = f"{effect.repo_id}#{effect.number}/{effect.round}/{effect.kind}/"
    same = sa.select(sa.func.count()).where(
        _i.repo_id == effect.repo_id, _i.number == effect.number, _i.key.startswith(prefix)
    )
    count = tx.execute(same).scalar_one()
    intent = Intent(store.ids.new(), effect, store.owner, store.now(tx), State.OPEN, None)
    row = {
        "id": intent.id,
        "installation": store.installation,
        "key": f"{prefix}{count + 1}",
        "repo_id": effect.repo_id,
        "number": effect.number,
        "kind": effect.kind,
        "effect": effect.model_dump_json(),
        "owner": intent.owner,
        "lease": lease,
        "fence": fence,
        "at": intent.at,
        "state": intent.state.value,
    }
    tx.execute(schema.intents.insert().values(row))
    return intent


def end(store: Store, tx: sa.Connection, intent_id: str, state: State) -> bool:
    """Move an unresolved intent to `state`. False when someone else has resolved it already."""
    update = schema.intents.update().where(_i.id == intent_id, _i.state.in_(UNRESOLVED))
    return tx.execute(update.values(state=state.value, ended_at=store.now(tx))).rowcount == 1


def unanswered(store: Store, tx: sa.Connection, intent_id: str) -> None:
    """The request has ended without an answer; nothing when it was resolved meanwhile."""
    values = {"state": State.UNANSWERED.value, "ended_at": store.now(tx)}
    update = schema.intents.update().where(_i.id == intent_id, _i.state.in_(UNRESOLVED))
    tx.execute(update.values(values))


def unresolved(tx: sa.Connection, *, repo_id: int | None = None) -> list[Intent]:
    query = _UNRESOLVED
    if repo_id is not None:
        query = query.where(_i.repo_id == repo_id)
    return [_intent(r) for r in tx.execute(query)]


def unresolved_tasks(tx: sa.Connection) -> set[TaskKey]:
    return {TaskKey(r.repo_id, r.number) for r in tx.execute(_UNRESOLVED_TASKS)}


def of_task(tx: sa.Connection, key: TaskKey, kinds: tuple[str, ...]) -> list[Intent]:
    """Every intent of these kinds on the task, oldest first."""
    query = sa.select(schema.intents).where(
        _i.repo_id == key.repo_id, _i.number == key.number, _i.kind.in_(kinds)
    )
    return [_intent(r) for r in tx.execute(query.order_by(_i.at))]


def recent(tx: sa.Connection, repo_id: int, since: datetime) -> list[Intent]:
    """Those of a repository written since then, oldest first."""
    query = sa.select(schema.intents).where(_i.repo_id == repo_id, _i.at >= since)
    return [_intent(r) for r in tx.execute(query.order_by(_i.at))]


def consecutive_failures(tx: sa.Connection, effect: Effect) -> int:
    """How often the newest intents of this kind on the task failed in a row."""
    query = (
        sa.select(_i.state)
        .where(_i.repo_id == effect.repo_id, _i.number == effect.number, _i.kind == effect.kind)
        .order_by(_i.at.desc())
        .limit(20)
    )
    count = 0
    for (state,) in tx.execute(query):
        if state != State.FAILED:
            break
        count += 1
    return count


def resumes(tx: sa.Connection, task: Task) -> int:
    """How often we started the runner of the task's running attempt again, or may have."""
    number = task.running.number if task.running else 0
    meant = of_task(tx, task.key, (StartAttempt.kind,))
    started = [i.effect for i in meant if i.state is not State.ABSENT]
    same = [e for e in started if isinstance(e, StartAttempt) and e.round == task.round]
    return sum(e.resume and e.attempt == number for e in same)


def add_echo(store: Store, tx: sa.Connection, intent: str, what: str, event_id: int) -> None:
    """Note that an issue event is the trace of our own effect; each effect leaves one of each.

    Two jobs may see the same trace at the same time: the first note stays.
    """
    if (intent, what) in echoes(tx, [intent]):
        return
    row = {"intent": intent, "what": what, "event_id": event_id}
    tx.execute(schema.echoes.insert().values(installation=store.installation, **row))


def echoes(tx: sa.Connection, intent_ids: list[str]) -> set[tuple[str, str]]:
    e = schema.echoes.c
    rows = tx.execute(sa.select(e.intent, e.what).where(e.intent.in_(intent_ids)))
    return {(r.intent, r.what) for r in rows}


def _intent(row: sa.Row[tuple[object, ...]]) -> Intent:
    effect = EFFECTS[row.kind].model_validate(json.loads(row.effect))
    return Intent(row.id, effect, row.owner, row.at, State(row.state), row.ended_at)
