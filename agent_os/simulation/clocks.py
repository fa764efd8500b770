"""Simulated time: one clock for our side, and the hub's, which may differ from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent_os.localhub.clock import Clock as HubClock

from .choices import Choices

_START = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)


class SimulatedClock:
    """Stands still but for `advance`, and a millisecond for each look at it."""

    def __init__(self, start: datetime = _START) -> None:
        self.time = start

    def now(self) -> datetime:
        self.time += _TICK
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class GitHubClock(HubClock):
    """The same time, `skew` seconds ahead."""

    def __init__(self, ours: SimulatedClock, skew: float = 0.0) -> None:
        super().__init__()
        self._ours = ours
        self._skew = skew

    def epoch(self) -> float:
        return self._ours.time.timestamp() + self._skew


class SeededIds:
    """See `agent_os.domain.clock.Ids`."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def new(self) -> str:
        return self._choices.hexadecimal(16)
