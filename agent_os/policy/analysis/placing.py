"""Findings about this installation that no repository is there for: noted, so that reports tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from agent_os.domain.effects import Record
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.signals import Place, Signal, SignalOutcome
from agent_os.domain.tasks import TaskKey
from agent_os.policy.neutral import harmless

#: The repository's own are filed there.
ELSEWHERE = frozenset({Place.CONFIG, Place.PROGRAM})
REASON = "`improvement.home` names no repository that is worked on"


def unplaced(
    signals: Sequence[Signal], outcomes: Mapping[str, str], repo_id: int, now: datetime
) -> Record | None:
    """The outcomes that changed; `outcomes`: `OUTCOME: reason` last recorded, by signal."""
    said = f"{SignalOutcome.NO_PLACE.value}: {REASON}"
    events = tuple(_event(one, repo_id, now) for one in signals if outcomes.get(one.id) != said)
    return Record(key=TaskKey(repo_id, DESK), events=events) if events else None


def _event(signal: Signal, repo_id: int, now: datetime) -> Event:
    return Event(
        kind=EventKind.SIGNAL_SEEN,
        at=now,
        repo_id=repo_id,
        number=DESK,
        data={
            "signal": signal.id,
            "by": signal.by,
            "title": harmless(signal.title),
            "outcome": SignalOutcome.NO_PLACE.value,
            "reason": REASON,
        },
    )
