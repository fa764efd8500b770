"""Drivers by name: our own, and those that installed packages offer."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import cast

from agent_os.agents.command import CommandDriver
from agent_os.agents.driver import Driver
from agent_os.domain.errors import BadInput

GROUP = "agent_os.agents"
_BUILT_IN: dict[str, type[Driver]] = {"command": CommandDriver}


def driver_names() -> tuple[str, ...]:
    """All names that `driver_named` knows, sorted."""
    return tuple(sorted({*_BUILT_IN, *(entry.name for entry in entry_points(group=GROUP))}))


def driver_named(name: str) -> Driver:
    """A driver by its name. BadInput names those that there are."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]()
    for entry in entry_points(group=GROUP, name=name):
        return cast("type[Driver]", entry.load())()
    raise BadInput(f"No driver {name!r}; there are: {', '.join(driver_names())}.")
