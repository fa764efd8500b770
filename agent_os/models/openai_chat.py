"""OpenAI's Chat Completions interface, as DeepSeek, vLLM, Ollama and many others offer it."""

from __future__ import annotations

import json
import secrets
from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk

from agent_os.domain.usage import Usage
from agent_os.models import openai_client
from agent_os.models.backend import Message, Own, Reply, Request, Stop, ToolCall
from agent_os.models.calling import Progress, limited, timeouts, watched
from agent_os.models.failures import truncated
from agent_os.models.schemas import closed

API = "openai-chat"
_ERRORS = (openai.OpenAIError,)
_STOPS = {
    "tool_calls": Stop.TOOLS,
    "function_call": Stop.TOOLS,
    "length": Stop.LENGTH,
    "content_filter": Stop.REFUSED,
}

Entry = dict[str, Any]


class ChatBackend:
    def __init__(self, base_url: str, api_key: str, model: str) -> None:
        self._key = api_key
        self._model = model
        self._base_url = base_url
        self._client = openai_client.client(base_url, api_key)

    def reply(self, request: Request) -> Reply:
        """See InferenceBackend."""
        with watched(request.seconds, self._key, _ERRORS) as progress:
            stream = self._client.chat.completions.create(
                **_body(request, self._model, self._base_url),
                stream=True,
                timeout=timeouts(request.seconds),
            )
            reading = _Reading(progress)
            with limited(request.seconds, stream.close) as check:
                for chunk in stream:
                    check()
                    reading.take(chunk)
            return reading.reply()

    def close(self) -> None:
        self._client.close()


class _Reading:
    """Puts a reply together from its pieces."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[dict[str, str]] = []
        self._at: dict[int, int] = {}
        self._stop: str | None = None

    def take(self, chunk: ChatCompletionChunk) -> None:
        self._progress.begun = True
        if chunk.usage is not None:
            self._progress.usage = _usage(chunk.usage.model_dump())
        for choice in chunk.choices[:1]:
            delta = choice.delta.model_dump() if choice.delta else {}
            self._text.append(delta.get("content") or delta.get("refusal") or "")
            self._reasoning.append(delta.get("reasoning_content") or "")
            for piece in delta.get("tool_calls") or ():
                self._extend(piece)
            self._stop = choice.finish_reason or self._stop

    def _extend(self, piece: Entry) -> None:
        """Some servers number all calls 0, or not at all: then a new id begins a new call."""
        index, new_id = piece.get("index") or 0, piece.get("id")
        place = self._at.get(index)
        if place is None or (new_id and self._calls[place]["id"] not in ("", new_id)):
            place = self._at[index] = len(self._calls)
            self._calls.append({"id": "", "name": "", "arguments": ""})
        call, function = self._calls[place], piece.get("function") or {}
        call["id"] = call["id"] or new_id or ""
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""

    def reply(self) -> Reply:
        if self._stop is None:
            raise truncated("no end of the reply came", self._progress.usage)
        calls = tuple(
            ToolCall(
                id=call["id"] or f"call_{secrets.token_hex(8)}",
                name=call["name"],
                arguments=call["arguments"] or "{}",
            )
            for call in self._calls
        )
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        own = Own(api=API, parts=({"reasoning_content": reasoning},)) if reasoning else None
        stop = _STOPS.get(self._stop, Stop.END)
        return Reply(text=text, calls=calls, usage=self._progress.usage, stop=stop, own=own)


def _usage(usage: Entry) -> Usage:
    prompt = usage.get("prompt_tokens_details") or {}
    output = usage.get("completion_tokens_details") or {}
    cached = int(prompt.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0)
    written = int(prompt.get("cache_write_tokens") or 0)
    return Usage(
        input=max(0, int(usage.get("prompt_tokens") or 0) - cached - written),
        cached=cached,
        written=written,
        output=int(usage.get("completion_tokens") or 0),
        reasoning=int(output.get("reasoning_tokens") or 0),
    )


def _body(request: Request, model: str, base_url: str) -> dict[str, Any]:
    system = request.system
    body: dict[str, Any] = {"model": model, "stream_options": {"include_usage": True}}
    # OpenAI's newer models refuse the old name, other makers' servers don't know the new one.
    at_openai = not base_url or "openai.com" in base_url
    limit = "max_completion_tokens" if at_openai else "max_tokens"
    body[limit] = request.max_output_tokens
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": tool.model_dump(mode="json")} for tool in request.tools
        ]
    if request.answer_schema is not None:
        schema = closed(request.answer_schema)
        system += f"\n\nAnswer with JSON that follows this schema:\n{json.dumps(schema)}"
        form = {"name": "answer", "strict": True, "schema": schema}
        # DeepSeek takes no schema, only the wish for JSON.
        body["response_format"] = (
            {"type": "json_object"}
            if "deepseek" in f"{base_url} {model}".lower()
            else {"type": "json_schema", "json_schema": form}
        )
    entries = [entry for message in request.messages for entry in _entries(message)]
    body["messages"] = [{"role": "system", "content": system}, *entries]
    return body


def _entries(message: Message) -> list[Entry]:
    if message.role == "assistant":
        entry: Entry = {"role": "assistant", "content": message.text}
        if message.calls:
            entry["content"] = message.text or None
            entry["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.sendable()},
                }
                for call in message.calls
            ]
            # DeepSeek refuses a conversation whose tool calls have lost their reasoning.
            if message.own and message.own.api == API:
                entry.update(message.own.parts[0])
        return [entry]
    results: list[Entry] = [
        {"role": "tool", "tool_call_id": result.call_id, "content": result.text}
        for result in message.results
    ]
    return results + ([{"role": "user", "content": message.text}] if message.text else [])
