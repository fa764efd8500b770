"""All tools by name, and running what one reply calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pydantic import Field, ValidationError

from agent_os.agents.native.tools.files import EDIT_FILE, READ_FILE, WRITE_FILE
from agent_os.agents.native.tools.search import SEARCH
from agent_os.agents.native.tools.shell import SHELL
from agent_os.agents.native.tools.tool import Arguments, Place, Tool, ToolFailed
from agent_os.domain.errors import AgentOSError
from agent_os.models.backend import ToolCall, ToolResult

FINISH = "finish"
_AT_ONCE = 8


class FinishArguments(Arguments):
    summary: str = Field(default="", description="What was done, in a few sentences.")


_FINISH = Tool(
    name=FINISH,
    description="Say that the work is finished. Nothing more happens after that.",
    arguments=FinishArguments,
    run=lambda _place, arguments: arguments.summary or "Finished.",
)
TOOLS = {tool.name: tool for tool in (SHELL, READ_FILE, WRITE_FILE, EDIT_FILE, SEARCH, _FINISH)}
SPECS = tuple(tool.spec() for tool in TOOLS.values())


@dataclass(frozen=True)
class Done:
    """`malformed`: the call could not even be understood."""

    call: ToolCall
    result: ToolResult
    malformed: bool = False


def run_calls(
    calls: Sequence[ToolCall], place: Place, starting: Callable[[ToolCall], None]
) -> Iterator[Done]:
    """Each call's result, in the order of the calls. Those that only read run at the same time."""
    for group in _groups(calls):
        for call in group:
            starting(call)
        if len(group) == 1:
            yield _run(group[0], place)
            continue
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(lambda call: _run(call, place), group)


def _groups(calls: Sequence[ToolCall]) -> Iterator[list[ToolCall]]:
    """Neighbours that only read, together; every other call alone."""
    reading: list[ToolCall] = []
    for call in calls:
        tool = TOOLS.get(call.name)
        if tool is not None and tool.only_reads:
            reading.append(call)
            continue
        if reading:
            yield reading
            reading = []
        yield [call]
    if reading:
        yield reading


def _run(call: ToolCall, place: Place) -> Done:
    tool = TOOLS.get(call.name)
    if tool is None:
        return _malformed(call, f"There is no tool {call.name!r}; there are: {', '.join(TOOLS)}.")
    try:
        arguments = tool.arguments.model_validate(json.loads(call.arguments or "{}"))
    except ValidationError as error:
        return _malformed(call, _told(error))
    except ValueError as error:
        return _malformed(call, f"The arguments are not JSON: {error}.")
    try:
        return Done(call, _result(call, tool.run(place, arguments)))
    except ToolFailed as error:
        return Done(call, _result(call, str(error), failed=True))
    except (OSError, AgentOSError, ValueError) as error:
        return Done(call, _result(call, f"It failed: {error}", failed=True))


def _malformed(call: ToolCall, text: str) -> Done:
    return Done(call, _result(call, text, failed=True), malformed=True)


def _result(call: ToolCall, text: str, *, failed: bool = False) -> ToolResult:
    return ToolResult(call_id=call.id, name=call.name, text=text, failed=failed)


def _told(error: ValidationError) -> str:
    lines = [
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)[:10]
    ]
    return "The arguments are wrong. " + "; ".join(lines)
