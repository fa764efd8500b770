"""The recorded log under another configuration: read, compared, nothing changed."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from functools import cache

from agent_os.config.settings import Config
from agent_os.domain.events import Event
from agent_os.effects.world import World
from agent_os.policy.replay_tally import Replayed
from agent_os.policy.replaying import KINDS, Policy, replay
from agent_os.store import log

_PAGE = 5_000


def replayed(
    world: World, other: Config, *, repo_id: int | None = None, since: datetime | None = None
) -> Replayed:
    """Decisions of a repository (None: of all) since a time, under the other configuration."""
    return replay(
        _events(world), _policy(other), _policy(world.config), since=since, repo_id=repo_id
    )


def _policy(config: Config) -> Policy:
    own = config.improvement
    return Policy(
        rules=cache(config.rules),
        limits=config.limits,
        share=own.share,
        usd_per_week=own.usd_per_week,
    )


def _events(world: World) -> Generator[Event]:
    """The whole log: what is decided of one task depends on all that run."""
    after: int | None = 0
    while after is not None:
        with world.store.read() as tx:
            page = log.page(tx, KINDS, after, _PAGE)
        yield from (event for _, event in page)
        after = page[-1][0] if len(page) == _PAGE else None
