"""What the agent tells: one AgentEvent a line on stdout, without the key."""

from __future__ import annotations

import sys
from typing import IO

from agent_os.agents.events import AgentEvent, Happening, bounded
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Usage
from agent_os.models.failures import ModelError

_SHORTEST_SECRET = 8


class Teller:
    """Only the main thread tells."""

    def __init__(self, secret: str, out: IO[str] | None = None) -> None:
        self._secret = secret if len(secret) >= _SHORTEST_SECRET else ""
        self._out = out or sys.stdout

    def hide(self, text: str) -> str:
        """The text without the key."""
        return text.replace(self._secret, "[key]") if self._secret else text

    def tell(self, event: AgentEvent) -> None:
        line = event.model_dump_json(exclude_defaults=True)
        self._out.write(self.hide(line) + "\n")
        self._out.flush()

    def say(self, kind: Happening, text: str = "", *, tool: str = "") -> None:
        self.tell(AgentEvent(kind=kind, text=bounded(self.hide(text)), tool=tool))

    def turn(self, usage: Usage) -> None:
        self.tell(AgentEvent(kind=Happening.TURN, usage=usage))

    def total(self, usage: Usage, usd: float | None) -> None:
        self.tell(AgentEvent(kind=Happening.TOTAL, usage=usage, usd=usd))

    def failed(self, code: FailureCode, message: str) -> None:
        text = bounded(self.hide(message))
        self.tell(AgentEvent(kind=Happening.ERROR, code=code, text=text))

    def failed_call(self, error: ModelError) -> None:
        self.tell(
            AgentEvent(
                kind=Happening.ERROR,
                code=error.failure,
                text=bounded(self.hide(error.message)),
                status=error.status,
                resets_at=error.resets_at,
            )
        )
