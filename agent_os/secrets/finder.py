"""The one thing that looks for secrets: exact values in all their forms, known forms of tokens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from agent_os.secrets.patterns import matches
from agent_os.secrets.values import SHORTEST, Values

HIDDEN = "[key]"
KNOWN_VALUE = "a secret that was given"
_SHOWN = 4
#: A shorter one would be half told by its beginning.
_SHORTEST_SHOWN = 20

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Find:
    """`start` to `end` of the text. `exact`: a value that we know, whatever its form."""

    kind: str
    start: int
    end: int
    exact: bool = False


class Finder:
    """For some exact values. `patterns`: known forms of tokens as well."""

    def __init__(self, values: Iterable[str] = (), *, patterns: bool = True) -> None:
        self.values = Values(values)
        self._patterns = patterns

    def finds(self, text: str) -> list[Find]:
        """In the order of the text. Those that overlap are one: of an exact value, if one is."""
        found: list[Find] = []
        for find in sorted(self._all(text), key=lambda f: (f.start, not f.exact, -f.end)):
            if found and find.start < found[-1].end:
                last = found[-1]
                kind = last.kind if last.exact or not find.exact else find.kind
                end = max(last.end, find.end)
                found[-1] = Find(kind, last.start, end, last.exact or find.exact)
            else:
                found.append(find)
        return found

    def holds(self, text: str) -> bool:
        return next(self._all(text), None) is not None

    def redact(self, text: str) -> str:
        """The text without them."""
        parts: list[str] = []
        at = 0
        for find in self.finds(text):
            parts += [text[at : find.start], HIDDEN]
            at = find.end
        return "".join((*parts, text[at:]))

    def _all(self, text: str) -> Iterator[Find]:
        if len(text) < SHORTEST:
            return
        for start, end in self.values.spans(text):
            yield Find(KNOWN_VALUE, start, end, exact=True)
        if self._patterns:
            for kind, start, end in matches(text):
                yield Find(kind, start, end)

    def redact_data(self, data: object) -> object:
        """JSON data, its keys too, without them."""
        if isinstance(data, str):
            return self.redact(data)
        if isinstance(data, dict):
            pairs = cast("dict[object, object]", data).items()
            return {self.redact_data(key): self.redact_data(value) for key, value in pairs}
        if isinstance(data, (list, tuple)):
            items = cast("list[object]", data)
            return [self.redact_data(item) for item in items]
        return data

    def redact_model(self, model: Model) -> Model:
        """The same without them in its texts. A value that is also a word of ours (a code, a
        verdict) stays where only such words may stand: it tells nothing there."""
        before = model.model_dump(mode="json")
        after = self.redact_data(before)
        if after == before:
            return model
        while True:
            try:
                return type(model).model_validate_json(json.dumps(after))
            except ValidationError as error:
                if not _put_back(before, after, error):
                    raise

    def kinds(self, data: object) -> tuple[str, ...]:
        """What stands in the texts of some JSON data, each kind once."""
        return tuple(dict.fromkeys(f.kind for text in _texts(data) for f in self.finds(text)))


def _put_back(before: object, after: object, error: ValidationError) -> bool:
    """What may not be redacted, as it was; whether there was any of it."""
    changed = False
    for fault in error.errors(include_url=False, include_input=False):
        if fault["type"] not in ("enum", "literal_error"):
            continue
        *way, last = fault["loc"]
        old, new = _at(before, way), _at(after, way)
        if old is not None and new is not None and old[last] != new[last]:
            new[last] = old[last]
            changed = True
    return changed


def _at(data: object, way: list[int | str]) -> Any:
    found: Any = data
    for step in way:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def shown(text: str, find: Find) -> str:
    """A find as people may see it: its first characters at most."""
    value = text[find.start : find.end]
    return f"{value[:_SHOWN]}…" if len(value) >= _SHORTEST_SHOWN else "…"


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in cast("dict[object, object]", data).items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(data, (list, tuple)):
        for item in cast("list[object]", data):
            yield from _texts(item)
