"""Listening to an agent: its output becomes events, its tokens add up, its cap is watched."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from agent_os.agents import prices
from agent_os.agents.driver import Reader
from agent_os.agents.events import AgentEvent, Happening
from agent_os.attempt.journal import Journal
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.usage import Spent, Usage

#: A longer line is not read: nothing that counts is that long.
LONGEST_LINE = 4_000_000
_MOST_EVENTS = 5_000
_SHOWN_CHARS = 300


class Listening:
    """For one run. Memory is bounded, whatever comes; `over` says that the cap is reached."""

    def __init__(
        self, reader: Reader, order: AgentOrder, journal: Journal, usd: float | None
    ) -> None:
        self.session = ""
        self._reader = reader
        self._order = order
        self._journal = journal
        self._cap = usd
        self._line = bytearray()
        self._skipping = False
        self._usage = Usage()
        self._total: AgentEvent | None = None
        self._turns = 0
        self._tools = 0
        self._written = 0
        self._usd: float | None = 0.0

    @property
    def over(self) -> bool:
        return self._cap is not None and self._usd is not None and self._usd >= self._cap

    @property
    def in_tool(self) -> bool:
        """Whether a tool of the agent's runs: else it waits for its model."""
        return self._tools > 0

    @property
    def spent(self) -> Spent:
        """So far. What the program itself says of the whole run goes before what added up."""
        return Spent(usage=self._usage, usd=self._usd, turns=self._turns)

    def take(self, data: bytes) -> bool:
        """The next piece of its output; whether there was a sign of life in it."""
        lives = False
        *whole, rest = data.split(b"\n")
        for piece in whole:
            lives = self._end_line(piece) or lives
        self._extend(rest)
        return lives

    def end(self) -> None:
        """What came after the last line's end."""
        self._end_line(b"")

    def _extend(self, piece: bytes) -> None:
        if len(self._line) + len(piece) > LONGEST_LINE:
            self._line.clear()
            self._skipping = True
        if not self._skipping:
            self._line += piece

    def _end_line(self, piece: bytes) -> bool:
        self._extend(piece)
        line, skipped = bytes(self._line), self._skipping
        self._line.clear()
        self._skipping = False
        if skipped:
            return True
        events = self._reader.line(line.decode("utf-8", "replace").strip()) if line else ()
        for event in events:
            self._count(event)
            self._note(event)
        return any(event.kind is not Happening.RETRY for event in events)

    def _count(self, event: AgentEvent) -> None:
        if event.kind is Happening.SESSION:
            self.session = event.session or self.session
        if event.kind is Happening.TURN:
            self._turns += 1
        if event.kind is Happening.TOOL:
            self._tools += 1
        if event.kind is Happening.TOOL_DONE:
            self._tools = max(0, self._tools - 1)
        if event.kind is Happening.TOTAL:
            self._total = event
            self._usage = event.usage or self._usage
        elif event.usage is not None:
            self._usage += event.usage
        if event.usage is not None or event.usd is not None:
            self._usd = self._price(event)

    def _price(self, event: AgentEvent) -> float | None:
        """Our price list first: it is the same for all programs; else what the program says."""
        ours = prices.cost(self._order, self._usage)
        theirs = event.usd if event.usd is not None else self._total and self._total.usd
        return theirs if ours is None else ours

    def _note(self, event: AgentEvent) -> None:
        """Into the journal, bounded in length and number."""
        self._written += 1
        if self._written > _MOST_EVENTS:
            return
        facts: dict[str, str | int | float | None] = {}
        for name in ("text", "tool", "session", "status", "usd"):
            if value := getattr(event, name):
                facts[name] = value[:_SHOWN_CHARS] if isinstance(value, str) else value
        if event.code is not None:
            facts["code"] = event.code.value
        if event.usage is not None:
            facts["usage"] = json.dumps(event.usage.model_dump(exclude_defaults=True))
        self._journal.write("agent", event.kind.value, **facts)


def spent_before(events: Path, order: AgentOrder) -> Spent | None:
    """What a run had cost whose runner died: from the journal. None when no model was used."""
    usage, turns, known = Usage(), 0, False
    for line in _lines(events):
        with suppress(ValueError, TypeError, AttributeError):
            entry = json.loads(line)
            turns += entry.get("event") == Happening.TURN
            if said := entry.get("usage"):
                found = Usage.model_validate_json(said)
                usage = found if entry["event"] == Happening.TOTAL else usage + found
                known = True
    return Spent(usage=usage, usd=prices.cost(order, usage), turns=turns) if known else None


def _lines(events: Path) -> list[bytes]:
    try:
        return events.read_bytes().splitlines()
    except FileNotFoundError:
        return []
