"""What work that the organization gave itself cost in a week: kept with its events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent_os.domain.events import EventKind
from agent_os.domain.usage import Spent
from agent_os.store import log, trials
from agent_os.store.database import Store
from tests.contract import stores
from tests.unit.making import NOW, event, requested, running


@pytest.fixture(params=stores.KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from stores.opened(request.param, tmp_path)


def test_own_attempts_count_for_their_week_and_day_peoples_for_the_day(store: Store) -> None:
    started = running().model_dump(mode="json")
    spent = Spent(turns=1, usd=0.5).model_dump(mode="json")
    attempt = [
        event(EventKind.ATTEMPT_STARTED, _attempt=1, attempt=started),
        event(EventKind.ATTEMPT_ENDED, NOW, _attempt=1, code="", detail="", spent=spent),
    ]
    with store.write() as tx:
        log.append(store, tx, [requested(signal="analyzer:1:x"), *attempt])
        assert trials.spent_by_itself(tx, NOW) == trials.spent_on(tx, NOW) == 0.5
        assert trials.spent_by_itself(tx, NOW + timedelta(days=7)) == 0
        log.append(store, tx, [event(EventKind.REQUEST_REPEATED, actor="alice", status="queued")])
        again = [e.model_copy(update={"attempt": 1}) for e in attempt]
        log.append(store, tx, again)
        assert (trials.spent_by_itself(tx, NOW), trials.spent_on(tx, NOW)) == (0.5, 1.0)
        log.rebuild(store, tx)
        assert (trials.spent_by_itself(tx, NOW), trials.spent_on(tx, NOW)) == (0.5, 1.0)
