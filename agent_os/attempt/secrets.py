"""What agents were given and may not pass on: keys, and the login that the owner lent."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from agent_os.agents.registry import driver_named
from agent_os.domain.attempts import AgentOrder, Order
from agent_os.domain.errors import BadInput
from agent_os.secrets.finder import Finder
from agent_os.secrets.values import SHORTEST

_SHORTEST_IN_LOGIN = 16
_NAMES = re.compile(r"(?i)token|key|secret|passw|^access$|^refresh$")
_LARGEST_LOGIN = 1_000_000


def secrets_of(order: Order) -> tuple[str, ...]:
    """Those of the worker and of everybody who may look at its work, the longest first."""
    reviewers = order.review.reviewers if order.review else ()
    found = {text for agent in (order.agent, *reviewers) if agent for text in _given(agent)}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def finder_of(order: Order) -> Finder:
    """Looks for what its agents were given, and for what looks like a token."""
    return _finder(secrets_of(order))


@functools.lru_cache(maxsize=8)
def _finder(secrets: tuple[str, ...]) -> Finder:
    return Finder(secrets)


def _given(agent: AgentOrder) -> Iterator[str]:
    yield from in_environment(agent.env)
    key = os.environ.get(agent.provider.key_variable, "") if agent.provider else ""
    yield from (text for text in (key,) if len(text) >= SHORTEST)
    if agent.own_login:
        yield from in_login(agent.driver)


def in_environment(names: Iterable[str]) -> Iterator[str]:
    """The values of those of the variables that are secrets by their names."""
    held = (os.environ.get(name, "") for name in names if _NAMES.search(name))
    yield from (text for text in held if len(text) >= SHORTEST)


def in_login(driver: str) -> Iterator[str]:
    """The tokens in the files in which the driver's program keeps its owner's login."""
    try:
        files = driver_named(driver).login_files
    except BadInput:
        return
    for name in files:
        try:
            with (Path.home() / name).open("rb") as file:
                found: object = json.loads(file.read(_LARGEST_LOGIN))
        except (OSError, ValueError, RecursionError):
            continue
        yield from _tokens(found)


def _tokens(found: object, name: str = "") -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in cast("dict[str, object]", found).items():
            yield from _tokens(value, key)
    elif isinstance(found, str) and len(found) >= _SHORTEST_IN_LOGIN and _NAMES.search(name):
        yield found
