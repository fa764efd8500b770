"""The lines of `--output-format stream-json`, which Claude Code began and others took over."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.agents.driver import Reader
from agent_os.agents.events import AgentEvent, Happening, bounded
from agent_os.agents.jsonlines import Counted, Record, Tools, read
from agent_os.domain.clock import Clock
from agent_os.domain.usage import Usage

#: Tools that ask the model themselves: while one runs, it is the model that is waited for.
_AGENTS = ("Task", "Agent", "agent", "task")

_ALIVE = ("status", "compact_boundary", "thinking_tokens", "task_started", "task_progress")


class StreamReader(Reader):
    """Counts usage by message: its lines repeat the figures of one message many times.

    `began`: something was told. `result`: the last line, once it came. Derive from it for the
    names of the tokens and for what the ending means.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.began = False
        self.result: Record | None = None
        self._tools = Tools()
        self._counted = Counted()
        self._message = ""

    def line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.line."""
        record = read(text)
        if record is None:
            return ()
        self.began = True
        match record.text("type"):
            case "system":
                return self.system(record)
            case "stream_event":
                return self._streamed(record)
            case "assistant":
                return self.assistant(record)
            case "user":
                blocks = record.each("message", "content")
                done = (self._tools.end(block.text("tool_use_id")) for block in blocks)
                return [event for events in done for event in events]
            case "result":
                self.result = record
                return [*self._tools.end_all(), self.total(record)]
            case _:
                return self.other(record)

    def usage(self, said: Record) -> Usage:
        """The tokens of one message."""
        raise NotImplementedError

    def total(self, result: Record) -> AgentEvent:
        """The tokens of all; here from the field that has the form of a message's."""
        return AgentEvent(kind=Happening.TOTAL, usage=self.usage(result.at("usage")))

    def system(self, record: Record) -> list[AgentEvent]:
        if record.text("subtype") == "init":
            return [AgentEvent(kind=Happening.SESSION, session=record.text("session_id"))]
        alive = record.text("subtype") in _ALIVE
        return [AgentEvent(kind=Happening.PROGRESS)] if alive else []

    def other(self, record: Record) -> list[AgentEvent]:
        """A line of a type that only this program has."""
        return []

    def assistant(self, record: Record) -> list[AgentEvent]:
        message = record.at("message")
        events = self._counted.more(message.text("id"), self.usage(message.at("usage")))
        for block in message.each("content"):
            match block.text("type"):
                case "text":
                    events.append(AgentEvent(kind=Happening.TEXT, text=bounded(block.text("text"))))
                case "tool_use" if block.text("name") not in _AGENTS:
                    events += self._tools.start(block.text("id"), block.text("name"))
                case _:
                    events.append(AgentEvent(kind=Happening.PROGRESS))
        return events

    def _streamed(self, record: Record) -> list[AgentEvent]:
        """A piece of an answer: a sign of life, and tokens sooner than the answer is whole."""
        event = record.at("event")
        match event.text("type"):
            case "message_start":
                self._message = event.text("message", "id")
                said = event.at("message", "usage")
            case "message_delta":
                said = event.at("usage")
            case kind:
                # Not what beats like a heart while a tool hangs.
                alive = kind.startswith(("message_", "content_block_"))
                return [AgentEvent(kind=Happening.PROGRESS)] if alive else []
        message = record.text("api_message_id") or self._message
        more = self._counted.more(message, self.usage(said))
        return more or [AgentEvent(kind=Happening.PROGRESS)]
