"""OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.models.conversation import Api, Conversation, Entry, Json, Tool, flatten
from tests.models.reply import Call, Event, Reply


def read(body: Json, model: str | None = None) -> Conversation:
    given = body.get("input") or []
    items: list[Any] = [{"role": "user", "content": given}] if isinstance(given, str) else given
    choice = body.get("tool_choice")
    wanted = (body.get("text") or {}).get("format") or {}
    heads = [flatten(i.get("content")) for i in items if i.get("role") in ("system", "developer")]
    return Conversation(
        api=Api.RESPONSES,
        model=str(body.get("model", "")),
        system="\n".join([body.get("instructions") or "", *heads]),
        entries=tuple(_entries(items)),
        tools=tuple(_tools(body.get("tools") or [])),
        stream=bool(body.get("stream")),
        schema={} if wanted.get("type") == "json_object" else wanted.get("schema"),
        forced=choice.get("name") if isinstance(choice, dict) else None,
        body=body,
    )


def _tools(tools: list[Any]) -> Iterator[Tool]:
    for tool in tools:
        if tool.get("type") == "function":
            yield Tool(tool["name"], tool.get("parameters") or {})
        elif tool.get("type") == "custom":
            yield Tool(tool["name"], {}, "custom")


def _entries(items: list[Any]) -> Iterator[Entry]:
    for item in items:
        match item.get("type", "message"):
            case "message":
                if item.get("role") == "user":
                    yield Entry("user", flatten(item.get("content")))
                elif item.get("role") == "assistant":
                    yield Entry("said", flatten(item.get("content")))
            case "function_call" | "custom_tool_call":
                yield Entry("call", item["name"], item["call_id"])
            case "function_call_output" | "custom_tool_call_output":
                yield Entry("result", flatten(item.get("output")), item["call_id"])
            case _:
                pass


def whole(reply: Reply, model: str) -> Json:
    output = [_thought(reply)] if reply.thinking else []
    output += [_message(reply)] if reply.text else []
    output += [_call(call) for call in reply.calls]
    return _response(reply, model, "completed", output)


def stream(reply: Reply, model: str, include_usage: bool = True) -> Iterator[Event]:
    for number, event in enumerate(_events(reply, model)):
        assert not isinstance(event.data, str)
        yield Event({**event.data, "sequence_number": number}, event.name, event.paced)


def _events(reply: Reply, model: str) -> Iterator[Event]:
    begun = _response(reply, model, "in_progress", [])
    yield _event("response.created", response=begun)
    yield _event("response.in_progress", response=begun)
    index = 0
    if reply.thinking:
        thought = _thought(reply)
        yield _event("response.output_item.added", output_index=0, item={**thought, "summary": []})
        yield _event("response.output_item.done", output_index=0, item=thought)
        index += 1
    if reply.text:
        yield from _text_events(reply, index)
        index += 1
    for call in reply.calls:
        yield from _call_events(call, index)
        index += 1
    yield _event("response.completed", response=whole(reply, model))


def _text_events(reply: Reply, index: int) -> Iterator[Event]:
    item = _message(reply)
    empty: Json = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    place: dict[str, Any] = {"item_id": item["id"], "output_index": index, "content_index": 0}
    begun = {**item, "status": "in_progress", "content": []}
    yield _event("response.output_item.added", output_index=index, item=begun)
    yield _event("response.content_part.added", **place, part=empty)
    for piece in reply.pieces():
        yield _event("response.output_text.delta", paced=True, **place, delta=piece, logprobs=[])
    yield _event("response.output_text.done", **place, text=reply.text, logprobs=[])
    yield _event("response.content_part.done", **place, part={**empty, "text": reply.text})
    yield _event("response.output_item.done", output_index=index, item=item)


def _call_events(call: Call, index: int) -> Iterator[Event]:
    item = _call(call)
    kind, key = ("custom_tool_call_input", "input")
    if not call.custom:
        kind, key = ("function_call_arguments", "arguments")
    place: dict[str, Any] = {"item_id": item["id"], "output_index": index}
    begun = {**item, "status": "in_progress", key: ""}
    yield _event("response.output_item.added", output_index=index, item=begun)
    middle = len(item[key]) // 2
    for piece in (item[key][:middle], item[key][middle:]):
        yield _event(f"response.{kind}.delta", **place, delta=piece)
    yield _event(f"response.{kind}.done", **place, name=call.name, **{key: item[key]})
    yield _event("response.output_item.done", output_index=index, item=item)


def _event(name: str, /, *, paced: bool = False, **fields: Any) -> Event:
    return Event({"type": name, **fields}, name, paced)


def _thought(reply: Reply) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": reply.thinking}]
    sealed = {"encrypted_content": f"sealed-{reply.id}"}
    return {"type": "reasoning", "id": f"rs_{reply.id}", "summary": summary, **sealed}


def _message(reply: Reply) -> dict[str, Any]:
    part = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    head = {"type": "message", "id": f"msg_{reply.id}", "role": "assistant"}
    return {**head, "status": "completed", "content": [part]}


def _call(call: Call) -> dict[str, Any]:
    base = {"call_id": call.id, "name": call.name, "status": "completed"}
    if call.custom:
        return {"type": "custom_tool_call", "id": f"ctc_{call.id}", **base, "input": call.written}
    return {"type": "function_call", "id": f"fc_{call.id}", **base, "arguments": call.written}


def _response(reply: Reply, model: str, status: str, output: list[Any]) -> dict[str, Any]:
    usage = reply.usage
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "top_p": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "usage": None
        if status != "completed"
        else {
            "input_tokens": usage.input,
            "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.input + usage.output,
        },
    }
