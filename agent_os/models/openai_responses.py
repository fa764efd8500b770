"""OpenAI's Responses interface, without keeping anything at the provider."""

from __future__ import annotations

import re
from typing import Any

import openai
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFailedEvent,
    ResponseIncompleteEvent,
    ResponseStreamEvent,
)

from agent_os.domain.usage import Usage
from agent_os.models import openai_client
from agent_os.models.backend import Message, Own, Reply, Request, Stop, ToolCall
from agent_os.models.calling import Progress, limited, timeouts, watched
from agent_os.models.failures import ModelError, said, truncated
from agent_os.models.schemas import closed

API = "openai"
#: Other models refuse to be asked for their reasoning.
_REASONS = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9]|codex)(?!.*-chat)")
_ERRORS = (openai.OpenAIError,)
_ENDS = (ResponseCompletedEvent, ResponseIncompleteEvent, ResponseFailedEvent)

Item = dict[str, Any]


class ResponsesBackend:
    def __init__(self, base_url: str, api_key: str, model: str) -> None:
        self._key = api_key
        self._model = model
        self._client = openai_client.client(base_url, api_key)

    def reply(self, request: Request) -> Reply:
        """See InferenceBackend."""
        with watched(request.seconds, self._key, _ERRORS) as progress:
            stream = self._client.responses.create(
                **_body(request, self._model), stream=True, timeout=timeouts(request.seconds)
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
    """Keeps the finished items of a reply's stream."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._items: list[Item] = []
        self._response: Response | None = None

    def take(self, event: ResponseStreamEvent) -> None:
        self._progress.begun = True
        if event.type == "response.output_item.done":
            self._items.append(event.item.model_dump(exclude_none=True))
        elif isinstance(event, _ENDS):
            self._response = event.response
            self._progress.usage = _usage(event.response)
            if event.type == "response.failed":
                raise self._failed(event.response)
        elif event.type == "error":
            raise said(event.message, {"code": event.code or ""}, self._progress.usage)

    def _failed(self, response: Response) -> ModelError:
        error = response.error
        message = error.message if error else "The response failed."
        return said(message, {"code": error.code if error else ""}, self._progress.usage)

    def reply(self) -> Reply:
        if self._response is None:
            raise truncated("no end of the response came", self._progress.usage)
        items = self._items or [
            item.model_dump(exclude_none=True) for item in self._response.output
        ]
        calls = tuple(
            ToolCall(id=item["call_id"], name=item["name"], arguments=item["arguments"])
            for item in items
            if item["type"] == "function_call"
        )
        contents = [part for item in items for part in item.get("content") or ()]
        text = "".join(part["text"] for part in contents if part.get("type") == "output_text")
        refused = any(part.get("type") == "refusal" for part in contents)
        return Reply(
            text=text,
            calls=calls,
            usage=self._progress.usage,
            stop=_stop(self._response, refused, bool(calls)),
            own=Own(api=API, parts=tuple(_to_send(items, calls))),
        )


def _stop(response: Response, refused: bool, calls: bool) -> Stop:
    details = response.incomplete_details
    if refused or (details and details.reason == "content_filter"):
        return Stop.REFUSED
    if details and details.reason == "max_output_tokens":
        return Stop.LENGTH
    return Stop.TOOLS if calls else Stop.END


def _usage(response: Response) -> Usage:
    usage = response.usage
    if usage is None:
        return Usage()
    details, of_output = _dump(usage.input_tokens_details), _dump(usage.output_tokens_details)
    cached = int(details.get("cached_tokens") or 0)
    written = int(details.get("cache_write_tokens") or 0)
    return Usage(
        input=max(0, usage.input_tokens - cached - written),
        cached=cached,
        written=written,
        output=usage.output_tokens,
        reasoning=int(of_output.get("reasoning_tokens") or 0),
    )


def _dump(model: Any) -> dict[str, Any]:
    """Servers of other makers leave parts out that the library believes are always there."""
    return model.model_dump() if model is not None else {}


def _to_send(items: list[Item], calls: tuple[ToolCall, ...]) -> list[Item]:
    """The items without their ids: the provider was asked to keep none of them."""
    kept: list[Item] = []
    for item in items:
        if item["type"] == "function_call":
            call = next(call for call in calls if call.id == item["call_id"])
            kept.append(_call_item(call))
        elif item["type"] == "reasoning" and item.get("encrypted_content"):
            kept.append({k: v for k, v in item.items() if k not in ("status", "content")})
        elif item["type"] == "message":
            texts = [part.get("text") or part.get("refusal", "") for part in item["content"]]
            kept.append({"role": "assistant", "content": "".join(texts)})
    return kept


def _call_item(call: ToolCall) -> Item:
    arguments = call.sendable()
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments,
    }


def _body(request: Request, model: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "instructions": request.system,
        "input": [item for message in request.messages for item in _items(message)],
        "max_output_tokens": request.max_output_tokens,
        "store": False,
    }
    if _REASONS.search(model):
        body["include"] = ["reasoning.encrypted_content"]
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in request.tools
        ]
    if request.answer_schema is not None:
        schema = closed(request.answer_schema)
        form = {"type": "json_schema", "name": "answer", "strict": True, "schema": schema}
        body["text"] = {"format": form}
    return body


def _items(message: Message) -> list[Item]:
    if message.role == "assistant":
        if message.own and message.own.api == API:
            return [dict(part) for part in message.own.parts]
        text: list[Item] = [{"role": "assistant", "content": message.text}] if message.text else []
        return text + [_call_item(call) for call in message.calls]
    results: list[Item] = [
        {"type": "function_call_output", "call_id": result.call_id, "output": result.text}
        for result in message.results
    ]
    return results + ([{"role": "user", "content": message.text}] if message.text else [])
