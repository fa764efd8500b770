"""What the log analyzer looks at: the record of the last weeks, and what was filed and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agent_os.domain.events import Event, EventKind
from agent_os.effects.world import World
from agent_os.jobs import desk, measuring
from agent_os.policy.analysis.record import HISTORY, History, LessonTold, Managed, ProviderSeen
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.store import log, memory, repositories
from agent_os.store.repositories import Repository

_MOST_EVENTS = 5_000
_TOLD = "evidence:"


@dataclass(frozen=True)
class Recollection:
    history: History
    told: Mapping[str, datetime]
    """By signal: when its issue was filed, or told of it last."""
    filed: Mapping[str, int]
    """By signal: the number of its issue."""


def recollect(world: World) -> Recollection:
    """Of all repositories: agents and providers are the same in each."""
    now = world.clock.now()
    with world.store.read() as tx:
        rows = [row for row in repositories.listed(tx) if _worked_on(world, row)]
        home = next((row for row in rows if row.name.lower() == _home(world)), None)
        told, filed = _told(tx, rows)
        providers = _providers(tx, now)
        lessons = [one for row in rows for one in _lessons(tx, row.repo_id, now)]
    managed = {
        row.repo_id: Managed(repo_id=row.repo_id, name=row.name, url=row.address) for row in rows
    }
    history = History(
        now=now,
        rows=_rounds(world, managed, now),
        managed=managed,
        home=home.repo_id if home else None,
        owners_prompts=world.config.prompts is not None,
        providers=providers,
        lessons=lessons,
    )
    return Recollection(history, told, filed)


def _home(world: World) -> str:
    return world.config.improvement.home.lower()


def _worked_on(world: World, row: Repository) -> bool:
    return not row.frozen and world.config.rules(row.name) is not None


def _rounds(world: World, managed: Mapping[int, Managed], now: datetime) -> list[RoundRow]:
    found = measuring.rows(world, since=now - HISTORY)
    return [row for row in found if row.repo_id in managed]


def _told(
    tx: sa.Connection, rows: Sequence[Repository]
) -> tuple[dict[str, datetime], dict[str, int]]:
    told: dict[str, datetime] = {}
    filed: dict[str, int] = {}
    for row in rows:
        signals: dict[int, list[str]] = {}
        for _, event in desk.events(tx, row.repo_id, (EventKind.ISSUE_FILED, EventKind.ISSUE_TOLD)):
            if event.kind is EventKind.ISSUE_FILED:
                name, number = event.data["signal"], int(event.data["number"])
                signals.setdefault(number, []).append(name)
                told[name], filed[name] = event.at, number
            elif event.data["purpose"].startswith(_TOLD):
                told |= dict.fromkeys(signals.get(event.number or 0, ()), event.at)
    return told, filed


def _providers(tx: sa.Connection, now: datetime) -> list[ProviderSeen]:
    found = log.history(tx, kinds=(EventKind.PROVIDER_SEEN,), limit=_MOST_EVENTS)
    return [_provider(event) for _, event in found if event.at >= now - HISTORY]


def _provider(event: Event) -> ProviderSeen:
    return ProviderSeen(
        name=event.data["name"],
        code=event.data.get("code"),
        detail=str(event.data.get("detail", "")),
        at=event.at,
        repo_id=event.repo_id,
        number=event.number,
    )


def _lessons(tx: sa.Connection, repo_id: int, now: datetime) -> list[LessonTold]:
    """Uses of lessons that are still told."""
    since = now - HISTORY
    events = log.of_repository(tx, repo_id, (EventKind.LESSON_USED,), _MOST_EVENTS, since)
    names = {name for _, event in events for name in event.data.get("lessons", ())}
    texts = {name: one.text for name in names if (one := memory.get(tx, name)) and not one.ended_at}
    return [
        LessonTold(
            repo_id=repo_id,
            number=event.number or 0,
            round=int(event.data.get("round", 1)),
            attempt=event.attempt or 0,
            lesson=name,
            text=texts[name],
        )
        for _, event in events
        for name in event.data.get("lessons", ())
        if name in texts
    ]
