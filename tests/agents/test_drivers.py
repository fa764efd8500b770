"""Each driver's reader on lines that its real program wrote (`tests/agents/record.py`)."""

from __future__ import annotations

import json

import pytest

from agent_os.agents.events import Happening
from agent_os.domain.failures import FailureCode as Code
from agent_os.domain.failures import Family, family
from agent_os.domain.usage import Usage
from tests.agents.record import CASES
from tests.agents.replay import LINES, Replay, reader, recorded, replay

PROGRAMS = ("claude", "codex", "gemini", "opencode", "qwen")
#: The provider's, where its words may also tell of its other half.
EITHER = (Code.QUOTA_EXHAUSTED, Code.RATE_LIMITED)
EXPECTED: dict[str, tuple[Code | None, ...]] = {
    "succeed": (None,),
    "parallel": (None,),
    "says_only": (None,),
    "unauthorized": (Code.AUTH_FAILED,),
    "rate_limited": (Code.RATE_LIMITED,),
    "quota": (Code.QUOTA_EXHAUSTED,),
    "quota_plan": EITHER,
    "overloaded": (Code.OVERLOADED,),
    "overloaded_in_stream": (Code.OVERLOADED,),
    "truncated": (Code.OVERLOADED,),
    "model_missing": (Code.MODEL_UNAVAILABLE,),
    "overflow": (Code.AGENT_FAILED,),
}
WORDS = "API Error: 429 rate_limit_error: insufficient_quota, invalid api key, overloaded"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_recorded_run_ends_with_its_code(name: str, case: str) -> None:
    finish = replay(name, case).finish()
    assert finish.code in EXPECTED[case], finish


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_tools_are_told_in_pairs(name: str, case: str) -> None:
    open_now = 0
    for event in replay(name, case).events:
        open_now += (event.kind is Happening.TOOL) - (event.kind is Happening.TOOL_DONE)
        assert open_now >= 0
    assert open_now == 0


@pytest.mark.parametrize(("name", "turns"), [(name, 4) for name in PROGRAMS])
def test_tokens_are_counted_once(name: str, turns: int) -> None:
    """What adds up by turns is what the program itself says of the whole, and what was answered."""
    made = replay(name, "succeed")
    before_total = Replay(made.reader, [e for e in made.events if e.kind is not Happening.TOTAL])
    assert made.count(Happening.TURN) == turns
    assert made.usage.input == before_total.usage.input == 400 * turns
    assert made.usage.cached == before_total.usage.cached == 800 * turns
    assert made.usage.output == before_total.usage.output == 60 * turns


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_run_tells_its_session_tools_and_last_word(name: str) -> None:
    made = replay(name, "succeed")
    assert [e.session for e in made.events if e.kind is Happening.SESSION and e.session]
    assert made.count(Happening.TOOL) == 3
    texts = "".join(e.text for e in made.events if e.kind is Happening.TEXT)
    assert texts.startswith("The work is done")


@pytest.mark.parametrize("name", PROGRAMS)
def test_words_of_a_tool_are_not_the_providers(name: str) -> None:
    """An agent that reads a file about rate limits has not met one, however its run ends."""
    whole, broken = Replay(reader(name)), Replay(reader(name), exit_code=1)
    for where, text in recorded(name, "succeed"):
        if where == "exit":
            continue
        text = text.replace("File created successfully", WORDS).replace(".agent_result.md", WORDS)
        whole.hear(where, text)
        last = '"result"' in text or "turn.completed" in text or '"stop"' in text
        if not last and "task_complete" not in text:
            broken.hear(where, text)
    assert whole.finish().code is None
    finish = broken.finish()
    assert finish.code is not None and family(finish.code) is not Family.PROVIDER, finish


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(
    ("exit_code", "tail", "code"),
    [
        (0, "", Code.AGENT_FAILED),
        (1, "", Code.AGENT_FAILED),
        (-9, "", Code.LOST),
        (137, "", Code.LOST),
        (-11, "", Code.AGENT_FAILED),
        (127, "env: 'node': No such file or directory", Code.AGENT_MISSING),
        (1, "error: unknown option '--print-it'", Code.AGENT_MISSING),
        (1, "Error: 401 invalid api key", Code.AUTH_FAILED),
        (1, "connect ECONNREFUSED 127.0.0.1:9", Code.OVERLOADED),
    ],
)
def test_a_program_that_tells_nothing(name: str, exit_code: int, tail: str, code: Code) -> None:
    assert reader(name).finish(exit_code, tail).code is code


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_told_its_end_and_stays_is_done(name: str) -> None:
    """It is ended by us then; nothing is wrong with its work."""
    made = replay(name, "succeed")
    made.exit_code = -15
    assert made.finish().code is None
    made = replay(name, "unauthorized")
    made.exit_code = 143
    assert made.finish().code is Code.AUTH_FAILED


def test_claude_that_waits_for_another_agent_is_in_no_tool() -> None:
    made = Replay(reader("claude"))
    block = {"type": "tool_use", "id": "1", "name": "Task"}
    made.hear("out", json.dumps({"type": "assistant", "message": {"content": [block]}}))
    assert made.count(Happening.TOOL) == 0


