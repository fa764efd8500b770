"""A model's answer: one pydantic model is both the schema that it is shown and its parser."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pydantic import ValidationError

from agent_os.domain.contract import Contract

T = TypeVar("T", bound=Contract)

LONGEST_ANSWER = 100_000
_MOST_PROBLEMS = 5
#: Bounds are ours to check: several vendors refuse a schema that has them.
_NOT_FOR_VENDORS = (
    *("title", "default", "maxLength", "minLength", "maxItems", "minItems", "minimum", "maximum"),
)


def read(text: str, answer: type[T]) -> T:
    """A model's answer. ValueError says what is wrong with it, for the model to mend."""
    found = text.strip()
    if len(found) > LONGEST_ANSWER:
        raise ValueError(f"it is longer than {LONGEST_ANSWER} characters")
    # Servers that take no schema often get Markdown from their models.
    if found.startswith("```") and found.endswith("```"):
        found = found.removeprefix("```json").strip("`")
    try:
        return answer.model_validate_json(found, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)[:_MOST_PROBLEMS]
        raise ValueError("; ".join(_problem(dict(each)) for each in problems)) from error


def _problem(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    said = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def schema(answer: type[Contract]) -> dict[str, Any]:
    """What the model is told to follow: plain JSON schema, without references and bounds."""
    full = answer.model_json_schema()
    return cast("dict[str, Any]", _plain(full, full.get("$defs", {})))


def _plain(part: object, named: dict[str, Any]) -> object:
    if isinstance(part, list):
        return [_plain(item, named) for item in cast("list[object]", part)]
    if not isinstance(part, dict):
        return part
    given = cast("dict[str, Any]", part)
    if "$ref" in given:
        said = {key: value for key, value in given.items() if key != "$ref"}
        return _plain({**named[str(given["$ref"]).rpartition("/")[2]], **said}, named)
    found: dict[str, object] = {}
    for key, value in given.items():
        if key == "properties":
            found[key] = {name: _plain(inner, named) for name, inner in value.items()}
        elif key != "$defs" and key not in _NOT_FOR_VENDORS:
            found[key] = _plain(value, named)
    return found
