"""Messages to places outside GitHub: at most once per change, since nobody can look them up."""

from __future__ import annotations

from collections.abc import Callable

from agent_os.config.notices import NoticeSettings
from agent_os.domain.effects import SendNotice
from agent_os.domain.errors import NoticeFailed
from agent_os.domain.events import EventKind
from agent_os.effects.performer import Facts, Resolution, done
from agent_os.effects.sinks import email, terminal, webhook
from agent_os.effects.sinks import port as sinks
from agent_os.effects.world import World
from agent_os.store.intents import Intent

Sink = Callable[[World, SendNotice], None]


def _configured(send: sinks.Sink) -> Sink:
    return lambda world, effect: send(_settings(world, effect), effect)


def _settings(world: World, effect: SendNotice) -> NoticeSettings:
    found = next((s for s in world.config.notices if s.called == effect.sink), None)
    if found is None:
        raise NoticeFailed(f"The config has no sink `{effect.sink}`.")
    return found


#: By kind of sink. `github` is none of them: it is a comment, and can be looked up.
SINKS: dict[str, Sink] = {
    "webhook": _configured(webhook.send),
    "email": _configured(email.send),
    "terminal": _configured(terminal.send),
}


class NoticeSender:
    def perform(self, world: World, effect: SendNotice, intent: str) -> Facts:
        kinds = {s.called: s.sink for s in world.config.notices}
        kind = kinds.get(effect.sink, effect.sink)
        if kind not in SINKS:
            raise NoticeFailed(f"There is no sink `{effect.sink}`.")
        SINKS[kind](world, effect)
        return self._facts(world, effect, "")

    def probe(self, world: World, effect: SendNotice, intent: Intent) -> Resolution:
        # Whether it arrived can't be known, and to be told twice is worse than to look it up.
        return done(*self._facts(world, effect, "it is not known whether it arrived"))

    @staticmethod
    def _facts(world: World, effect: SendNotice, doubt: str) -> Facts:
        data = {"sink": effect.sink, "change": effect.change, "doubt": doubt}
        return [world.fact(effect, EventKind.NOTICE_SENT, data)]
