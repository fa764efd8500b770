"""What an agent does, as typed events: every driver turns its program's output into these."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from agent_os.domain.contract import Contract, Text
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Usage

LONGEST_TEXT = 2_000


class Happening(StrEnum):
    SESSION = "session"
    """The program told the id that it can be resumed by."""
    TURN = "turn"
    """One call of the model has ended; its `usage` follows or comes with it."""
    TEXT = "text"
    TOOL = "tool"
    """A tool was called; it runs until as many TOOL_DONE came as TOOL."""
    TOOL_DONE = "tool_done"
    USAGE = "usage"
    """Tokens since the last such event: they add up."""
    TOTAL = "total"
    """Tokens of the whole run, and `usd` where the program says so: replaces what added up."""
    PROGRESS = "progress"
    """A sign of life and no more; it is not kept."""
    RETRY = "retry"
    ERROR = "error"


class AgentEvent(Contract):
    """Only what belongs to the `kind` is set. Texts are cut to LONGEST_TEXT characters."""

    kind: Happening
    text: Text = ""
    tool: Text = ""
    session: Text = ""
    usage: Usage | None = None
    usd: float | None = None
    status: int = 0
    """The provider's HTTP status, where the program tells it."""
    code: FailureCode | None = None
    """Of an error: what it means, where that is certain."""
    resets_at: datetime | None = None


def bounded(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
