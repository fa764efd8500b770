"""Taking a repository for this installation, before anything is done in it."""

from __future__ import annotations

from agent_os.domain.effects import OwnRepository
from agent_os.domain.errors import OwnedElsewhere
from agent_os.domain.events import EventKind
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.store import repositories
from agent_os.store.intents import Intent


class RepositoryOwner:
    """Of two that try at once, the server lets one through."""

    def perform(self, world: World, effect: OwnRepository, intent: str) -> Facts:
        ownership = world.ownership(effect.repo_id)
        ownership.look()
        ownership.push()
        return self._facts(world, effect)

    def probe(self, world: World, effect: OwnRepository, intent: Intent) -> Resolution:
        try:
            ours = world.ownership(effect.repo_id).look()
        except OwnedElsewhere:
            return ABSENT
        return done(*self._facts(world, effect)) if ours else ABSENT

    @staticmethod
    def _facts(world: World, effect: OwnRepository) -> Facts:
        with world.store.write() as tx:
            repositories.taken(world.store, tx, effect.repo_id)
        return [world.fact(effect, EventKind.REPO_OWNED)]
