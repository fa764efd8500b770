"""What the scripted model answers, before it is put into a vendor's form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.models.conversation import Json

LARGEST_PIECE = 16 * 1024


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer. `input` includes `cached`; `output` includes `reasoning`."""

    input: int = 1200
    cached: int = 800
    output: int = 60
    reasoning: int = 20


@dataclass(frozen=True)
class Call:
    """A tool call. `raw` replaces the JSON of `arguments` where a vendor sends it as a text."""

    id: str
    name: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    raw: str | None = None
    custom: bool = False

    @property
    def written(self) -> str:
        return json.dumps(self.arguments) if self.raw is None else self.raw


@dataclass(frozen=True)
class Reply:
    """`thinking` comes before the text. `pause`: seconds between pieces of text.

    `cut`: the share after which the stream ends, in good order if `clean`.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    usage: Usage = Usage()
    id: str = "0"
    pause: float = 0.0
    cut: float | None = None
    clean: bool = False
    thinking: str = ""

    def pieces(self) -> Iterator[str]:
        """The text as it is streamed; a word at a time when it is slow."""
        if self.pause:
            yield from (f"{word} " for word in self.text.split())
            return
        size = min(max(24, len(self.text) // 40), LARGEST_PIECE)
        for start in range(0, len(self.text), size):
            yield self.text[start : start + size]


@dataclass(frozen=True)
class Event:
    """A server-sent event. `paced` waits for the reply's pause; `raw` has no `data:` before it."""

    data: Json | str
    name: str | None = None
    paced: bool = False
    raw: bool = False
