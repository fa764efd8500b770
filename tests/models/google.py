"""Google's Gemini API."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from tests.models.conversation import Api, Conversation, Entry, Json, Tool, flatten
from tests.models.reply import Event, Reply


def read(body: Json, model: str | None = None) -> Conversation:
    config = _field(body, "generationConfig") or {}
    schema = _field(config, "responseJsonSchema") or _field(config, "responseSchema")
    if schema is None and _field(config, "responseMimeType") == "application/json":
        schema = {}
    return Conversation(
        api=Api.GOOGLE,
        model=model or "",
        system=flatten(_field(body, "systemInstruction")),
        entries=tuple(_entries(body.get("contents") or [])),
        tools=tuple(_tools(body.get("tools") or [])),
        schema=schema,
        forced=_forced(body),
        body=body,
    )


def _field(mapping: Json, name: str) -> Any:
    """The API takes `someName` and `some_name`, and its SDK sends both."""
    snake = re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)
    return mapping.get(name, mapping.get(snake))


def _forced(body: Json) -> str | None:
    config = _field(_field(body, "toolConfig") or {}, "functionCallingConfig") or {}
    allowed = _field(config, "allowedFunctionNames") or []
    return allowed[0] if config.get("mode") == "ANY" and len(allowed) == 1 else None


def _tools(tools: list[Any]) -> Iterator[Tool]:
    for tool in tools:
        for one in _field(tool, "functionDeclarations") or []:
            schema = _field(one, "parametersJsonSchema") or one.get("parameters") or {}
            yield Tool(one["name"], schema)


def _entries(contents: list[Any]) -> Iterator[Entry]:
    for content in contents:
        for part in content.get("parts") or []:
            if "functionCall" in part:
                call = part["functionCall"]
                yield Entry("call", call["name"], call.get("id") or "")
            elif "functionResponse" in part:
                result = part["functionResponse"]
                yield Entry("result", flatten(result.get("response")), result.get("id") or "")
            elif part.get("text") and not part.get("thought"):
                yield Entry("said" if content.get("role") == "model" else "user", part["text"])


def whole(reply: Reply, model: str) -> Json:
    parts: list[Json] = [_thought(reply)] if reply.thinking else []
    parts += [{"text": reply.text}] if reply.text else []
    return _answer(reply, model, [*parts, *_calls(reply)], "STOP")


def stream(reply: Reply, model: str, include_usage: bool = True) -> Iterator[Event]:
    if reply.thinking:
        yield Event(_answer(reply, model, [_thought(reply)], None))
    for piece in reply.pieces():
        yield Event(_answer(reply, model, [{"text": piece}], None), None, paced=True)
    yield Event(_answer(reply, model, _calls(reply) or [{"text": ""}], "STOP"))


def _thought(reply: Reply) -> Json:
    return {"text": reply.thinking, "thought": True}


def _calls(reply: Reply) -> list[Json]:
    """The calls; the first is signed where the model thought, and must come back so."""
    parts: list[Json] = [
        {"functionCall": {"id": call.id, "name": call.name, "args": dict(call.arguments)}}
        for call in reply.calls
    ]
    if reply.thinking and parts:
        signature = base64.b64encode(reply.id.encode()).decode()
        parts[0] = {**parts[0], "thoughtSignature": signature}
    return parts


def _answer(reply: Reply, model: str, parts: list[Json], stop: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if stop:
        candidate["finishReason"] = stop
    usage = reply.usage
    return {
        "candidates": [candidate],
        "modelVersion": model,
        "responseId": reply.id,
        "usageMetadata": {
            "promptTokenCount": usage.input,
            "cachedContentTokenCount": usage.cached,
            "candidatesTokenCount": usage.output - usage.reasoning,
            "thoughtsTokenCount": usage.reasoning,
            "totalTokenCount": usage.input + usage.output,
        },
    }
