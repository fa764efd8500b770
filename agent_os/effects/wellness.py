"""How providers are, after somebody has used them: written with the outcome that shows it."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.effects import AcceptOutcome
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.effects.performer import Facts
from agent_os.effects.world import World
from agent_os.policy import health
from agent_os.store import providers


def seen(
    world: World,
    effect: AcceptOutcome,
    name: str,
    code: FailureCode | None,
    detail: str,
    resets_at: datetime | None,
    key_mark: str,
) -> Facts:
    """`name`: see policy.health. Nothing when nothing new is known of it."""
    with world.store.read() as tx:
        before = providers.listed(tx).get(name)
    after = health.after(
        before,
        name,
        code,
        detail,
        resets_at,
        key_mark,
        world.config.limits.backoff_seconds,
        world.clock.now(),
    )
    if after is None:
        return []
    return [world.fact(effect, EventKind.PROVIDER_SEEN, after.model_dump(mode="json"))]
