"""Recorded runs of real programs, read by their drivers' readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agent_os.agents.driver import Finish, Reader
from agent_os.agents.events import AgentEvent, Happening
from agent_os.agents.registry import driver_named
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.usage import Usage
from tests.agents.programs import NAMED

LINES = Path(__file__).parent / "lines"


class StoppedClock:
    """At the moment at which most were recorded."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 9, 32, 10, tzinfo=UTC)


@dataclass
class Replay:
    """What a reader made of a run."""

    reader: Reader
    events: list[AgentEvent] = field(default_factory=list[AgentEvent])
    exit_code: int = 0
    tail: str = ""

    def hear(self, where: str, text: str) -> None:
        read = {
            "out": self.reader.line,
            "err": self.reader.error_line,
            "note": self.reader.noted_line,
        }
        self.events += read[where](text)
        if where != "note":
            self.tail = f"{self.tail}{text}\n"[-4_000:]

    def finish(self) -> Finish:
        return self.reader.finish(self.exit_code, self.tail)

    def count(self, kind: Happening) -> int:
        return sum(event.kind is kind for event in self.events)

    @property
    def usage(self) -> Usage:
        """As the runner adds it up."""
        usage = Usage()
        for event in self.events:
            if event.kind is Happening.TOTAL:
                usage = event.usage or usage
            elif event.usage is not None:
                usage += event.usage
        return usage


def reader(name: str) -> Reader:
    agent = NAMED[name]
    return driver_named(agent.driver).reader(
        AgentOrder(name=name, driver=agent.driver, model=agent.model), StoppedClock()
    )


def recorded(name: str, case: str) -> Iterator[tuple[str, str]]:
    """(where, line) of a recorded run; the first is ("exit", code)."""
    for line in (LINES / f"{name}-{case}.txt").read_text().splitlines():
        where, _, text = line.partition(" ")
        yield where, text


def replay(name: str, case: str, but: str = "") -> Replay:
    """The whole run. `but`: leave out the lines that hold these words."""
    made = Replay(reader(name))
    for where, text in recorded(name, case):
        if where == "exit":
            made.exit_code = int(text)
        elif not but or but not in text:
            made.hear(where, text)
    made.events += made.reader.ended()
    return made
