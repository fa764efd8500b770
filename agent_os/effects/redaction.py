"""What this installation knows and must not pass on, and taking it out of what leaves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import cast
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from agent_os.attempt.secrets import in_environment, in_login
from agent_os.config.settings import Config
from agent_os.domain.effects import Effect
from agent_os.policy import texts
from agent_os.secrets.finder import Finder

#: What people read of an effect. The rest says where it acts, and is refused instead.
_WORDS = frozenset({"title", "body", "text", "why", "feedback", "unreviewed"})
#: Names that GitHub would show.
_NAMES = ("branch", "label", "add", "remove", "login", "type")


def finder_of(config: Config) -> Finder:
    """Looks for every secret of the configuration, and for what looks like a token."""
    return _finder(tuple(sorted({text for text in _secrets(config) if text})))


def cleaned(effect: Effect, finder: Finder) -> tuple[Effect, tuple[str, ...]]:
    """(the effect without secrets in its words, the kinds that were taken out)."""
    data = effect.model_dump(include=set(_WORDS))
    kinds = finder.kinds(data)
    if not kinds:
        return effect, ()
    update = cast("dict[str, object]", finder.redact_data(data))
    if body := data.get("body"):
        # Decisions compare the text that they want with the one that was written.
        update["decided"] = texts.digest(body)
    return effect.model_copy(update=update), kinds


def names_a_secret(effect: Effect, finder: Finder) -> tuple[str, ...]:
    """The kinds of secrets in its branch, label or login, which can't be written otherwise."""
    return finder.kinds([getattr(effect, name, "") for name in _NAMES])


@lru_cache(maxsize=8)
def _finder(secrets: tuple[str, ...]) -> Finder:
    return Finder(secrets)


def _secrets(config: Config) -> Iterator[str]:
    yield from _kept_secret(config)
    if config.store.url:
        yield unquote(urlsplit(config.store.url).password or "")
    for agent in config.agents.values():
        yield from in_environment(agent.env)
        if agent.credentials:
            yield from in_login(agent.driver)


def _kept_secret(settings: object) -> Iterator[str]:
    """All that the configuration keeps as a secret, wherever it stands."""
    if isinstance(settings, SecretStr):
        yield settings.get_secret_value()
    elif isinstance(settings, BaseModel):
        for name in type(settings).model_fields:
            yield from _kept_secret(getattr(settings, name))
    elif isinstance(settings, dict):
        for value in cast("dict[object, object]", settings).values():
            yield from _kept_secret(value)
    elif isinstance(settings, tuple):
        for value in cast("tuple[object, ...]", settings):
            yield from _kept_secret(value)
