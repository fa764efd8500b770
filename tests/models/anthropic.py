"""Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.models.conversation import Api, Conversation, Entry, Json, Tool, flatten
from tests.models.reply import Call, Event, Reply


def read(body: Json, model: str | None = None) -> Conversation:
    choice = body.get("tool_choice") or {}
    output = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return Conversation(
        api=Api.ANTHROPIC,
        model=str(body.get("model", "")),
        system=flatten(body.get("system")),
        entries=tuple(_entries(body.get("messages") or [])),
        tools=tuple(
            Tool(tool["name"], tool.get("input_schema") or {})
            for tool in body.get("tools") or []
            if "input_schema" in tool
        ),
        stream=bool(body.get("stream")),
        schema=output.get("schema"),
        forced=choice.get("name") if choice.get("type") == "tool" else None,
        body=body,
    )


def _entries(messages: list[Any]) -> Iterator[Entry]:
    for message in messages:
        content = message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for part in parts:
            match part.get("type"):
                case "text":
                    yield Entry("said" if message["role"] == "assistant" else "user", part["text"])
                case "tool_use":
                    yield Entry("call", part["name"], part["id"])
                case "tool_result":
                    yield Entry("result", flatten(part.get("content")), part["tool_use_id"])
                case _:
                    pass


def whole(reply: Reply, model: str) -> Json:
    content: list[Json] = [_thought(reply)] if reply.thinking else []
    content += [{"type": "text", "text": reply.text}] if reply.text else []
    content += [{**_use(call), "input": dict(call.arguments)} for call in reply.calls]
    return {**_head(reply, model), "content": content, **_stop(reply), "usage": _usage(reply)}


def stream(reply: Reply, model: str, include_usage: bool = True) -> Iterator[Event]:
    head = {**_head(reply, model), "content": [], "stop_reason": None, "stop_sequence": None}
    yield _event("message_start", message={**head, "usage": {**_usage(reply), "output_tokens": 1}})
    index = 0
    if reply.thinking:
        yield from _thinking_events(reply)
        index += 1
    if reply.text:
        block: Json = {"type": "text", "text": ""}
        yield _event("content_block_start", index=index, content_block=block)
        for piece in reply.pieces():
            yield _event(
                "content_block_delta",
                paced=True,
                index=index,
                delta={"type": "text_delta", "text": piece},
            )
        yield _event("content_block_stop", index=index)
        index += 1
    for call in reply.calls:
        yield _event("content_block_start", index=index, content_block={**_use(call), "input": {}})
        middle = len(call.written) // 2
        for piece in (call.written[:middle], call.written[middle:]):
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
        index += 1
    usage = {"output_tokens": reply.usage.output}
    yield _event("message_delta", delta=_stop(reply), usage=usage)
    yield _event("message_stop")


def _thought(reply: Reply) -> dict[str, Any]:
    return {"type": "thinking", "thinking": reply.thinking, "signature": f"sig-{reply.id}"}


def _thinking_events(reply: Reply) -> Iterator[Event]:
    empty = {"type": "thinking", "thinking": "", "signature": ""}
    signed = {"type": "signature_delta", "signature": f"sig-{reply.id}"}
    yield _event("content_block_start", index=0, content_block=empty)
    for delta in ({"type": "thinking_delta", "thinking": reply.thinking}, signed):
        yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)


def _event(name: str, /, paced: bool = False, **fields: Any) -> Event:
    return Event({"type": name, **fields}, name, paced)


def _head(reply: Reply, model: str) -> dict[str, Any]:
    return {"id": f"msg_{reply.id}", "type": "message", "role": "assistant", "model": model}


def _stop(reply: Reply) -> dict[str, Any]:
    return {"stop_reason": "tool_use" if reply.calls else "end_turn", "stop_sequence": None}


def _use(call: Call) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name}


def _usage(reply: Reply) -> dict[str, int]:
    """Anthropic's input does not include what was read from the cache."""
    return {
        "input_tokens": reply.usage.input - reply.usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": reply.usage.cached,
        "output_tokens": reply.usage.output,
    }
