"""The scripted model server, asked by the vendors' own SDKs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from agent_os.attempt.result import FILE_NAME, parse_result
from tests.models import ModelServer, Scenario, patch
from tests.models.sdks import COMMAND, RAW, SDKS, converse, fails
from tests.models.steps import Fail, Kind, Say, Several, Shell, Truncate, Write

EITHER = [
    pytest.param(api, stream, id=f"{api}-{'streamed' if stream else 'whole'}")
    for api in SDKS
    for stream in (True, False)
]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.mark.parametrize(("api", "stream"), EITHER)
def test_a_script_is_gone_through_with_the_tools_that_are_offered(
    server: ModelServer, api: str, stream: bool
) -> None:
    server.scenario = Scenario(
        (
            Write("a.txt", "one\n", saying="First a file."),
            Several((Shell("echo 1"), Shell("echo 2"))),
            *patch({}),
        ),
        thinking="What comes first?",
    )
    turns = converse(api, server.url, stream)
    said = [turn.text for turn in turns]
    assert said[0] == "First a file."
    assert said[-1].startswith("The work is done")
    made = [[(name, arguments) for _, name, arguments in turn.calls] for turn in turns]
    assert made[0] == [("write_file", {"path": "a.txt", "content": "one\n"})]
    assert [arguments for _, arguments in made[1]] == [{"command": "echo 1"}, {"command": "echo 2"}]
    name, arguments = made[2][0]
    assert (name, arguments["path"]) == ("write_file", FILE_NAME)
    assert parse_result(arguments["content"].encode()).status == "complete"
    assert {turn.usage for turn in turns} == {(1200, 800, 60, 20)}
    assert [request.api for request in server.requests] == [api] * 5
    assert server.count == len(turns) == 5
    assert "What comes first?" in json.dumps(server.requests[-1].body)


#: scenario, and for each API (in the order of SDKS) the status and words of the answer
FAILURES = {
    "unauthorized": [
        (401, "invalid x-api-key"),
        (401, "invalid_api_key"),
        (401, "Authentication Fails"),
        (401, "UNAUTHENTICATED"),
    ],
    "server_error": [
        (500, "api_error"),
        (500, "server_error"),
        (500, "Internal"),
        (500, "INTERNAL"),
    ],
    "overloaded": [
        (529, "overloaded_error"),
        (503, "server_is_overloaded"),
        (503, "too busy"),
        (503, "UNAVAILABLE"),
    ],
    "quota": [
        (400, "credit balance is too low"),
        (429, "insufficient_quota"),
        (402, "Insufficient Balance"),
        (429, "GenerateRequestsPerDay"),
    ],
    "model_missing": [
        (404, "claude-x"),
        (404, "model_not_found"),
        (400, "Model Not Exist"),
        (404, "models/gemini-x is not found"),
    ],
}


@pytest.mark.parametrize("api", SDKS)
@pytest.mark.parametrize("scenario", FAILURES)
def test_failures_come_in_the_vendors_words(server: ModelServer, api: str, scenario: str) -> None:
    server.scenario = scenario
    expected, words = FAILURES[scenario][list(SDKS).index(api)]
    for stream in (True, False):
        status, message, _ = fails(api, server.url, stream)
        assert status == expected
        assert words in message
    assert [request.status for request in server.requests] == [expected] * 2


@pytest.mark.parametrize(("api", "stream"), EITHER)
def test_a_rate_limit_tells_when_it_ends(server: ModelServer, api: str, stream: bool) -> None:
    server.scenario = "rate_limited_reset"
    status, message, headers = fails(api, server.url, stream)
    assert status == 429
    assert headers["retry-after"] == "30"
    match api:
        case "anthropic":
            assert "T" in headers["anthropic-ratelimit-input-tokens-reset"]
        case "openai-responses":
            assert headers["x-ratelimit-reset-tokens"] == "30s"
            assert "try again in 30s" in message
        case "google":
            assert "'retryDelay': '30s'" in message
        case _:
            pass


def test_plans_limits_come_with_their_reset(server: ModelServer) -> None:
    server.scenario = "quota_plan"
    before = time.time()
    _, _, headers = fails("anthropic", server.url, True)
    reset = int(headers["anthropic-ratelimit-unified-reset"])
    assert before + 10_700 < reset < time.time() + 10_900
    with httpx2.Client() as client:
        answer = client.post(f"{server.url}/v1/responses", json={"model": "gpt-x", "input": "go"})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (429, "usage_limit_reached")
    assert before + 10_700 < error["resets_at"] < time.time() + 10_900
    assert error["resets_in_seconds"] == 10_800


@pytest.mark.parametrize("clean", [False, True], ids=["cut", "clean"])
@pytest.mark.parametrize("api", SDKS)
def test_a_truncated_answer_has_no_end(server: ModelServer, api: str, clean: bool) -> None:
    """Read raw: what an SDK makes of it (an error, or half of an answer) is its own affair."""
    text = "word " * 400
    server.scenario = Scenario((Truncate(text, clean=clean),))
    address, body = RAW[api]
    whole = True
    got = ""
    with (
        httpx2.Client() as client,
        client.stream("POST", server.url + address, json=body) as answer,
    ):
        try:
            for piece in answer.iter_text():
                got += piece
        except httpx2.RemoteProtocolError:
            whole = False
    assert whole is clean
    assert 100 < got.count("word") < 300
    for end in ("message_stop", "response.completed", "[DONE]", "finishReason"):
        assert end not in got


def test_one_server_plays_four_vendors(server: ModelServer) -> None:
    server.scenario = {
        "anthropic": "quota",
        "openai": Scenario((Fail(Kind.SERVER_ERROR),)),
        "google": "hang",
        "deepseek": "succeed",
        "*": Scenario((Say("Neither."),)),
    }
    assert fails("anthropic", server.url, True)[0] == 400
    assert fails("openai-responses", server.url, True)[0] == 500
    assert len(converse("openai-chat", server.url, True)) == 4
    address, body = RAW["openai-chat"]
    with httpx2.Client() as client:
        assert "Neither." in client.post(server.url + address, json=body).text
        address, body = RAW["google"]
        with pytest.raises(httpx2.ReadTimeout):
            client.post(server.url + address, json=body, timeout=0.2)


@pytest.mark.parametrize(
    "refusal",
    [
        "<tool_use_error>File has not been read yet. Read it first before writing to it.",
        "File /w/a.txt has not been read in this session. Use the read_file tool first",
        "You must read file /w/a.txt before overwriting it.",
    ],
)
def test_a_write_that_the_program_refuses_is_done_by_its_shell(
    server: ModelServer, refusal: str
) -> None:
    server.scenario = Scenario((Several((Write("a.txt", "1"), Write("b.txt", "2"))), Say("Done.")))
    ask, give = SDKS["anthropic"]
    history: list[Any] = [{"role": "user", "content": "Do the work."}]
    with ask(server.url, True) as go_on:
        both = go_on(history).calls
        give(history, [(both[0], refusal), (both[1], "Written, whatever must read it.")])
        again = go_on(history).calls
        give(history, [(again[0], "ok")])
        assert not go_on(history).calls
    assert [name for _, name, _ in again] == ["shell"]
    assert "base64 -d > a.txt" in again[0][2]["command"]


@pytest.mark.parametrize("api", SDKS)
def test_a_call_without_its_result_is_refused_as_the_vendors_do(
    server: ModelServer, api: str
) -> None:
    ask, give = SDKS[api]
    history: list[Any] = [{"role": "user", "content": "Do the work."}]
    with ask(server.url, False) as go_on:
        calls = go_on(history).calls
        history.append({"role": "user", "content": "And now?"})
        with pytest.raises(Exception, match=r"(?s)400.*call without its result"):
            go_on(history)
        history.pop()
        give(history, [(calls[0], "ok")])
        assert go_on(history).calls
        assert [request.status for request in server.requests] == [200, 400, 200]


def test_failures_that_are_counted_end(server: ModelServer) -> None:
    for _ in range(2):
        server.scenario = "recovers"
        assert [fails("anthropic", server.url, True)[0] for _ in range(2)] == [429, 429]
        assert len(converse("anthropic", server.url, True)) == 4


@pytest.mark.parametrize("api", SDKS)
def test_a_repair_is_answered_with_a_right_result(server: ModelServer, api: str) -> None:
    server.scenario = "invalid_result"
    ask, give = SDKS[api]
    history: list[Any] = [{"role": "user", "content": "Do the work."}]
    written: list[str] = []
    with ask(server.url, False) as go_on:
        for prompt in ("", "The result file is not valid. Repair it."):
            if prompt:
                history.append({"role": "user", "content": prompt})
            while (turn := go_on(history)).calls:
                written += [a["content"] for _, _, a in turn.calls if a.get("path") == FILE_NAME]
                give(history, [(call, "ok") for call in turn.calls])
    assert [text.startswith("---") for text in written] == [False, True]


@pytest.mark.parametrize("api", SDKS)
def test_json_is_answered_where_it_is_asked_for(server: ModelServer, api: str) -> None:
    server.scenario = Scenario(patch({}), answer=lambda asked: {"model": asked.model})
    schema = {"type": "object", "properties": {"model": {"type": "string"}}}
    address, body = RAW[api]
    body = {**body, "stream": False} | {
        "anthropic": {"output_config": {"format": {"type": "json_schema", "schema": schema}}},
        "openai-responses": {"text": {"format": {"type": "json_schema", "schema": schema}}},
        "openai-chat": {
            "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}
        },
        "google": {"generationConfig": {"responseJsonSchema": schema}},
    }[api]
    with httpx2.Client() as client:
        answer = client.post(f"{server.url}{address.replace('streamG', 'g')}", json=body).text
        assert json.dumps(json.dumps({"model": body.get("model", "gemini-x")})) in answer
        server.scenario = "succeed"
        answer = client.post(f"{server.url}{address.replace('streamG', 'g')}", json=body).text
        assert json.dumps(json.dumps({"model": "plain"})) in answer


def test_a_tool_may_be_forced(server: ModelServer) -> None:
    server.scenario = Scenario(patch({}), answer={"command": "as told"})
    with anthropic.Anthropic(base_url=server.url, api_key="dummy") as client:
        message = client.messages.create(
            model="claude-x",
            max_tokens=9,
            messages=[{"role": "user", "content": "go"}],
            tools=[{"name": "shell", "input_schema": COMMAND}],
            tool_choice={"type": "tool", "name": "shell"},
        )
    assert [(b.name, b.input) for b in message.content if b.type == "tool_use"] == [
        ("shell", {"command": "as told"})
    ]


def test_the_command_serves_until_it_is_ended(tmp_path: Path) -> None:
    port_file, log = tmp_path / "port", tmp_path / "log"
    command = [sys.executable, "-m", "tests.models", "--port-file", str(port_file)]
    command += ["--scenario", "anthropic=overloaded", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not port_file.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            url = f"http://127.0.0.1:{port_file.read_text()}"
            assert fails("anthropic", url, False)[0] == 529
            while not (log.exists() and log.read_text()):
                assert time.monotonic() < deadline
                time.sleep(0.02)
        finally:
            process.terminate()
        assert process.wait(30) == 0
    assert json.loads(log.read_text())["status"] == 529
