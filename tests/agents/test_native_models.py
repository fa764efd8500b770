"""Back ends, by the vendors' real SDKs against the scripted model server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.provider_errors import next_pacific_midnight
from agent_os.domain.usage import Usage
from agent_os.models.backend import (
    InferenceBackend,
    Message,
    Reply,
    Request,
    Stop,
    ToolResult,
    ToolSpec,
)
from agent_os.models.failures import ContextOverflow, ModelError, TruncatedStream
from agent_os.models.registry import backend_for
from tests import planted
from tests.models import ModelServer, Scenario, patch
from tests.models.scenarios import RESET_SECONDS
from tests.models.steps import Say, Several, Shell

MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "openai": "gpt-5-codex",
    "openai-chat": "deepseek-chat",
    "google": "gemini-2.5-pro",
}
KEY = planted.MODEL_KEY
SECONDS = 20.0


def _tool(name: str, *properties: str) -> ToolSpec:
    schema = {
        "type": "object",
        "properties": {key: {"type": "string"} for key in properties},
        "required": list(properties),
    }
    return ToolSpec(name=name, description=f"The tool {name}.", parameters=schema)


TOOLS = (_tool("shell", "command"), _tool("write_file", "path", "content"))


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def backends(server: ModelServer) -> Iterator[dict[str, InferenceBackend]]:
    """Made once: each loads its SDK and the certificates of this machine."""
    with ExitStack() as stack:
        for api, model in MODELS.items():
            url = base_url(server, api)
            backend = backend_for(api, base_url=url, api_key=KEY, model=model)
            _BACKENDS[api] = stack.enter_context(closing(backend))
        yield _BACKENDS


_BACKENDS: dict[str, InferenceBackend] = {}


def base_url(server: ModelServer, api: str) -> str:
    return server.url + ("/v1" if api.startswith("openai") else "")


def ask(api: str, *messages: Message, seconds: float = SECONDS) -> Reply:
    conversation = messages or (Message(role="user", text="Do it."),)
    request = Request(system="Be brief.", messages=conversation, tools=TOOLS, seconds=seconds)
    return _BACKENDS[api].reply(request)


def talk(api: str) -> list[Message]:
    """A conversation to its end; each call of a tool gets a result."""
    messages = [Message(role="user", text="Do it.")]
    for _ in range(20):
        reply = ask(api, *messages)
        messages.append(reply.message())
        if not reply.calls:
            return messages
        results = tuple(
            ToolResult(call_id=call.id, name=call.name, text=f"fine: {call.name}")
            for call in reply.calls
        )
        messages.append(Message(role="tool", results=results))
    raise AssertionError("The conversation has no end.")


@pytest.mark.parametrize("api", MODELS)
def test_a_conversation_with_tools(server: ModelServer, api: str) -> None:
    """Also that each vendor's own parts, reasoning among them, go back as they came."""
    steps = (Several((Shell("echo 1"), Shell("echo 2"))), *patch({"a.txt": "A\n"}))
    server.scenario = Scenario(steps, thinking="Let me think about it.")
    begun = server.count
    messages = talk(api)
    assert [len(message.calls) for message in messages if message.role == "assistant"] == [
        *(2, 1, 1, 1),
        0,
    ]
    assert messages[-1].text.startswith("The work is done")
    asked = server.requests[begun:]
    assert all(request.status == 200 for request in asked)
    assert all(request.model == MODELS[api] for request in asked)
    assert all(MODELS[api] in (request.model, "") for request in asked)
    sent = str(asked[-1].body)
    assert sent.count("fine: ") == 5
    marks = {
        "anthropic": "signature",
        "openai": "sealed-",
        "openai-chat": "reasoning_content",
        "google": "thoughtSignature",
    }
    assert marks[api] in sent


@pytest.mark.parametrize("api", MODELS)
def test_tokens_are_told_by_kind(server: ModelServer, api: str) -> None:
    server.scenario = "says_only"
    usage = ask(api).usage
    assert usage == Usage(
        input=400, cached=800, output=60, reasoning=0 if api == "anthropic" else 20
    )


RESET = timedelta(seconds=RESET_SECONDS)
PLAN = timedelta(hours=3)
CODES: dict[str, tuple[FailureCode, timedelta | None]] = {
    "unauthorized": (FailureCode.AUTH_FAILED, None),
    "bad_key": (FailureCode.AUTH_FAILED, None),
    "rate_limited": (FailureCode.RATE_LIMITED, None),
    "rate_limited_reset": (FailureCode.RATE_LIMITED, RESET),
    "server_error": (FailureCode.OVERLOADED, None),
    "overloaded": (FailureCode.OVERLOADED, None),
    "overloaded_in_stream": (FailureCode.OVERLOADED, None),
    "quota": (FailureCode.QUOTA_EXHAUSTED, None),
    "quota_plan": (FailureCode.QUOTA_EXHAUSTED, PLAN),
    "model_missing": (FailureCode.MODEL_UNAVAILABLE, None),
}


@pytest.mark.parametrize("api", MODELS)
@pytest.mark.parametrize("scenario", CODES)
def test_failures_of_providers(server: ModelServer, api: str, scenario: str) -> None:
    """One request each: nothing is retried in here. The key is in no message."""
    server.scenario = scenario
    begun, now = server.count, datetime.now(UTC)
    with pytest.raises(ModelError) as caught:
        ask(api)
    error = caught.value
    code, wait = CODES[scenario]
    assert error.failure is code
    assert server.count == begun + 1
    assert KEY not in str(error)
    if scenario == "quota" and api == "google":
        assert error.resets_at == next_pacific_midnight(now)
    elif wait is None or (scenario == "quota_plan" and api == "openai-chat"):
        assert error.resets_at is None  # DeepSeek has no plans
    else:
        assert error.resets_at is not None
        assert abs(error.resets_at - now - wait) < timedelta(seconds=15)


