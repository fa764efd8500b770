"""The window and the transcript of our own agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.agents.native import transcript
from agent_os.agents.native.context import Window
from agent_os.agents.native.settings import NativeSettings, from_environment
from agent_os.domain.errors import BadInput
from agent_os.models.backend import Message, Own, ToolCall, ToolResult
from agent_os.models.schemas import closed


def conversation(steps: int, length: int) -> tuple[Message, ...]:
    messages = [Message(role="user", text="The task.")]
    for number in range(steps):
        call = ToolCall(id=f"c{number}", name="shell", arguments="{}")
        result = ToolResult(call_id=call.id, name="shell", text=f"{number}:" + "x" * length)
        own = Own(api="a", parts=({"number": number},))
        messages.append(Message(role="assistant", text="Hm.", calls=(call,), own=own))
        messages.append(Message(role="tool", results=(result,)))
    return tuple(messages)


def window(tokens: int) -> Window:
    settings = NativeSettings(api="x", model="m", context_tokens=tokens, max_output_tokens=1_000)
    return Window(settings, "system", ())


def whole(messages: tuple[Message, ...]) -> bool:
    """Whether every call has its result and every result its call."""
    calls = [call.id for message in messages for call in message.calls]
    return calls == [result.call_id for message in messages for result in message.results]


def test_what_fits_is_left_alone() -> None:
    messages = conversation(5, 1_000)
    assert window(100_000).fitting(messages) is messages


def test_old_results_go_first() -> None:
    messages = conversation(10, 3_000)
    fewer = window(10_000).fitting(messages)
    assert len(fewer) == len(messages)
    assert whole(fewer)
    assert fewer[2].results[0].text.startswith("[3002 characters")
    assert fewer[-1] == messages[-1]
    assert fewer[1].own == messages[1].own


def test_then_old_steps_but_never_the_task() -> None:
    messages = conversation(300, 300)
    fewer = window(10_000).fitting(messages)
    assert len(fewer) < 200
    assert whole(fewer)
    assert fewer[0].text.startswith("The task.\n\n[")
    again = window(10_000).fitting((*fewer, *conversation(200, 300)[1:]))
    assert again[0].text.count("were dropped") == 1


def test_one_huge_step_is_cut(tmp_path: Path) -> None:
    del tmp_path
    messages = conversation(1, 1_000_000)
    fewer = window(10_000).fitting(messages)
    assert whole(fewer)
    assert len(fewer[-1].results[0].text) < 5_000


def test_harder_is_much_less_each_time() -> None:
    small = window(100_000)
    messages = conversation(20, 2_000)
    sizes = [len(str(messages))]
    for _ in range(3):
        messages = small.harder(messages)
        assert whole(messages)
        sizes.append(len(str(messages)))
    assert sizes[1] < sizes[0] / 2
    assert sizes == sorted(sizes, reverse=True)


def test_what_the_provider_counts_makes_it_careful() -> None:
    messages = conversation(10, 3_000)
    careful = window(12_500)
    assert careful.fitting(messages) is messages
    careful.counted(messages, 15_000)
    assert careful.fitting(messages) is not messages


def keep(text: str) -> str:
    return text


def test_calls_without_results_are_answered_on_resuming(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    record = transcript.begin(path, "The task.", keep)
    calls = tuple(ToolCall(id=f"c{n}", name="shell", arguments="{}") for n in range(3))
    record.add(Message(role="assistant", calls=calls))
    record.note((ToolResult(call_id="c0", name="shell", text="known"),))
    again = transcript.resume(path, "The task.", keep)
    assert again.session == record.session
    assert whole(again.messages)
    assert [result.text[:11] for result in again.messages[-1].results] == [
        "known",
        "Interrupted",
        "Interrupted",
    ]
    assert transcript.resume(path, "The task.", keep).messages == again.messages


@pytest.mark.parametrize(
    ("prompt", "last"),
    [("Now repair it.", "Now repair it."), ("The task.", "Go on."), ("", "Go on.")],
)
def test_a_further_prompt_is_the_next_message(tmp_path: Path, prompt: str, last: str) -> None:
    record = transcript.begin(tmp_path / "t.json", "The task.", keep)
    record.add(Message(role="assistant", text="Done."))
    again = transcript.resume(tmp_path / "t.json", prompt, keep)
    assert again.messages[-1] == Message(role="user", text=last)


def test_transcripts_that_are_not_there_or_not_readable(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    assert transcript.resume(path, "The task.", keep).messages[0].text == "The task."
    path.write_text('{"session": "s", "messages": [{"role":')
    with pytest.raises(BadInput):
        transcript.resume(path, "The task.", keep)
    with pytest.raises(BadInput):
        transcript.begin(path, "  \n", keep)


def test_settings_are_taken_out_of_the_environment() -> None:
    env = {
        "AGENT_OS_NATIVE": '{"api": "a", "model": "m", "key_variable": "K"}',
        "K": "secret",
        "PATH": "/bin",
    }
    settings, key = from_environment(env)
    assert (settings.api, key, env) == ("a", "secret", {"PATH": "/bin"})
    for wrong in ("", "{", '{"api": "a", "model": "m", "unknown": 1}'):
        with pytest.raises(BadInput):
            from_environment({"AGENT_OS_NATIVE": wrong})


def test_closed_schemas() -> None:
    inner = {"type": "object", "properties": {"default": {"type": "string", "default": ""}}}
    schema = {"type": "object", "properties": {"a": inner}, "$defs": {"X": inner}}
    result = closed(schema)
    expected = {
        "type": "object",
        "properties": {"default": {"type": "string"}},
        "required": ["default"],
        "additionalProperties": False,
    }
    assert result["properties"]["a"] == expected
    assert result["$defs"]["X"] == expected
    assert result["required"] == ["a"]
