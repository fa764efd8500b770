"""Anthropic's Messages interface."""

from __future__ import annotations

import json
from typing import Any

import anthropic
from anthropic.types import RawMessageStreamEvent

from agent_os.domain.usage import Usage
from agent_os.models.backend import Message, Own, Reply, Request, Stop, ToolCall
from agent_os.models.calling import Progress, limited, timeouts, watched
from agent_os.models.failures import truncated
from agent_os.models.schemas import closed

API = "anthropic"
BASE_URL = "https://api.anthropic.com"
_CACHED = {"type": "ephemeral"}
_ERRORS = (anthropic.AnthropicError,)
_STOPS = {
    "tool_use": Stop.TOOLS,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "refusal": Stop.REFUSED,
}

Block = dict[str, Any]


class AnthropicBackend:
    """Streams; marks what stays the same for the provider's cache."""

    def __init__(self, base_url: str, api_key: str, model: str) -> None:
        self._key = api_key
        self._model = model
        self._client = anthropic.Anthropic(
            api_key=api_key,
            base_url=(base_url or BASE_URL).rstrip("/").removesuffix("/v1"),
            max_retries=0,
        )

    def reply(self, request: Request) -> Reply:
        """See InferenceBackend."""
        with watched(request.seconds, self._key, _ERRORS) as progress:
            stream = self._client.messages.create(
                **_body(request),
                # Named here, the library would warn of models that end soon, which may be an error.
                extra_body={"model": self._model},
                stream=True,
                timeout=timeouts(request.seconds),
            )
            reading = _Reading(progress)
            with limited(request.seconds, stream.close) as check:
                for event in stream:
                    check()
                    reading.take(event)
            return reading.reply()

    def close(self) -> None:
        self._client.close()


class _Reading:
    """Puts a reply together from its stream, block by block."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._blocks: dict[int, Block] = {}
        self._arguments: dict[int, str] = {}
        self._stop: str | None = None
        self._whole = False

    def take(self, event: RawMessageStreamEvent) -> None:
        self._progress.begun = True
        if event.type == "message_start":
            self._count(event.message.usage)
        elif event.type == "content_block_start":
            self._blocks[event.index] = event.content_block.model_dump(exclude_none=True)
        elif event.type == "content_block_delta":
            self._extend(event.index, event.delta.model_dump())
        elif event.type == "message_delta":
            self._stop = event.delta.stop_reason or self._stop
            self._count(event.usage)
        elif event.type == "message_stop":
            self._whole = True

    def _extend(self, index: int, delta: Block) -> None:
        block = self._blocks.setdefault(index, {"type": "text", "text": ""})
        for kind in ("text", "thinking", "signature"):
            if isinstance(delta.get(kind), str):
                block[kind] = block.get(kind, "") + delta[kind]
        if delta["type"] == "input_json_delta":
            self._arguments[index] = self._arguments.get(index, "") + delta["partial_json"]

    def _count(self, usage: Any) -> None:
        """Later events repeat the numbers of earlier ones, or leave them out."""
        known = self._progress.usage
        details = getattr(usage, "output_tokens_details", None)
        self._progress.usage = Usage(
            input=_number(usage, "input_tokens", known.input),
            cached=_number(usage, "cache_read_input_tokens", known.cached),
            written=_number(usage, "cache_creation_input_tokens", known.written),
            output=_number(usage, "output_tokens", known.output),
            reasoning=_number(details, "thinking_tokens", known.reasoning),
        )

    def reply(self) -> Reply:
        if not self._whole and self._stop is None:
            raise truncated("no end of the message came", self._progress.usage)
        calls: list[ToolCall] = []
        for index, block in sorted(self._blocks.items()):
            if block["type"] == "tool_use":
                arguments = self._arguments.get(index) or json.dumps(block.get("input") or {})
                call = ToolCall(id=block["id"], name=block["name"], arguments=arguments)
                calls.append(call)
                block["input"] = call.parsed()
        blocks = [block for _, block in sorted(self._blocks.items())]
        return Reply(
            text="".join(block["text"] for block in blocks if block["type"] == "text"),
            calls=tuple(calls),
            usage=self._progress.usage,
            stop=_STOPS.get(self._stop or "", Stop.END),
            own=Own(api=API, parts=tuple(blocks)),
        )


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": "",
        "max_tokens": request.max_output_tokens,
        "messages": _messages(request),
    }
    if request.system:
        system = {"type": "text", "text": request.system, "cache_control": _CACHED}
        body["system"] = [system]
    if request.tools:
        tools: list[Block] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
        tools[-1]["cache_control"] = _CACHED
        body["tools"] = tools
    if request.answer_schema is not None:
        schema = closed(request.answer_schema)
        body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    return body


def _messages(request: Request) -> list[Block]:
    messages: list[Block] = []
    for message in request.messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        elif blocks:
            messages.append({"role": role, "content": blocks})
    # The last two of ours: the one before is where the next request finds what it shares.
    for message in [entry for entry in messages if entry["role"] == "user"][-2:]:
        message["content"][-1] = {**message["content"][-1], "cache_control": _CACHED}
    return messages


def _blocks(message: Message) -> list[Block]:
    if message.role == "assistant":
        if message.own and message.own.api == API:
            return [dict(part) for part in message.own.parts if part.get("text") != ""]
        said: list[Block] = [{"type": "text", "text": message.text}] if message.text else []
        return said + [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": call.parsed()}
            for call in message.calls
        ]
    results: list[Block] = [
        {
            "type": "tool_result",
            "tool_use_id": result.call_id,
            "content": result.text or "(empty)",
            "is_error": result.failed,
        }
        for result in message.results
    ]
    return results + ([{"type": "text", "text": message.text}] if message.text else [])


def _number(holder: Any, name: str, otherwise: int) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) else otherwise
