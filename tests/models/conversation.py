"""What a request to any of the vendors holds, in one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

Json = Mapping[str, Any]


class Api(StrEnum):
    ANTHROPIC = "anthropic"
    RESPONSES = "openai-responses"
    CHAT = "openai-chat"
    GOOGLE = "google"


@dataclass(frozen=True)
class Tool:
    """A tool that the program offers; `form` tells how its calls are written."""

    name: str
    schema: Json
    form: Literal["function", "custom"] = "function"

    @property
    def properties(self) -> dict[str, Json]:
        return dict(self.schema.get("properties") or {})

    @property
    def required(self) -> list[str]:
        return list(self.schema.get("required") or [])


@dataclass(frozen=True)
class Entry:
    """One part of the conversation. `said` is the model's text; `call_id` names a result's call."""

    kind: Literal["user", "said", "call", "result"]
    text: str = ""
    call_id: str = ""


@dataclass(frozen=True)
class Conversation:
    """One request. `schema` or `forced` (a tool's name) is set when JSON is asked for."""

    api: Api
    model: str
    system: str = ""
    entries: tuple[Entry, ...] = ()
    tools: tuple[Tool, ...] = ()
    stream: bool = False
    schema: Json | None = None
    forced: str | None = None
    include_usage: bool = True
    body: Json = field(default_factory=dict[str, Any])

    @property
    def user_text(self) -> str:
        return "\n".join(entry.text for entry in self.entries if entry.kind == "user")

    def fault(self) -> str | None:
        """What a vendor would refuse: a call without its result, or a result without its call."""
        waiting: list[str] = []
        for entry in self.entries:
            if entry.kind == "call":
                waiting.append(entry.call_id)
            elif entry.kind == "result" and entry.call_id not in waiting:
                return f"tool result without its call: {entry.call_id or 'no id'}"
            elif entry.kind == "result":
                waiting.remove(entry.call_id)
            elif entry.kind == "user" and waiting:
                break
        return f"tool call without its result: {', '.join(waiting)}" if waiting else None

    def this_round(self) -> Conversation:
        """The part since the last new prompt: a user's text right after a text without calls."""
        start = 0
        for index in range(1, len(self.entries)):
            pair = (self.entries[index - 1].kind, self.entries[index].kind)
            if pair == ("said", "user"):
                start = index
        return replace(self, entries=self.entries[start:])

    def results_before(self, part: Conversation) -> int:
        """How many results came before this last part of the conversation."""
        before = self.entries[: len(self.entries) - len(part.entries)]
        return len(replace(self, entries=before).results)

    @property
    def results(self) -> list[str | None]:
        """The texts of the tool results in the order of their calls.

        Our ids hold the place of the call, so results that a program dropped are None, not missed.
        """
        found: dict[int, str] = {}
        first: int | None = None
        for entry in self.entries:
            if entry.kind == "result":
                place = place_of(entry.call_id)
                place = len(found) + (first or 0) if place is None else place
                first = place if first is None else first
                found[place] = entry.text
        return [found.get(place) for place in range(max(found, default=-1) + 1)]

    def directory(self) -> str | None:
        """The program's working directory, as its prompts tell it."""
        for pattern in _DIRECTORY:
            match = re.search(pattern, self.system) or re.search(pattern, self.user_text)
            if match:
                return match[1].strip().strip("`'\"").rstrip(".")
        return None


_DIRECTORY = (
    r"(?im)working directory:? *[`'\"]?(/[^\n`'\"]+)",
    r"<cwd>(/[^<]+)</cwd>",
    r"(?i)working in the directory:? *[`'\"]?(/[^\n`'\"]+)",
    r"(?i)workspace director(?:y|ies):?\**\s*(?:- *)?[`'\"]?(/[^\n`'\"]+)",
)


def call_id(prefix: str, place: int, salt: str) -> str:
    """An id that holds the place of the call among all calls of the conversation."""
    return f"{prefix}{place:04d}x{salt}"


def place_of(text: str) -> int | None:
    match = re.search(r"(\d{4})x[0-9a-f]{12}", text)
    return int(match[1]) if match else None


def flatten(content: object) -> str:
    """The text of a content that is a text, a part, or a list of parts, in any vendor's shape."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, (flatten(part) for part in content)))
    if isinstance(content, Mapping):
        for key in ("text", "output", "content", "result", "error", "parts", "response"):
            if key in content:
                return flatten(content[key])
        return str(dict(content)) if content and "data" not in content else ""
    return ""
