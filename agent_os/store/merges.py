"""What became of our pull requests, read from the log: whose work was merged, and what lasted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

import sqlalchemy as sa

from agent_os.domain.effects import MergePull
from agent_os.domain.events import EventKind
from agent_os.domain.health import Verdict
from agent_os.store import schema

_e, _i, _t = schema.events.c, schema.intents.c, schema.trials.c
#: More rounds of one agent are not looked through.
_MOST = 500


def count(tx: sa.Connection, repo_id: int, agent: str, model: str, most: int) -> int:
    """How many rounds with work of this agent, by this model, were merged in the repository and
    not reverted; counting ends at `most`."""
    query = (
        sa.select(_t.number, _t.round)
        .where(_t.repo_id == repo_id, _t.agent == agent, _t.verdict == Verdict.MERGED)
        .group_by(_t.number, _t.round)
        .order_by(sa.func.max(_t.at).desc())
        .limit(_MOST)
    )
    found = 0
    for row in tx.execute(query).all():
        if found >= most:
            break
        found += any(
            (a.get("agent"), a.get("model", "")) == (agent, model)
            for a in _attempts(tx, repo_id, row.number, row.round)
        )
    return found


def _attempts(
    tx: sa.Connection, repo_id: int, number: int, round_: int
) -> Iterator[dict[str, object]]:
    """Those of one round; its directory's name says which."""
    query = sa.select(_e.data).where(
        _e.repo_id == repo_id, _e.number == number, _e.kind == EventKind.ATTEMPT_STARTED.value
    )
    for (data,) in tx.execute(query):
        attempt = json.loads(data)["attempt"]
        if PurePath(attempt["directory"]).name.partition(".")[0] == str(round_):
            yield attempt


@dataclass(frozen=True)
class Landed:
    """What people did with a pull request of ours. `at` is when we saw it."""

    number: int
    at: datetime
    merged: bool
    """Else it was closed."""
    reverted: bool = False

    @property
    def failed(self) -> bool:
        return self.reverted or not self.merged


def by_people(tx: sa.Connection, repo_id: int) -> list[Landed]:
    """Pull requests that people merged or closed, oldest first; none of an issue that we ever
    merged for ourselves."""
    ours = sa.select(_i.number).where(_i.repo_id == repo_id, _i.kind == MergePull.kind)
    kinds = (EventKind.PULL_MERGED, EventKind.PULL_CLOSED, EventKind.REVERTED)
    query = (
        sa.select(_e.number, _e.kind, _e.at, _e.data)
        .where(_e.repo_id == repo_id, _e.kind.in_([k.value for k in kinds]))
        .where(_e.number.not_in(ours))
        .order_by(_e.seq)
    )
    found: list[Landed] = []
    reverted: set[str] = set()
    shas: dict[int, str] = {}
    for row in tx.execute(query):
        data = json.loads(row.data)
        if row.kind == EventKind.REVERTED:
            reverted.add(data["sha"])
        elif row.kind == EventKind.PULL_MERGED:
            shas[len(found)] = data["sha"]
            found.append(Landed(row.number, row.at, merged=True))
        elif data.get("by"):  # our own closes name nobody
            found.append(Landed(row.number, row.at, merged=False))
    return [
        Landed(one.number, one.at, one.merged, shas.get(place) in reverted)
        for place, one in enumerate(found)
    ]
