"""What is used of GitHub's hourly limits, written into the log once an hour."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.events import EventKind
from agent_os.effects.world import World
from agent_os.policy.metrics import api_use
from agent_os.policy.metrics.api_use import ApiUse
from agent_os.store import log

_MOST_RESOURCES = 20
_MOST_HOURS = 20_000


def note(world: World) -> None:
    """From the headers of the answers that this process has got; most of the time it is nothing."""
    governor = world.client.governor
    seen, github_now, now = governor.allowances(), governor.github_now(), world.clock.now()
    if not api_use.to_record(seen, (), github_now, now):
        return
    with world.store.write() as tx:
        known = log.history(tx, kinds=(EventKind.API_USED,), limit=_MOST_RESOURCES)
        fresh = api_use.to_record(seen, [event for _, event in known], github_now, now)
        log.append(world.store, tx, fresh)


def used(world: World, since: datetime, until: datetime) -> list[ApiUse]:
    """Of this installation's token as a whole: GitHub counts by token, not by repository."""
    with world.store.read() as tx:
        events = log.history(tx, kinds=(EventKind.API_USED,), limit=_MOST_HOURS)
    return api_use.measured([event for _, event in events if since <= event.at <= until])
