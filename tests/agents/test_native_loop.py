"""The loop of our own agent against the scripted model server: tools, limits, failures."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_os.agents.events import Happening
from agent_os.agents.native.limits import Account, Ended
from agent_os.agents.native.settings import NativeLimits
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Price, Usage
from agent_os.workspace.proctable import descendants
from tests.agents.native_runs import KEY, Ground, close_backends
from tests.models import ModelServer, Scenario, patch
from tests.models.steps import BadArguments, Say, Several, Shell, Truncate, Use, Write, overflow

FILES = {"hello.txt": "Hello.\n", "sub/two.txt": "Two.\n"}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running
    close_backends()


@pytest.fixture
def ground(tmp_path: Path, server: ModelServer) -> Ground:
    return Ground(tmp_path, server)


def limits(
    *,
    steps: int = 50,
    usd: float | None = None,
    tokens: int | None = None,
    seconds: float = 60,
    tool_seconds: float = 20,
) -> NativeLimits:
    return NativeLimits(
        steps=steps, usd=usd, tokens=tokens, seconds=seconds, tool_seconds=tool_seconds
    )


@pytest.mark.parametrize(
    ("api", "model"),
    [
        ("openai-chat", "deepseek-chat"),
        ("openai", "gpt-5-codex"),
        ("anthropic", "claude-sonnet-4-5"),
        ("google", "gemini-2.5-pro"),
    ],
)
def test_work_is_done(server: ModelServer, ground: Ground, api: str, model: str) -> None:
    """The tools are used as the model asks; each event is told; the transcript is kept, private."""
    server.scenario = Scenario(patch(FILES), thinking="Hm.")
    ran = ground.run(ground.settings(api, model=model))
    assert ran.code is None
    assert {name: (ground.work / name).read_text() for name in FILES} == FILES
    assert [event.kind for event in ran.events[:4]] == [
        Happening.SESSION,
        Happening.TURN,
        Happening.TOOL,
        Happening.TOOL_DONE,
    ]
    assert ran.count(Happening.TURN) == ran.count(Happening.TOOL) + 1 == 5
    assert ground.transcript.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(ground.transcript.read_text())["messages"]) == 10


def test_many_calls_in_one_reply(server: ModelServer, ground: Ground) -> None:
    """All are answered, in their order; those that only read run at the same time."""
    (ground.work / "a.txt").write_text("some words\n")
    reads = (Use("read_file", {"path": "a.txt"}), Use("search", {"pattern": "wor[d]s"}))
    acts = (*reads * 4, Write("b.txt", "B\n"), Use("read_file", {"path": "b.txt"}))
    server.scenario = Scenario((Several(acts), Say("Done.")))
    ran = ground.run(ground.settings())
    results = json.loads(ground.transcript.read_text())["messages"][2]["results"]
    shown = [result["text"] for result in results]
    assert shown == [*["1\tsome words", "a.txt:1: some words"] * 4, shown[8], "1\tB"]
    kinds = [event.kind for event in ran.events if event.tool]
    assert kinds[:8] == [Happening.TOOL] * 8


def test_malformed_arguments_are_told_to_the_model(server: ModelServer, ground: Ground) -> None:
    wrong = Several((BadArguments(), Use("shell", {"cmd": "ls"}), Use("no_such_tool", {})))
    server.scenario = Scenario((wrong, *patch(FILES)))
    assert ground.run(ground.settings()).code is None
    results = json.loads(ground.transcript.read_text())["messages"][2]["results"]
    assert [result["failed"] for result in results] == [True, True, True]
    assert "not JSON" in results[0]["text"]
    assert "command: Field required" in results[1]["text"]
    assert "There is no tool 'no_such_tool'" in results[2]["text"]


def test_malformed_arguments_without_end_end_the_work(server: ModelServer, ground: Ground) -> None:
    server.scenario = Scenario((BadArguments(),) * 9)
    begun = server.count
    ran = ground.run(ground.settings())
    assert ran.code is FailureCode.AGENT_FAILED
    assert server.count - begun == 5


def test_empty_replies_without_end_end_the_work(ground: Ground) -> None:
    script = ground.script(*[{"text": ""}] * 9)
    ran = ground.run(ground.settings("scripted", model=script))
    assert ran.code is FailureCode.AGENT_FAILED
    assert ran.count(Happening.TURN) == 5


def test_steps_are_limited(server: ModelServer, ground: Ground) -> None:
    server.scenario = Scenario((Shell("echo once more"),) * 9)
    begun = server.count
    ran = ground.run(ground.settings(limits=limits(steps=3)))
    assert ran.code is FailureCode.BUDGET_EXHAUSTED
    assert server.count - begun == 3


def test_money_is_limited(server: ModelServer, ground: Ground) -> None:
    """At the first call that would be made with nothing left: one turn may go over."""
    server.scenario = Scenario((Shell("echo once more"),) * 9)
    begun = server.count
    price = Price(input=1_000, output=1_000)  # 1.26 dollars a turn
    ran = ground.run(ground.settings(limits=limits(usd=2.0), price=price))
    assert ran.code is FailureCode.BUDGET_EXHAUSTED
    assert server.count - begun == 2
    assert "$2.52" in ran.message


def test_an_unknown_price_is_said(server: ModelServer, ground: Ground) -> None:
    server.scenario = "says_only"
    ran = ground.run(ground.settings(limits=limits(usd=2.0)))
    assert "price is not known" in ran.texts(Happening.TEXT)[0]


def test_tokens_are_limited(server: ModelServer, ground: Ground) -> None:
    server.scenario = Scenario((Shell("echo once more"),) * 9)
    ran = ground.run(ground.settings(limits=limits(tokens=2_000)))  # 1260 a turn
    assert ran.code is FailureCode.BUDGET_EXHAUSTED
    assert ran.count(Happening.TURN) == 2


def test_time_is_limited_before_a_call() -> None:
    account = Account(limits(seconds=30), None)
    account.check()
    account.begun = time.monotonic() - 31
    with pytest.raises(Ended) as caught:
        account.check()
    assert caught.value.code is FailureCode.TIMEOUT


def test_time_ends_an_answer_that_does_not_come(server: ModelServer, ground: Ground) -> None:
    server.scenario = "hang"
    ran = ground.run(ground.settings(limits=limits(seconds=0.3)))
    assert ran.code is FailureCode.OVERLOADED


def test_a_tool_that_never_ends_is_ended(server: ModelServer, ground: Ground) -> None:
    """With all that it started, also what left its group."""
    command = "setsid tail -f /dev/null & exec tail -f /dev/null"
    server.scenario = Scenario((Shell(command), Say("It took too long.")))
    before = set(descendants(os.getpid()))
    ran = ground.run(ground.settings(limits=limits(tool_seconds=0.5)))
    assert ran.code is None
    assert "took longer than 0 s" in ran.texts(Happening.TOOL_DONE, "shell")[0]
    left = {pid: item for pid, item in descendants(os.getpid()).items() if pid not in before}
    assert not left


def test_output_keeps_its_beginning_and_its_end(server: ModelServer, ground: Ground) -> None:
    server.scenario = Scenario((Shell("seq 1 100000"), Say("Done.")))
    ground.run(ground.settings())
    text = json.loads(ground.transcript.read_text())["messages"][2]["results"][0]["text"]
    assert text.startswith("[exit code 0]\n1\n2\n")
    assert text.endswith("99999\n100000\n")
    assert "bytes left out" in text
    assert len(text) < 30_000


def test_an_answer_that_breaks_off_is_asked_for_once_more(
    server: ModelServer, ground: Ground
) -> None:
    server.scenario = Scenario(patch(FILES), first=(Truncate(),))
    ran = ground.run(ground.settings())
    assert ran.code is None
    assert ran.count(Happening.RETRY) == 1


def test_answers_that_always_break_off_are_the_providers_failure(
    server: ModelServer, ground: Ground
) -> None:
    server.scenario = "truncated"
    begun = server.count
    ran = ground.run(ground.settings())
    assert ran.code is FailureCode.OVERLOADED
    assert server.count - begun == 2


def test_too_long_a_conversation_is_cut_once(server: ModelServer, ground: Ground) -> None:
    steps = tuple(Shell(f"seq {n}0000 {n}3000") for n in range(1, 5))
    server.scenario = Scenario((*steps, overflow()))
    begun = server.count
    ran = ground.run(ground.settings())
    assert ran.code is FailureCode.AGENT_FAILED
    sizes = [len(str(request.body["messages"])) for request in server.requests[begun:]]
    assert len(sizes) == 6
    assert sizes[5] < sizes[4] / 2
    assert "Mend it." in str(server.requests[-1].body["messages"][1])
    assert "too long" in ran.texts(Happening.RETRY)[0]


def test_the_window_is_kept(server: ModelServer, ground: Ground) -> None:
    """Old output goes, then old steps; the task stays, and each result has its call."""
    steps = tuple(Shell(f"seq {n}0000 {n}3000") for n in range(1, 15))
    server.scenario = Scenario((*steps, Say("Done.")))
    begun = server.count
    ground.run(ground.settings(context_tokens=15_000, limits=limits(steps=20)))
    for request in server.requests[begun:]:
        messages = request.body["messages"]
        assert len(str(messages)) < 15_000 * 3.5
        assert "Mend it." in messages[1]["content"]
        calls = [c["id"] for m in messages for c in m.get("tool_calls", ())]
        assert calls == [m["tool_call_id"] for m in messages if m["role"] == "tool"]
    assert "dropped" in str(server.requests[-1].body)


def test_the_key_is_nowhere(server: ModelServer, ground: Ground) -> None:
    """Not even where a tool finds it and the model repeats it."""
    (ground.work / ".env").write_text(f"KEY={KEY}\n")
    server.scenario = Scenario((Shell("cat .env", saying=f"It is {KEY}!"), Say(KEY)))
    ran = ground.run(ground.settings())
    told = "".join(event.model_dump_json() for event in ran.events)
    assert "[key]" in told
    assert KEY not in told
    assert KEY not in ground.transcript.read_text()


def test_a_repair_goes_on_in_the_same_conversation(server: ModelServer, ground: Ground) -> None:
    server.scenario = "invalid_result"
    first = ground.run(ground.settings())
    second = ground.run(ground.settings(resume=True), "The result file is not valid: repair it.")
    assert (first.code, second.code) == (None, None)
    assert first.events[0].session == second.events[0].session
    asked = [m["content"] for m in server.requests[-1].body["messages"] if m["role"] == "user"]
    assert asked == ["Mend it.", "The result file is not valid: repair it."]
    assert (ground.work / ".agent_result.md").read_text().startswith("---")


def test_usage_adds_up() -> None:
    account = Account(limits(), Price(input=1, output=2, cached=0.5))
    account.usage += Usage(input=1_000_000, cached=2_000_000, output=500_000)
    assert account.usd == pytest.approx(3.0)
