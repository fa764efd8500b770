"""The wire between one process of ours and the hub: what may happen to a request on its way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from agent_os.domain.errors import GitError
from agent_os.simulation.choices import Choices
from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.mirror import Remote
from agent_os.workspace.mirror import Update

from .hub import LOGIN, URL, Answer, SimulatedHub
from .points import Points

#: Reads may lag by less than the settle time of the config; the list of issues by more.
MOST_STALE_SECONDS = 4.0
_MOST_LAGGING_SECONDS = 200.0
_ISSUES = re.compile(r"/repos/[^/]+/[^/]+/issues(\?|$)")
_SECONDARY = '{"message": "You have exceeded a secondary rate limit. Please wait."}'


@dataclass
class Weather:
    """How probably each thing happens to a request (0 to 1)."""

    lost_request: float = 0.0
    lost_answer: float = 0.0
    late: float = 0.0
    """A write that nobody waits for any more arrives all the same."""
    error: float = 0.0
    error_after: float = 0.0
    limited: float = 0.0
    stale: float = 0.0
    slow: float = 0.0

    def clears(self) -> None:
        self.__dict__.update(Weather().__dict__)


@dataclass
class Traffic:
    """What all processes sent: (method, path below the repository) of writes, and counts."""

    writes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    requests: int = 0
    faults: int = 0


class SimulatedWire:
    """What the client sends goes to the hub at once; `name` is of the process."""

    def __init__(
        self,
        name: str,
        hub: SimulatedHub,
        choices: Choices,
        clock: SimulatedClock,
        weather: Weather,
        traffic: Traffic,
        points: Points,
    ) -> None:
        self.name = name
        self.hub = hub
        self.choices = choices
        self.clock = clock
        self.weather = weather
        self.traffic = traffic
        self.points = points

    def requestJson(
        self, verb: str, url: str, parameters: None, headers: dict[str, Any] | None, input: Any
    ) -> tuple[int, dict[str, Any], str]:
        """See `github.client.Wire`."""
        short = re.sub(r"^.*?/repos/[^/]+/[^/]+", "", url).removeprefix(URL)
        reads = verb == "GET" or (url.endswith("/graphql") and "mutation" not in input["query"])
        self.points.reached(f"before {verb} {short}")
        self.traffic.requests += 1
        self._travel()
        refused = self._refusal()
        if refused is not None:
            return self._said(f"{verb} {short}", refused)
        if self._happens(self.weather.lost_request):
            self._lost(f"{verb} {short}: lost")
        if not reads:
            self.traffic.writes.append((verb, short))
            if self._happens(self.weather.late):
                after = self.choices.between(0.1, MOST_STALE_SECONDS)
                self.hub.receives_later(after, verb, url, LOGIN, input)
                self._lost(f"{verb} {short}: lost, and arrives in {after:.1f} s")
        stale = self._staleness(url) if reads else 0.0
        made = self.hub.request(verb, url, LOGIN, headers=headers, body=input, stale=stale)
        if not reads:
            if made.status < 300:
                self.points.changed(verb, short)
            self.points.reached(f"after {verb} {short}")
        self._travel()
        if self._happens(self.weather.lost_answer):
            self._lost(f"{verb} {short}: {made.status}, answer lost")
        if self._happens(self.weather.error_after):
            return self._said(
                f"{verb} {short}: {made.status}, then", Answer(502, {}, "bad gateway")
            )
        what = f"{verb} {short}" + (f" (as of {stale:.1f} s ago)" if stale else "")
        return self._said(what, made)

    def _travel(self) -> None:
        slow = self._happens(self.weather.slow)
        self.clock.advance(self.choices.between(1, 12) if slow else self.choices.between(0.01, 0.2))

    def _happens(self, probability: float) -> bool:
        happens = self.choices.chance(probability)
        self.traffic.faults += happens
        return happens

    def _lost(self, line: str) -> None:
        self.choices.note(f"  {self.name} {line}")
        raise requests.ConnectionError(line)

    def _refusal(self) -> Answer | None:
        if self._happens(self.weather.error):
            return Answer(self.choices.pick((500, 502, 503)), {}, "unwell")
        if not self._happens(self.weather.limited):
            return None
        after = {"retry-after": str(self.choices.number(1, 90))}
        kind = self.choices.pick(("secondary", "retry_after", "429"))
        if kind == "secondary":
            return Answer(403, {}, _SECONDARY)
        return Answer(429 if kind == "429" else 403, after, _SECONDARY)

    def _staleness(self, url: str) -> float:
        if not self._happens(self.weather.stale):
            return 0.0
        listing = _ISSUES.search(url) is not None
        return self.choices.between(0.1, _MOST_LAGGING_SECONDS if listing else MOST_STALE_SECONDS)

    def _said(self, what: str, made: Answer) -> tuple[int, dict[str, Any], str]:
        self.choices.note(f"  {self.name} {what}: {made.status}")
        return made.status, dict(made.headers), made.text


class GitWire(Remote):
    """The same for git: a push may be cut off before or after the remote took it."""

    def __init__(self, wire: SimulatedWire) -> None:
        self._wire = wire

    def refs(self) -> dict[str, str]:
        self._goes("fetch")
        return dict(self._wire.hub.refs)

    def push(self, updates: Sequence[Update]) -> bool:
        wire = self._wire
        what = ", ".join(f"{u.ref} {u.new[:7]}" for u in updates)
        self._goes(f"push {what}")
        moved = wire.hub.push(LOGIN, *updates)
        if moved:
            wire.traffic.writes.append(("PUSH", updates[0].ref))
        wire.choices.note(f"  {wire.name} push {what}: {moved}")
        wire.points.reached("after push")
        if wire.choices.chance(wire.weather.lost_answer):
            wire.traffic.faults += 1
            raise GitError("git push failed: the remote end hung up unexpectedly")
        return moved

    def _goes(self, what: str) -> None:
        wire = self._wire
        wire.points.reached(f"before {what}")
        wire.clock.advance(wire.choices.between(0.01, 0.5))
        if wire.choices.chance(wire.weather.lost_request + wire.weather.error):
            wire.traffic.faults += 1
            raise GitError(f"git {what} failed: unable to access the remote")
