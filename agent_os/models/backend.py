"""What every back end takes and gives: plain data, the same for all vendors."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol, cast

from pydantic import AfterValidator

from agent_os.domain.contract import Contract, Text, storable
from agent_os.domain.usage import Usage

_LONGEST_MALFORMED = 2_000


class ToolSpec(Contract):
    """A tool that the model may call. `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(Contract):
    """`arguments` is the JSON text as the model wrote it: it may be malformed."""

    id: Text
    name: Text
    arguments: Text

    def sendable(self) -> str:
        """The arguments as JSON of an object: many servers refuse a conversation with others."""
        return json.dumps(self.parsed())

    def parsed(self) -> dict[str, Any]:
        """Malformed arguments are the value of one name, so that the model sees what it wrote."""
        try:
            found: object = json.loads(self.arguments or "{}")
        except ValueError:
            found = None
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
        return {"malformed": self.arguments[:_LONGEST_MALFORMED]}


class ToolResult(Contract):
    call_id: Text
    name: Text
    text: Text
    failed: bool = False


def _storable_parts(parts: Any) -> Any:
    match parts:
        case str():
            return storable(parts)
        case tuple() | list():
            items = cast("tuple[Any, ...]", parts)
            return type(items)(_storable_parts(item) for item in items)
        case dict():
            named = cast("dict[str, Any]", parts)
            return {storable(name): _storable_parts(item) for name, item in named.items()}
        case _:
            return parts


class Own(Contract):
    """A reply in its vendor's own parts. They go back unchanged: some vendors refuse a
    conversation whose reasoning or signatures are missing."""

    api: str
    parts: Annotated[tuple[dict[str, Any], ...], AfterValidator(_storable_parts)]


class Message(Contract):
    """One entry of a conversation: `user` has text, `assistant` text and calls, `tool` results."""

    role: Literal["user", "assistant", "tool"]
    text: Text = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    own: Own | None = None


class Request(Contract):
    """`answer_schema`: a JSON schema that the reply's text is to follow. `seconds`: for it all."""

    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_output_tokens: int = 16_000
    answer_schema: dict[str, Any] | None = None
    seconds: float = 900.0


class Stop(StrEnum):
    """Why the reply ended."""

    END = "end"
    TOOLS = "tools"
    LENGTH = "length"
    REFUSED = "refused"
    MALFORMED = "malformed"
    """The vendor threw away a tool call that its model wrote wrongly."""


class Reply(Contract):
    text: Text
    calls: tuple[ToolCall, ...]
    usage: Usage
    stop: Stop
    own: Own | None = None

    def message(self) -> Message:
        return Message(role="assistant", text=self.text, calls=self.calls, own=self.own)


class InferenceBackend(Protocol):
    """A model. Never retries: waiting and falling back is the caller's business."""

    def reply(self, request: Request) -> Reply:
        """The model's next message. Raises ModelError."""
        ...

    def close(self) -> None:
        """Give up its connections."""
        ...
