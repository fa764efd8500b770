"""Google's Gemini interface."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any, cast

import httpx2
from google import genai
from google.genai import errors, types

from agent_os.domain.usage import Usage
from agent_os.models.backend import Message, Own, Reply, Request, Stop, ToolCall
from agent_os.models.calling import CONNECT_SECONDS, READ_SECONDS, Progress, limited, watched
from agent_os.models.failures import truncated

API = "google"
BASE_URL = "https://generativelanguage.googleapis.com"
_ERRORS = (errors.APIError, errors.UnknownApiResponseError)
_REFUSED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"}
_MALFORMED = {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"}

Part = dict[str, Any]


class GoogleBackend:
    """Keeps its client: the library closes the connection of one that nobody holds."""

    def __init__(self, base_url: str, api_key: str, model: str) -> None:
        self._key = api_key
        self._model = model
        self._http = httpx2.Client(event_hooks={"request": [_set_timeouts]})
        self._client = genai.Client(
            api_key=api_key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=(base_url or BASE_URL).rstrip("/").removesuffix("/v1beta"),
                httpx_client=self._http,
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )

    def reply(self, request: Request) -> Reply:
        """See InferenceBackend."""
        with watched(request.seconds, self._key, _ERRORS) as progress:
            stream = self._client.models.generate_content_stream(
                model=self._model,
                contents=cast("Any", _contents(request)),
                config=_config(request),
            )
            reading = _Reading(progress)
            with limited(request.seconds, lambda: None) as check:
                for chunk in stream:
                    check()
                    reading.take(chunk)
            return reading.reply()

    def close(self) -> None:
        self._client.close()
        self._http.close()


def _set_timeouts(request: httpx2.Request) -> None:
    """The library knows one time for all; it has put what the whole may take there."""
    whole = request.extensions.get("timeout", {}).get("read") or READ_SECONDS
    request.extensions["timeout"] = {
        "connect": min(CONNECT_SECONDS, whole),
        "read": min(READ_SECONDS, whole),
        "write": min(READ_SECONDS, whole),
        "pool": CONNECT_SECONDS,
    }


class _Reading:
    """Puts a reply together from its pieces."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._parts: list[Part] = []
        self._stop: str | None = None
        self._blocked = False

    def take(self, chunk: types.GenerateContentResponse) -> None:
        self._progress.begun = True
        if chunk.usage_metadata is not None:
            self._progress.usage = _usage(chunk.usage_metadata)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self._blocked = True
        for candidate in (chunk.candidates or [])[:1]:
            content = candidate.content
            for part in (content.parts if content else None) or ():
                self._parts.append(part.model_dump(mode="json", by_alias=True, exclude_none=True))
            if candidate.finish_reason is not None:
                self._stop = candidate.finish_reason.value

    def reply(self) -> Reply:
        if self._stop is None and not self._blocked:
            raise truncated("no reason for its end came", self._progress.usage)
        said = [
            part["text"] for part in self._parts if part.get("text") and not part.get("thought")
        ]
        calls = tuple(
            ToolCall(
                id=part["functionCall"].get("id") or f"call_{secrets.token_hex(8)}",
                name=part["functionCall"].get("name") or "",
                arguments=json.dumps(part["functionCall"].get("args") or {}),
            )
            for part in self._parts
            if "functionCall" in part
        )
        return Reply(
            text="".join(said),
            calls=calls,
            usage=self._progress.usage,
            stop=self._why(bool(calls)),
            own=Own(api=API, parts=tuple(self._parts)) if self._parts else None,
        )

    def _why(self, calls: bool) -> Stop:
        if self._blocked or self._stop in _REFUSED:
            return Stop.REFUSED
        if self._stop in _MALFORMED:
            return Stop.MALFORMED
        if self._stop == "MAX_TOKENS":
            return Stop.LENGTH
        return Stop.TOOLS if calls else Stop.END


def _usage(found: types.GenerateContentResponseUsageMetadata) -> Usage:
    cached = found.cached_content_token_count or 0
    thoughts = found.thoughts_token_count or 0
    prompt = (found.prompt_token_count or 0) + (found.tool_use_prompt_token_count or 0)
    return Usage(
        input=max(0, prompt - cached),
        cached=cached,
        output=(found.candidates_token_count or 0) + thoughts,
        reasoning=thoughts,
    )


def _config(request: Request) -> types.GenerateContentConfig:
    config = types.GenerateContentConfig(
        system_instruction=request.system or None,
        max_output_tokens=request.max_output_tokens,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        http_options=types.HttpOptions(timeout=max(1, int(request.seconds * 1000))),
    )
    if request.tools:
        declarations = [
            types.FunctionDeclaration(
                name=tool.name,
                description=tool.description,
                parameters_json_schema=tool.parameters,
            )
            for tool in request.tools
        ]
        config.tools = [types.Tool(function_declarations=declarations)]
    if request.answer_schema is not None:
        config.response_mime_type = "application/json"
        config.response_json_schema = request.answer_schema
    return config


def _contents(request: Request) -> list[types.Content]:
    contents: list[types.Content] = []
    ids = _ids(request)
    for message in request.messages:
        role = "model" if message.role == "assistant" else "user"
        parts = [types.Part.model_validate(_decoded(part)) for part in _parts(message, ids)]
        if contents and contents[-1].role == role and contents[-1].parts is not None:
            contents[-1].parts += parts
        elif parts:
            contents.append(types.Content(role=role, parts=parts))
    return contents


def _decoded(part: Part) -> Part:
    """Signatures are bytes to the library, and base64 in JSON."""
    signature = part.get("thoughtSignature")
    if not isinstance(signature, str):
        return part
    return {**part, "thoughtSignature": base64.urlsafe_b64decode(signature)}


def _ids(request: Request) -> set[str]:
    """Of those calls that Google's model gave one: their results must name it, and no others."""
    parts = [part for message in request.messages if message.own for part in message.own.parts]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    return {call["id"] for call in calls if call.get("id")}


def _parts(message: Message, ids: set[str]) -> list[Part]:
    if message.role == "assistant":
        if message.own and message.own.api == API:
            return list(message.own.parts)
        said: list[Part] = [{"text": message.text}] if message.text else []
        return said + [
            {"functionCall": {"name": call.name, "args": call.parsed()}} for call in message.calls
        ]
    results: list[Part] = [
        {
            "functionResponse": {
                "name": result.name,
                "response": {"error" if result.failed else "output": result.text},
                **({"id": result.call_id} if result.call_id in ids else {}),
            }
        }
        for result in message.results
    ]
    return results + ([{"text": message.text}] if message.text else [])