@pytest.mark.parametrize("api", MODELS)
@pytest.mark.parametrize("scenario", ["truncated", "truncated_clean"])
def test_an_answer_that_breaks_off_is_no_answer(
    server: ModelServer, api: str, scenario: str
) -> None:
    server.scenario = scenario
    with pytest.raises(TruncatedStream) as caught:
        ask(api)
    assert caught.value.failure is FailureCode.OVERLOADED


@pytest.mark.parametrize("api", MODELS)
def test_too_long_a_conversation_is_told_apart(server: ModelServer, api: str) -> None:
    server.scenario = "overflow"
    with pytest.raises(ContextOverflow):
        ask(api)


@pytest.mark.parametrize("api", MODELS)
@pytest.mark.parametrize(
    "scenario",
    [
        "hang",
        pytest.param("hang_after_headers", marks=pytest.mark.long),
        pytest.param("slow", marks=pytest.mark.long),
    ],
)
def test_an_answer_has_its_time(server: ModelServer, api: str, scenario: str) -> None:
    server.scenario = scenario
    # Without a limit these scenarios go on for minutes: that it comes back is the test.
    with pytest.raises(ModelError) as caught:
        ask(api, seconds=0.3)
    assert caught.value.failure is FailureCode.OVERLOADED
    assert "did not finish" in caught.value.message


@pytest.mark.parametrize("api", MODELS)
def test_malformed_arguments_are_kept_as_they_came(server: ModelServer, api: str) -> None:
    """And the conversation that holds them is taken back by the interface."""
    server.scenario = "bad_arguments"
    reply = ask(api)
    assert reply.calls[0].name == "shell"
    assert "comand" in reply.calls[0].arguments
    call = reply.calls[0]
    result = ToolResult(call_id=call.id, name=call.name, text="no", failed=True)
    first = Message(role="user", text="Do it.")
    following = ask(api, first, reply.message(), Message(role="tool", results=(result,)))
    assert following.calls


@pytest.mark.parametrize("api", MODELS)
def test_a_conversation_of_another_vendor_can_go_on(server: ModelServer, api: str) -> None:
    """Only text and calls are carried over: nobody takes the other's signatures."""
    server.scenario = Scenario((Shell("echo 1"), Say("Done.")), thinking="Hm.")
    other = "google" if api != "google" else "anthropic"
    reply = ask(other)
    call = reply.calls[0]
    result = ToolResult(call_id=call.id, name=call.name, text="1")
    first = Message(role="user", text="Do it.")
    last = ask(api, first, reply.message(), Message(role="tool", results=(result,)))
    assert (last.text, last.stop) == ("Done.", Stop.END)


@pytest.mark.parametrize("api", MODELS)
def test_answers_by_schema(server: ModelServer, api: str) -> None:
    server.scenario = Scenario((Say("no"),), answer={"goal": "mend it", "size": 2})
    schema = {
        "type": "object",
        "properties": {"goal": {"type": "string"}, "size": {"type": "integer", "default": 1}},
        "required": ["goal"],
    }
    request = Request(
        system="Answer.",
        messages=(Message(role="user", text="?"),),
        answer_schema=schema,
        seconds=SECONDS,
    )
    reply = _BACKENDS[api].reply(request)
    assert reply.text.replace(" ", "") == '{"goal":"mendit","size":2}'


def test_what_stays_the_same_is_marked_for_the_cache(server: ModelServer) -> None:
    server.scenario = Scenario((*[Shell(f"echo {n}") for n in range(4)], Say("Done.")))
    talk("anthropic")
    body = server.requests[-1].body
    assert "cache_control" in body["system"][-1]
    assert ["cache_control" in tool for tool in body["tools"]] == [False, True]
    marked = ["cache_control" in message["content"][-1] for message in body["messages"]]
    assert marked == [False] * (len(marked) - 3) + [True, False, True]


class _OnlyAlive(BaseHTTPRequestHandler):
    """A server that sends signs of life and nothing else."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        ping = b'event: ping\ndata: {"type": "ping"}\n\n: alive\n\n'
        with suppress(OSError):
            for _ in range(600):
                self.wfile.write(ping if "messages" in self.path else b": alive\n\n")
                self.wfile.flush()
                time.sleep(0.05)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.mark.parametrize("api", ["anthropic", "openai", "openai-chat"])
def test_signs_of_life_are_no_answer(api: str) -> None:
    """The libraries skip them, so nothing that waits for pieces ever looks at the time."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _OnlyAlive) as alive:
        thread = threading.Thread(target=alive.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{alive.server_port}"
        try:
            with closing(backend_for(api, base_url=url, api_key=KEY, model="m")) as backend:
                request = Request(
                    system="", messages=(Message(role="user", text="?"),), seconds=0.3
                )
                with pytest.raises(ModelError) as caught:
                    backend.reply(request)
        finally:
            alive.shutdown()
            thread.join()
    assert "did not finish" in caught.value.message


def test_nobody_there() -> None:
    with ModelServer("says_only") as gone:
        url = gone.url
    for api, model in MODELS.items():
        with closing(backend_for(api, base_url=url, api_key=KEY, model=model)) as backend:
            request = Request(system="", messages=(Message(role="user", text="?"),), seconds=5)
            with pytest.raises(ModelError) as caught:
                backend.reply(request)
            assert caught.value.failure is FailureCode.OVERLOADED
