"""JSON schemas in the form that vendors take for answers."""

from __future__ import annotations

from typing import Any, cast


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy whose objects have all of their properties and no others, without defaults."""
    return cast("dict[str, Any]", _closed(schema))


def _closed(part: object) -> object:
    if isinstance(part, list):
        return [_closed(item) for item in cast("list[object]", part)]
    if not isinstance(part, dict):
        return part
    given = cast("dict[str, object]", part)
    copy = {name: _closed(value) for name, value in given.items() if name != "default"}
    properties = copy.get("properties")
    if isinstance(properties, dict):
        copy["additionalProperties"] = False
        copy["required"] = list(cast("dict[str, object]", properties))
    return copy
