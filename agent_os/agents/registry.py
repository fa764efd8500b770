"""Drivers by name: all that installed packages offer, this one among them."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from agent_os.agents.driver import Driver
from agent_os.domain.errors import BadInput

GROUP = "agent_os.agents"


def driver_names() -> tuple[str, ...]:
    """All names that `driver_named` knows, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def driver_named(name: str) -> Driver:
    """A driver by its name. BadInput names those that there are, or why it can't be loaded."""
    found = sorted(entry_points(group=GROUP, name=name), key=_ours_first)
    if not found:
        raise BadInput(f"No driver {name!r}; there are: {', '.join(driver_names())}.")
    try:
        return cast("type[Driver]", found[0].load())()
    except (ImportError, AttributeError) as error:
        raise BadInput(f"The driver {name!r} can't be loaded: {error}.") from error


def _ours_first(entry: EntryPoint) -> bool:
    """A package that takes one of our names does not get our agents."""
    return not entry.value.startswith("agent_os.")
