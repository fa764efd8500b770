"""Conversations with the server by the vendors' own SDKs, in one shape for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
from google import genai
from google.genai import errors as google_errors
from google.genai import types

COMMAND: dict[str, Any] = {
    "type": "object",
    "properties": {"command": {"type": "string"}},
    "required": ["command"],
}
CONTENT: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
    "required": ["path", "content"],
}
TOOLS = {"shell": COMMAND, "write_file": CONTENT}
Made = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Turn:
    """One answer: its text, its calls (id, name, arguments), (input, cached, output, reasoning)."""

    text: str
    calls: list[Made]
    usage: tuple[int, int, int, int]


#: Takes the history in the SDK's own shape and adds the answer to it.
Ask = Callable[[list[Any]], Turn]


@contextmanager
def ask_anthropic(url: str, stream: bool) -> Generator[Ask]:
    web = anthropic.DefaultHttpxClient(verify=False)
    client = anthropic.Anthropic(base_url=url, api_key="dummy", max_retries=0, http_client=web)
    tools: Any = [{"name": name, "input_schema": schema} for name, schema in TOOLS.items()]

    def ask(history: list[Any]) -> Turn:
        given: Any = {"model": "claude-x", "max_tokens": 99, "messages": history, "tools": tools}
        if stream:
            with client.messages.stream(**given) as streaming:
                message = streaming.get_final_message()
        else:
            message = client.messages.create(**given)
        history.append({"role": "assistant", "content": message.content})
        calls: list[Made] = [
            (b.id, b.name, dict(b.input)) for b in message.content if b.type == "tool_use"
        ]
        text = "".join(b.text for b in message.content if b.type == "text")
        cached = message.usage.cache_read_input_tokens or 0
        used = (message.usage.input_tokens + cached, cached, message.usage.output_tokens, 20)
        return Turn(text, calls, used)

    with client:
        yield ask


@contextmanager
def ask_responses(url: str, stream: bool) -> Generator[Ask]:
    web = openai.DefaultHttpxClient(verify=False)
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="dummy", max_retries=0, http_client=web)
    tools: Any = [
        {"type": "function", "name": name, "parameters": schema, "strict": False}
        for name, schema in TOOLS.items()
    ]

    def ask(history: list[Any]) -> Turn:
        given: Any = {"model": "gpt-x", "input": history, "tools": tools}
        if stream:
            with client.responses.stream(**given) as streaming:
                response = streaming.get_final_response()
        else:
            response = client.responses.create(**given)
        history.extend(response.output)
        calls: list[Made] = [
            (one.call_id, one.name, json.loads(one.arguments))
            for one in response.output
            if one.type == "function_call"
        ]
        assert response.usage is not None
        used = response.usage
        cached = used.input_tokens_details.cached_tokens
        reasoning = used.output_tokens_details.reasoning_tokens
        return Turn(
            response.output_text, calls, (used.input_tokens, cached, used.output_tokens, reasoning)
        )

    with client:
        yield ask


@contextmanager
def ask_chat(url: str, stream: bool) -> Generator[Ask]:
    web = openai.DefaultHttpxClient(verify=False)
    client = openai.OpenAI(base_url=url, api_key="dummy", max_retries=0, http_client=web)
    tools: Any = [
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name, schema in TOOLS.items()
    ]

    def ask(history: list[Any]) -> Turn:
        given: Any = {"model": "deepseek-x", "messages": history, "tools": tools}
        if stream:
            given |= {"stream_options": {"include_usage": True}}
            with client.chat.completions.stream(**given) as streaming:
                answer: Any = streaming.get_final_completion()
        else:
            answer = client.chat.completions.create(**given)
        message = answer.choices[0].message
        history.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        calls: list[Made] = [
            (one.id, one.function.name, json.loads(one.function.arguments))
            for one in message.tool_calls or []
        ]
        used = answer.usage
        details = (
            used.prompt_tokens_details.cached_tokens,
            used.completion_tokens,
            used.completion_tokens_details.reasoning_tokens,
        )
        return Turn(message.content or "", calls, (used.prompt_tokens, *details))

    with client:
        yield ask


def _content(message: dict[str, Any]) -> types.Content:
    return types.Content(role="user", parts=[types.Part(text=message["content"])])


@contextmanager
def ask_google(url: str, stream: bool) -> Generator[Ask]:
    plain = {"verify": False}
    options = types.HttpOptions(base_url=url, client_args=plain, async_client_args=plain)
    client = genai.Client(api_key="dummy", http_options=options)
    declared = [
        types.FunctionDeclaration(name=name, parameters_json_schema=schema)
        for name, schema in TOOLS.items()
    ]
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=declared)],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )

    def ask(history: list[Any]) -> Turn:
        contents = [_content(one) if isinstance(one, dict) else one for one in history]
        given: Any = {"model": "gemini-x", "contents": contents, "config": config}
        if stream:
            answers = list(client.models.generate_content_stream(**given))
        else:
            answers = [client.models.generate_content(**given)]
        found = [one.candidates[0].content for one in answers if one.candidates]
        parts = [part for one in found if one for part in one.parts or []]
        history.append(types.Content(role="model", parts=parts))
        calls: list[Made] = [
            (p.function_call.id or "", p.function_call.name or "", dict(p.function_call.args or {}))
            for p in parts
            if p.function_call
        ]
        used = answers[-1].usage_metadata
        assert used is not None
        reasoning = used.thoughts_token_count or 0
        output = (used.candidates_token_count or 0) + reasoning
        cached = used.cached_content_token_count or 0
        text = "".join(p.text or "" for p in parts if not p.thought)
        return Turn(text, calls, (used.prompt_token_count or 0, cached, output, reasoning))

    with client:
        yield ask


def give_anthropic(history: list[Any], results: list[tuple[Made, str]]) -> None:
    content = [
        {"type": "tool_result", "tool_use_id": call[0], "content": text} for call, text in results
    ]
    history.append({"role": "user", "content": content})


def give_responses(history: list[Any], results: list[tuple[Made, str]]) -> None:
    for call, text in results:
        history.append({"type": "function_call_output", "call_id": call[0], "output": text})


def give_chat(history: list[Any], results: list[tuple[Made, str]]) -> None:
    for call, text in results:
        history.append({"role": "tool", "tool_call_id": call[0], "content": text})


def give_google(history: list[Any], results: list[tuple[Made, str]]) -> None:
    parts = [
        types.Part(
            function_response=types.FunctionResponse(
                id=call[0], name=call[1], response={"output": text}
            )
        )
        for call, text in results
    ]
    history.append(types.Content(role="user", parts=parts))


SDKS = {
    "anthropic": (ask_anthropic, give_anthropic),
    "openai-responses": (ask_responses, give_responses),
    "openai-chat": (ask_chat, give_chat),
    "google": (ask_google, give_google),
}


#: Where to ask without an SDK, and the smallest body for it.
RAW: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages", {"model": "claude-x", "messages": [], "stream": True}),
    "openai-responses": ("/v1/responses", {"model": "gpt-x", "input": "go", "stream": True}),
    "openai-chat": ("/v1/chat/completions", {"model": "m", "messages": [], "stream": True}),
    "google": ("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", {"contents": []}),
}


def converse(api: str, url: str, stream: bool, most: int = 12) -> list[Turn]:
    """Answers all calls with "ok" until there are none; the turns."""
    ask, give = SDKS[api]
    history: list[Any] = [{"role": "user", "content": "Do the work."}]
    turns: list[Turn] = []
    with ask(url, stream) as go_on:
        while len(turns) < most:
            turns.append(go_on(history))
            if not turns[-1].calls:
                break
            give(history, [(call, "ok") for call in turns[-1].calls])
    return turns


def fails(api: str, url: str, stream: bool) -> tuple[int, str, dict[str, str]]:
    """(status, message, headers) of the SDK's error."""
    ask, _ = SDKS[api]
    try:
        with ask(url, stream) as go_on:
            go_on([{"role": "user", "content": "Do the work."}])
    except (anthropic.APIStatusError, openai.APIStatusError) as error:
        return error.status_code, f"{error} {error.body}", dict(error.response.headers)
    except google_errors.APIError as error:
        headers = getattr(error.response, "headers", {})
        return error.code, f"{error} {error.details}", dict(headers)
    raise AssertionError("it did not fail")