def test_a_hanging_tool_that_is_told_of_again_and_again_gives_no_sign_of_life() -> None:
    beat = {"type": "tool_progress", "content": {"type": "shell_progress", "elapsedMs": 10_001}}
    assert not reader("qwen").line(json.dumps({"type": "stream_event", "event": beat}))
    beat = {"type": "tool_progress", "heartbeat": True, "elapsed_time_seconds": 30}
    assert not reader("claude").line(json.dumps(beat))


def test_claude_that_may_not_use_a_tool_has_failed() -> None:
    """It ends with exit code 0 and "success"."""
    made = Replay(reader("claude"))
    denied = {"permission_denials": [{"tool_name": "Bash"}], "is_error": False}
    made.hear("out", json.dumps({"type": "result", "subtype": "success", **denied}))
    assert made.finish().code is Code.AGENT_FAILED


def test_claude_at_its_own_cap_has_no_money_left() -> None:
    made = Replay(reader("claude"), exit_code=1)
    line = {"type": "result", "subtype": "error_max_budget_usd", "is_error": True}
    made.hear("out", json.dumps({**line, "terminal_reason": "budget_exhausted"}))
    assert made.finish().code is Code.BUDGET_EXHAUSTED


def test_claude_on_a_subscription_tells_when_it_may_be_asked_again() -> None:
    made = Replay(reader("claude"), exit_code=1)
    info = {"status": "rejected", "resetsAt": 1795180000, "rateLimitType": "five_hour"}
    made.hear("out", json.dumps({"type": "rate_limit_event", "rate_limit_info": info}))
    error = {"error": "rate_limit", "message": {"content": []}, "api_error_status": 429}
    made.hear("out", json.dumps({"type": "assistant", **error}))
    last = {"is_error": True, "api_error_status": 429, "terminal_reason": "api_error"}
    made.hear("out", json.dumps({"type": "result", "result": "You've hit your limit", **last}))
    finish = made.finish()
    assert finish.code is Code.QUOTA_EXHAUSTED
    assert finish.resets_at is not None and finish.resets_at.timestamp() == 1795180000


def test_claude_that_would_wait_for_long_is_hopeless() -> None:
    made = Replay(reader("claude"), exit_code=143)
    retry = {"type": "system", "subtype": "api_retry", "error_status": 429, "error": "rate_limit"}
    made.hear("out", json.dumps({**retry, "retry_delay_ms": 900}))
    assert not made.reader.hopeless
    made.hear("out", json.dumps({**retry, "retry_delay_ms": 60_000}))
    assert made.reader.hopeless
    finish = made.finish()
    assert finish.code is Code.RATE_LIMITED and finish.resets_at is not None


def test_codex_that_goes_on_counts_only_what_is_new() -> None:
    """The figures of a resumed session are those of the whole session."""
    made = Replay(reader("codex"))

    def tokens(total: int, last: int) -> str:
        said = {"input_tokens": total, "output_tokens": 0}
        info = {"total_token_usage": said, "last_token_usage": {"input_tokens": last}}
        return json.dumps({"type": "event_msg", "payload": {"type": "token_count", "info": info}})

    made.hear("note", tokens(1_000, 100))
    made.hear("note", tokens(1_000, 100))
    made.hear("note", tokens(1_300, 300))
    assert made.usage == Usage(input=400)
    made.hear("out", json.dumps({"type": "turn.completed", "usage": {"input_tokens": 1_300}}))
    assert list(made.reader.ended()) == []
    assert made.usage == Usage(input=400)


def test_codex_that_notes_nothing_tells_at_its_end() -> None:
    made = Replay(reader("codex"))
    made.hear("out", json.dumps({"type": "turn.completed", "usage": {"input_tokens": 1_300}}))
    made.events += made.reader.ended()
    assert made.usage == Usage(input=1_300)


def test_codex_names_the_reset_of_a_subscription() -> None:
    limits = {"primary": {"used_percent": 100.0, "resets_at": 1795180000}}
    made = Replay(reader("codex"), exit_code=1)
    payload = {"type": "token_count", "info": None, "rate_limits": limits}
    made.hear("note", json.dumps({"type": "event_msg", "payload": payload}))
    failed = {"message": "You've hit your usage limit."}
    made.hear("out", json.dumps({"type": "turn.failed", "error": failed}))
    finish = made.finish()
    assert finish.code is Code.QUOTA_EXHAUSTED
    assert finish.resets_at is not None and finish.resets_at.timestamp() == 1795180000


def test_opencode_that_asks_again_without_end_is_hopeless() -> None:
    line = next(text for where, text in recorded("opencode", "overloaded") if where == "err")
    made = Replay(reader("opencode"), exit_code=143)
    for _ in range(3):
        assert not made.reader.hopeless
        made.hear("err", line)
    assert made.reader.hopeless
    assert made.finish().code is Code.OVERLOADED


def test_qwen_whose_answers_break_off_is_hopeless_whatever_it_says_while_it_is_ended() -> None:
    made = Replay(reader("qwen"), exit_code=143)
    made.hear("out", json.dumps({"type": "system", "subtype": "init"}))
    for _ in range(3):
        assert not made.reader.hopeless
        made.hear("out", json.dumps({"type": "system", "subtype": "retry"}))
    assert made.reader.hopeless
    made.hear("out", json.dumps({"type": "assistant", "message": {"content": []}}))
    assert made.finish().code is Code.OVERLOADED


def test_every_recorded_run_is_free_of_keys() -> None:
    for file in LINES.iterdir():
        assert "sk-test" not in file.read_text()
