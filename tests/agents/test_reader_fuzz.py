"""No line, however it is, makes a reader raise or tell of a tool's end before its start."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_os.agents.events import AgentEvent, Happening
from tests.agents.replay import reader
from tests.agents.test_drivers import PROGRAMS

#: Names that the readers look for, so that the fields are found and hold what they should not.
_KEYS_SAID = (
    "type subtype message content id usage event error item part state tool callID tokens cache "
    "stats status role result is_error modelUsage permission_denials api_error_status payload info "
    "total_token_usage last_token_usage rate_limits primary resets_at used_percent resetsAt "
    "rate_limit_info retry_delay_ms error_status data statusCode responseBody responseHeaders name "
    "reason tool_id tool_name session_id sessionID thread_id input_tokens output_tokens cached "
    "total_cost_usd codex_error_info severity terminal_reason text"
)
_KEYS = st.sampled_from(_KEYS_SAID.split())
_TYPES_SAID = (
    "system init api_retry retry stream_event message_start message_delta assistant user result "
    "rate_limit_event tool_use tool_result message error thread.started item.started "
    "item.completed turn.completed turn.failed event_msg token_count task_complete gemini "
    "step_start step_finish text rejected command_execution agent_message stop "
    "ContextOverflowError usage_limit_exceeded"
)
_TYPES = st.sampled_from(_TYPES_SAID.split())
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    _TYPES,
    st.text(max_size=20),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=6)),
    max_leaves=8,
)
_RECORDS = st.dictionaries(_KEYS, _VALUES, max_size=8).map(
    lambda fields: json.dumps(fields, ensure_ascii=False)
)
_BYTES = st.binary(max_size=60).map(lambda data: data.decode("utf-8", "replace"))
_CUT = _RECORDS.map(lambda text: text[: len(text) // 2])
_LINES = st.lists(
    st.tuples(st.sampled_from(("out", "err", "note")), st.one_of(_RECORDS, _BYTES, _CUT)),
    max_size=12,
)


@pytest.mark.parametrize("name", PROGRAMS)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(lines=_LINES, exit_code=st.integers(-20, 255), tail=st.text(max_size=80))
def test_a_reader_takes_anything(
    name: str, lines: list[tuple[str, str]], exit_code: int, tail: str
) -> None:
    made = reader(name)
    events: list[AgentEvent] = []
    for where, text in lines:
        read = {"out": made.line, "err": made.error_line, "note": made.noted_line}[where]
        events += read(text)
    made.finish(exit_code, tail)
    running = 0
    for event in events:
        running += (event.kind is Happening.TOOL) - (event.kind is Happening.TOOL_DONE)
        assert running >= 0


@pytest.mark.parametrize("name", PROGRAMS)
def test_deep_json_is_passed_over(name: str) -> None:
    """It is too deep for Python's parser."""
    assert list(reader(name).line('{"type":' + "[" * 100_000)) == []
