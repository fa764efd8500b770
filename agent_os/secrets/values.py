"""Exact values and the forms in which they are passed on: encoded, turned round, taken apart."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

#: Shorter ones stand in ordinary texts too.
SHORTEST = 8
#: Letters alone must be as many.
_SHORTEST_WORD = 12
#: Without its punctuation, a value must be as long and hold a digit: words stand in prose too.
_SHORTEST_SQUEEZED = 12
_SHORTEST_LINE = 24
_APART = re.compile(r"[^A-Za-z0-9]+")
_BETWEEN = bytes(code for code in range(256) if _APART.match(chr(code)))


def _is_rare(value: str) -> bool:
    """Whether finding it means anything: `postgres` and our own name stand in ordinary texts."""
    short_word = len(value) < _SHORTEST_WORD and value.replace("-", "").isalpha()
    return len(value) >= SHORTEST and not short_word


class Values:
    """Some values, ready to be looked for. Those that are too common are left out."""

    def __init__(self, values: Iterable[str]) -> None:
        self.given = tuple(sorted({v for v in values if _is_rare(v)}, key=lambda v: (-len(v), v)))
        forms = {form for value in self.given for form in _forms(value)}
        self.forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        bare = {_APART.sub("", form) for form in self.forms}
        self._bare_forms = tuple(form for form in bare if _stands_out(form))
        self._bare_bytes = tuple(form.encode() for form in self._bare_forms)
        self._whole = _any_of(self.forms)
        self._bare = _any_of(self._bare_forms)

    def __bool__(self) -> bool:
        return bool(self.forms)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where they stand in it, also with other characters between theirs (a line's end)."""
        # Most texts hold none, and a search for plain text is many times faster than a pattern.
        if self._whole is not None and any(form in text for form in self.forms):
            yield from (found.span() for found in self._whole.finditer(text))
        if self._bare is None:
            return
        plain = text.encode("ascii", "ignore").translate(None, _BETWEEN)
        if not any(form in plain for form in self._bare_bytes):
            return
        places = [place for place, char in enumerate(text) if char.isascii() and char.isalnum()]
        squeezed = "".join(text[place] for place in places)
        for found in self._bare.finditer(squeezed):
            yield places[found.start()], places[found.end() - 1] + 1

    def hold_back(self, text: str) -> int:
        """How many characters at its end may begin a value that comes in pieces."""
        most = 0
        for form in self.forms:
            for size in range(min(len(form) - 1, len(text)), most, -1):
                if text.endswith(form[:size]):
                    most = size
                    break
        return most


@functools.lru_cache(maxsize=64)
def _forms(value: str) -> frozenset[str]:
    found = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    quoted = quote(value, safe="", errors="surrogateescape")
    found |= {quote(value, errors="surrogateescape"), quoted, quoted.lower(), value[::-1]}
    data = value.encode("utf-8", "surrogateescape")
    found |= {data.hex(), data.hex().upper(), *_base64(data), *_base64(data[::-1])}
    lines = [line.strip() for line in value.splitlines()]
    found |= {line for line in lines if len(lines) > 1 and len(line) >= _SHORTEST_LINE}
    return frozenset(form for form in found if len(form) >= SHORTEST)


def _base64(data: bytes) -> Iterator[str]:
    """At each of the three places where it can begin in what was encoded around it."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + data).rstrip(b"=").decode()
        bits = 8 * (before + len(data))
        core = whole[-(-8 * before // 6) : bits // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _stands_out(bare: str) -> bool:
    return len(bare) >= _SHORTEST_SQUEEZED and any(char.isdigit() for char in bare)


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted(texts, key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None
