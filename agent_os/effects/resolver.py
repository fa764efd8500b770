"""After a crash or a lost answer: find out whether an effect happened. Never blindly finish it."""

from __future__ import annotations

from datetime import timedelta

import structlog

from agent_os.domain.events import EventKind
from agent_os.effects.performer import Found, Resolution
from agent_os.effects.registry import LOCAL, PERFORMERS
from agent_os.effects.world import World
from agent_os.store import intents, log, owner
from agent_os.store.intents import Intent, State

_log = structlog.get_logger()
#: A living owner's intent is left to it for so long after the request's own timeout.
_OWNER_GRACE = timedelta(seconds=60)
_STATES = {Found.DONE: State.DONE, Found.UNDONE: State.UNDONE, Found.ABSENT: State.ABSENT}


def resolve_all(world: World, repo_id: int) -> bool:
    """Resolve what can be resolved of a repository's intents. True when something was."""
    with world.store.read() as tx:
        found = intents.unresolved(tx, repo_id=repo_id)
    return any([_resolve(world, intent) for intent in found if _may_look(world, intent)])


def _may_look(world: World, intent: Intent) -> bool:
    """Whether the request can no longer be under way, and GitHub has had time to settle."""
    with world.store.read() as tx:
        now = world.store.now(tx)
    settings = world.config.github
    settle = timedelta(seconds=0 if isinstance(intent.effect, LOCAL) else settings.settle_seconds)
    since = intent.ended_at or intent.at
    dead = owner.is_dead(intent.owner)
    if intent.state is State.OPEN and not dead:
        timeout = timedelta(seconds=settings.request_timeout_seconds)
        return now >= since + timeout + _OWNER_GRACE + settle
    if settle and (intent.state is State.OPEN or since > now):
        # Its owner may have died at this moment, with the request under way; or the clock was set
        # back. The wait is counted from here.
        with world.store.write() as tx:
            intents.unanswered(world.store, tx, intent.id)
        return False
    # Without a wait there is none for a clock that was set back either.
    return not settle or now >= since + settle


def _resolve(world: World, intent: Intent) -> bool:
    effect = intent.effect
    resolution: Resolution = PERFORMERS[type(effect)].probe(world, effect, intent)
    _log.info("intent_resolved", effect=effect.kind, task=effect.name, found=resolution.found)
    if resolution.found is Found.UNKNOWN:
        return False
    with world.store.write() as tx:
        if not intents.end(world.store, tx, intent.id, _STATES[resolution.found]):
            return False
        data = {"effect": effect.kind, "found": resolution.found.value}
        noted = world.fact(effect, EventKind.EFFECT_RESOLVED, data)
        log.append(world.store, tx, [noted, *resolution.facts])
    return True
