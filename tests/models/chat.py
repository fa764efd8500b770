"""OpenAI's Chat Completions API, which DeepSeek and many servers speak too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.models.conversation import Api, Conversation, Entry, Json, Tool, flatten
from tests.models.reply import Call, Event, Reply


def read(body: Json, model: str | None = None) -> Conversation:
    messages: list[Any] = body.get("messages") or []
    choice = body.get("tool_choice")
    wanted = body.get("response_format") or {}
    schema = (wanted.get("json_schema") or {}).get("schema")
    functions = [tool["function"] for tool in body.get("tools") or [] if "function" in tool]
    return Conversation(
        api=Api.CHAT,
        model=str(body.get("model", "")),
        system="\n".join(
            flatten(m.get("content")) for m in messages if m["role"] in ("system", "developer")
        ),
        entries=tuple(_entries(messages)),
        tools=tuple(Tool(one["name"], one.get("parameters") or {}) for one in functions),
        stream=bool(body.get("stream")),
        schema={} if schema is None and wanted.get("type") == "json_object" else schema,
        forced=choice["function"]["name"] if isinstance(choice, dict) else None,
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        body=body,
    )


def _entries(messages: list[Any]) -> Iterator[Entry]:
    for message in messages:
        text = flatten(message.get("content"))
        match message["role"]:
            case "user":
                yield Entry("user", text)
            case "assistant":
                if text:
                    yield Entry("said", text)
                for call in message.get("tool_calls") or []:
                    yield Entry("call", call["function"]["name"], call["id"])
            case "tool":
                yield Entry("result", text, message.get("tool_call_id", ""))
            case _:
                pass


def whole(reply: Reply, model: str) -> Json:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = [_call(call) for call in reply.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _stop(reply)}
    head = _head(reply, model, "chat.completion")
    return {**head, "choices": [choice], "usage": _usage(reply)}


def stream(reply: Reply, model: str, include_usage: bool = True) -> Iterator[Event]:
    head = _head(reply, model, "chat.completion.chunk")

    def chunk(delta: Json, stop: str | None = None, paced: bool = False) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}
        return Event({**head, "choices": [choice]}, None, paced)

    yield chunk({"role": "assistant", "content": ""})
    if reply.thinking:
        yield chunk({"reasoning_content": reply.thinking})
    for piece in reply.pieces():
        yield chunk({"content": piece}, paced=True)
    for index, call in enumerate(reply.calls):
        whole_call = _call(call)
        function = {"name": call.name, "arguments": ""}
        yield chunk({"tool_calls": [{**whole_call, "index": index, "function": function}]})
        middle = len(call.written) // 2
        for piece in (call.written[:middle], call.written[middle:]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, _stop(reply))
    if include_usage:
        yield Event({**head, "choices": [], "usage": _usage(reply)})
    yield Event("[DONE]")


def _head(reply: Reply, model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{reply.id}", "object": kind, "created": 1_790_000_000, "model": model}


def _call(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.written}
    return {"id": call.id, "type": "function", "function": function}


def _stop(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _usage(reply: Reply) -> dict[str, Any]:
    usage = reply.usage
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        "prompt_cache_hit_tokens": usage.cached,
        "prompt_cache_miss_tokens": usage.input - usage.cached,
    }
