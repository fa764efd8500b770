"""Messages to places outside GitHub: at most once per change, since nobody can look them up."""

from __future__ import annotations

from collections.abc import Callable

from agent_os.domain.effects import SendNotice
from agent_os.domain.events import EventKind
from agent_os.effects.performer import Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.store.intents import Intent

Sink = Callable[[World, SendNotice], None]
#: By kind of sink.
SINKS: dict[str, Sink] = {}


class NoticeSender:
    def perform(self, world: World, effect: SendNotice, intent: str) -> Facts:
        SINKS[effect.sink](world, effect)
        return self._facts(world, effect, "")

    def probe(self, world: World, effect: SendNotice, intent: Intent) -> Resolution:
        # Whether it arrived can't be known, and to be told twice is worse than to look it up.
        return done(*self._facts(world, effect, "it is not known whether it arrived"))

    @staticmethod
    def _facts(world: World, effect: SendNotice, doubt: str) -> Facts:
        data = {"sink": effect.sink, "change": effect.change, "doubt": doubt}
        return [world.fact(effect, EventKind.NOTICE_SENT, data)]
