"""JSON schemas in the form that vendors take for answers."""

from __future__ import annotations

from typing import Any, cast

#: Their keys are names that somebody chose, not words of JSON Schema.
_BY_NAME = ("properties", "$defs", "definitions")


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy whose objects have all of their properties and no others, without defaults."""
    return cast("dict[str, Any]", _closed(schema))


def _closed(part: object) -> object:
    if isinstance(part, list):
        return [_closed(item) for item in cast("list[object]", part)]
    if not isinstance(part, dict):
        return part
    copy: dict[str, object] = {}
    for name, value in cast("dict[str, object]", part).items():
        if name in _BY_NAME and isinstance(value, dict):
            named = cast("dict[str, object]", value)
            copy[name] = {key: _closed(inner) for key, inner in named.items()}
        elif name != "default":
            copy[name] = _closed(value)
    if isinstance(copy.get("properties"), dict):
        copy["additionalProperties"] = False
        copy["required"] = list(cast("dict[str, object]", copy["properties"]))
    return copy
