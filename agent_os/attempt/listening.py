"""Listening to an agent: its output becomes events, its tokens add up, its cap is watched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from agent_os.agents.driver import Reader
from agent_os.agents.events import AgentEvent, Happening
from agent_os.attempt.journal import Journal
from agent_os.attempt.lines import Lines
from agent_os.attempt.noted import Notes
from agent_os.attempt.tally import Tally
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.usage import Spent, Usage

_MOST_EVENTS = 5_000
_SHOWN_CHARS = 300


class Listening:
    """For one run. Memory is bounded, whatever comes; `over` says that the cap is reached."""

    def __init__(
        self,
        reader: Reader,
        order: AgentOrder,
        journal: Journal,
        usd: float | None,
        notes: tuple[Path, tuple[str, ...]] | None = None,
        stage: str = "agent",
    ) -> None:
        """`notes`: the home and the patterns of the files in it that the program writes."""
        self._stage = stage
        self.session = ""
        self._reader = reader
        self._order = order
        self._journal = journal
        self._cap = usd
        self._output, self._errors = Lines(), Lines()
        self._noted_life = False
        self._notes = Notes(*notes, self._take_notes) if notes and notes[1] else None
        self._tally = Tally(order)
        self._tools = 0
        self._in_tool = False
        self._written = 0

    @property
    def over(self) -> bool:
        usd = self._tally.usd
        return self._cap is not None and usd is not None and usd >= self._cap

    @property
    def hopeless(self) -> bool:
        """Its provider refused, and the program goes on trying."""
        return self._reader.hopeless

    @property
    def in_tool(self) -> bool:
        """Whether a tool of the agent's ran at the last look: else it waits for its model.

        Not what it tells later: a program that is being ended says that its tools have ended.
        """
        return self._in_tool

    @property
    def spent(self) -> Spent:
        """So far."""
        return self._tally.spent

    def take(self, data: bytes, *, standard: bool) -> bool:
        """The next piece of its output or errors; whether there was a sign of life in it."""
        if standard:
            return self._hear(self._output.take(data), self._reader.line)
        return self._hear(self._errors.take(data), self._reader.error_line)

    def look(self) -> bool:
        """Whether there was a sign of life in the files that it writes."""
        if self._notes is not None:
            self._notes.look()
        self._in_tool = self._tools > 0
        lives, self._noted_life = self._noted_life, False
        return lives

    def end(self) -> None:
        """What came after the last lines' ends."""
        if self._notes is not None:
            self._notes.look(now=True)
        self._hear(self._errors.end(), self._reader.error_line)
        self._hear(self._output.end(), self._reader.line)
        for event in self._reader.ended():
            self._count(event)
            self._note(event)

    def _take_notes(self, data: bytes) -> None:
        lives = self._hear(Lines().take(data), self._reader.noted_line)
        self._noted_life = self._noted_life or lives

    def _hear(
        self, lines: Iterable[str | None], read: Callable[[str], Sequence[AgentEvent]]
    ) -> bool:
        lives = False
        for line in lines:
            # One that is too long to be read is a sign of life too.
            events = read(line) if line is not None else ()
            for event in events:
                self._count(event)
                self._note(event)
            lives = lives or line is None or any(e.kind is not Happening.RETRY for e in events)
        return lives

    def _count(self, event: AgentEvent) -> None:
        if event.kind is Happening.SESSION:
            self.session = event.session or self.session
        if event.kind is Happening.TURN:
            self._tally.turns += 1
        if event.kind is Happening.TOOL:
            self._tools += 1
        if event.kind is Happening.TOOL_DONE:
            self._tools = max(0, self._tools - 1)
        if event.kind is Happening.TOTAL:
            self._tally.total(event.usage, event.usd)
        elif event.usage is not None:
            self._tally.add(event.usage)

    def _note(self, event: AgentEvent) -> None:
        """Into the journal, bounded in length and number."""
        if event.kind is Happening.PROGRESS:
            return
        self._written += 1
        # What money was spent on is noted in any case: it must outlive the runner.
        if self._written > _MOST_EVENTS and event.usage is None:
            return
        facts: dict[str, str | int | float | None] = {}
        for name in ("text", "tool", "session", "status", "usd"):
            if value := getattr(event, name):
                facts[name] = value[:_SHOWN_CHARS] if isinstance(value, str) else value
        if event.code is not None:
            facts["code"] = event.code.value
        if event.usage is not None:
            facts["usage"] = json.dumps(event.usage.model_dump(exclude_defaults=True))
        self._journal.write(self._stage, event.kind.value, **facts)


def spent_before(events: Path, order: AgentOrder, stage: str = "agent") -> Spent | None:
    """What a run had cost whose runner died: from the journal. None when no model was used."""
    tally, known = Tally(order), False
    for line in _lines(events):
        with suppress(ValueError, TypeError, AttributeError):
            entry = json.loads(line)
            if entry.get("stage") != stage:
                continue
            tally.turns += entry.get("event") == Happening.TURN
            if said := entry.get("usage"):
                usage, known = Usage.model_validate_json(said), True
                if entry["event"] == Happening.TOTAL:
                    tally.total(usage, entry.get("usd"))
                else:
                    tally.add(usage)
    return tally.spent if known else None


def _lines(events: Path) -> list[bytes]:
    try:
        return events.read_bytes().splitlines()
    except FileNotFoundError:
        return []
