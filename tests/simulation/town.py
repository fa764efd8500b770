"""One scenario: two control planes, the hub, people and attempts, and who goes next."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_os.domain.failures import FailureCode
from agent_os.jobs import registry
from agent_os.jobs.organization import LEASE
from agent_os.simulation.choices import Choices
from agent_os.simulation.clocks import GitHubClock, SeededIds, SimulatedClock
from agent_os.store import tasks

from .attempts import SimulatedExecutor
from .hub import HubTemplate, SimulatedHub
from .people import Ci, People
from .plan import Plan
from .plane import (
    Home,
    Plane,
    Process,
    Processes,
    SimulatedWorld,
    StoreTemplate,
    open_world,
    settings,
)
from .points import Crash, Violation
from .wire import SimulatedWire, Traffic, Weather

_MOST_ROUNDS = 150
#: After these pauses in turn nothing may be left to do (seconds).
_REST = (90, 700, 4000, 8000)
PLANES = ("A", "B")
#: So much more often something comes in between just before and after a change.
_OFTEN = (
    (re.compile("merge_pull|before PUT"), 10),
    (re.compile("(before|after) (POST|PUT|PATCH|DELETE|push)|.*\\.(intended|performed)$"), 4),
)
#: Between an intent and its request a process may be held up for so long: others leave it alone.
_MOST_LATE_SECONDS = 20.0


@dataclass
class Counts:
    steps = jobs = crashes = meanwhile = acts = 0


@dataclass
class Templates:
    hub: HubTemplate
    store: StoreTemplate


class Town:
    """`root` is a folder of this scenario alone, removed at its end."""

    def __init__(self, choices: Choices, made: Plan, root: Path, templates: Templates) -> None:
        self.choices = choices
        self.plan = made
        self.root = root
        self.clock = SimulatedClock()
        self.ids = SeededIds(choices)
        self.hub = SimulatedHub(templates.hub, GitHubClock(self.clock, made.skew))
        self.weather = Weather()
        self.traffic = Traffic()
        self.processes = Processes()
        self.executor = SimulatedExecutor(choices, self.clock, self)
        templates.store.copy(root / "home")
        config = settings(root / "home", mode=made.mode, slots=made.slots)
        self.home = Home(config, {}, self.executor)
        self.people = People(self.hub, choices)
        self.ci = Ci(self.hub, choices)
        self.planes = {name: Plane(name) for name in PLANES}
        self.counts = Counts()
        self.stack: list[Process] = []
        self.in_effect: dict[int, bool] = {}
        self.doing: dict[int, str] = {}
        self.disturbing = False
        self.violated = ""
        self._limit_failures()

    def _limit_failures(self) -> None:
        """Where no person interferes, every task has to come to its good end."""
        self.executor.fails, self.ci.red = self.plan.fails, self.plan.red
        if not self.plan.people:
            self.executor.failures_left = self.ci.reds_left = 1
            self.executor.failures = ((FailureCode.TESTS_FAILED, 1), (FailureCode.RATE_LIMITED, 1))

    def close(self) -> None:
        for plane in self.planes.values():
            self._drop(plane)
        self.hub.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # processes and their jobs

    def world(self, name: str = "A") -> SimulatedWorld:
        """The plane's world; its process is started when it has none."""
        plane = self.planes[name]
        if plane.world is None:
            elsewhere = self.plan.elsewhere and name == "B"
            process = Process(name, self.processes.start(), elsewhere, self.processes, self)
            wire = SimulatedWire(
                name, self.hub, self.choices, self.clock, self.weather, self.traffic, self
            )
            plane.process = process
            plane.world = open_world(self.home, process, self.clock, self.ids, wire)
        return plane.world

    def run_job(self, plane_name: str, job: str) -> bool:
        """Whether it changed something, or was killed."""
        world, plane = self.world(plane_name), self.planes[plane_name]
        assert plane.process is not None
        self.choices.note(f"{plane_name} runs {job} at {self.clock.time:%H:%M:%S}")
        self.counts.jobs += 1
        self.stack.append(plane.process)
        self.in_effect[plane.process.pid] = False
        self.doing[plane.process.pid] = job
        try:
            return registry.run(world, job)
        except Crash as crash:
            if crash.pid != plane.process.pid:
                raise
            self._drop(plane)
            return True
        finally:
            self.stack.pop()

    def _drop(self, plane: Plane) -> None:
        if plane.process is not None and plane.world is not None:
            self.processes.alive.discard(plane.process.pid)
            plane.world.store.close()
        plane.process = plane.world = None

    def failpoint(self, name: str) -> None:
        """An effect's own points: between intent and request nobody may be late without end."""
        if self.stack:
            self.in_effect[self.stack[-1].pid] = name.endswith(".intended")
        self.reached(name)

    def reached(self, name: str) -> None:
        """See Points."""
        if not self.disturbing or not self.stack:
            return
        process = self.stack[-1]
        if self.choices.chance(self.plan.crashes):
            self.choices.note(f"  {process.name} is killed at: {name}")
            self.counts.crashes += 1
            self.processes.alive.discard(process.pid)
            raise Crash(process.pid)
        often = next((n for points, n in _OFTEN if points.match(name)), 1)
        likely = self.plan.meanwhile * often
        if len(self.stack) == 1 and self.choices.chance(likely):
            self.choices.note(f"  meanwhile, {process.name} being at: {name}")
            self.counts.meanwhile += 1
            self._meanwhile(process, merging="merge" in name)
            self.choices.note(f"  {process.name} goes on")

    def changed(self, verb: str, path: str) -> None:
        """See Points."""
        if verb == "PUT" and path.endswith("/merge"):
            pull = self.hub.ask("GET", path.removesuffix("/merge"))
            head = pull["head"]["sha"]
            self.must(head in self.executor.verified, f"{head[:7]} was merged unverified")
            self.must(self.ci.states.get(head) == "success", f"{head[:7]} was merged without CI")
            self.must(not pull["draft"], "a draft was merged")

    def must(self, holds: object, said: str) -> None:
        """See Points. Remembered, since a process may be killed while this unwinds its job."""
        if not holds:
            self.violated = self.violated or said
            raise Violation(said)

    def _meanwhile(self, process: Process, *, merging: bool) -> None:
        other = "B" if process.name == "A" else "A"
        options: list[tuple[Callable[[], object], float]] = [
            (lambda: self.run_job(other, self.choices.pick(list(registry.FREQUENT))), 5),
            (lambda: self._stalls(process, other), 1.5),
            (self.attempt_ends, 1),
            (self.ci.reports, 1),
        ]
        if self.plan.people:
            options.append((lambda: self._person_acts(merging=merging), 5))
        self.choices.weighted(options)()

    def _stalls(self, process: Process, other: str) -> None:
        """Its time runs out, and another takes over what it is at."""
        if self.in_effect[process.pid]:
            self.clock.advance(self.choices.between(0, _MOST_LATE_SECONDS))
            return
        self.clock.advance(self.choices.between(0, 2) * LEASE.total_seconds())
        self.run_job(other, self.doing[process.pid])

    # what happens

    def runs(self) -> None:
        """The scenario, to its end; Violation when something is not as it must be."""
        for _ in range(self.plan.issues):
            self.people.asks()
        for _ in range(self.plan.calm_rounds):
            self.round("A")
            self.attempt_ends()
            self.clock.advance(5)
        self.disturbing = True
        for _ in range(self.plan.steps):
            self.counts.steps += 1
            self._step()
            self.must(not self.violated, self.violated)
        self.disturbing = False
        self.weather.clears()
        self.executor.fails = self.executor.refuses = 0.0
        self.choices.note("calm")
        self._comes_to_rest()

    def _step(self) -> None:
        jobs = list(registry.FREQUENT)
        options: list[tuple[Callable[[], object], float]] = [
            (lambda: self.round("A"), 5),
            (lambda: self.round("B"), 2),
            (lambda: self.run_job("A", self.choices.pick(jobs)), 3),
            (lambda: self.run_job("B", self.choices.pick(jobs)), 3),
            (self._time_passes, 4),
            (self.attempt_ends, 4),
            (self.ci.reports, 4),
            (self.ci.changes_its_mind, 0.3),
            (self._runner_dies, 0.5),
        ]
        if self.plan.people:
            options.append((self._person_acts, 3))
        if self.plan.storms:
            options.append((self._weather_changes, 1))
        self.choices.weighted(options)()

    def round(self, plane: str) -> bool:
        """Each job once, as a daemon does."""
        return any([self.run_job(plane, job) for job in registry.FREQUENT])

    def _time_passes(self) -> None:
        # With CI silent for hours a task is rightly given to a person: only where there are people.
        hour = 0.3 if self.plan.people else 0.0
        seconds = self.choices.weighted(((1, 2), (6, 3), (61, 4), (310, 1), (3700, hour)))
        self.clock.advance(seconds)
        self.choices.note(f"{seconds} s pass")

    def attempt_ends(self) -> None:
        if alive := self.executor.alive():
            attempt = self.choices.pick(alive)
            code = self.executor.ends(attempt)
            order = attempt.order
            self.choices.note(f"  {order.task} {order.round}.{order.number} ends: {code}")

    def _runner_dies(self) -> None:
        young = [a for a in self.executor.alive() if self.plan.people or not a.deaths]
        if young:
            attempt = self.choices.pick(young)
            self.executor.dies(attempt)
            order = attempt.order
            self.choices.note(f"  the runner of {order.task} {order.round}.{order.number} dies")

    def _person_acts(self, *, merging: bool = False) -> None:
        self.counts.acts += 1
        self.people.act(merging=merging)

    def _weather_changes(self) -> None:
        weather = self.weather
        weather.clears()
        for name in weather.__dict__:
            if self.choices.chance(0.3):
                setattr(weather, name, self.choices.pick((0.05, 0.2, 0.5)))
        self.choices.note(f"weather: {weather}")

    def _comes_to_rest(self) -> None:
        quiet = 0
        for turn in range(_MOST_ROUNDS):
            planes = PLANES if turn % 4 == 0 else PLANES[:1]
            changed = self.ci.finishes()
            changed |= any([self.round(plane) for plane in planes])
            while self.executor.alive():
                self.attempt_ends()
                changed = True
            quiet = 0 if changed else quiet + 1
            if quiet == len(_REST) or (quiet == 2 and self._all_settled()):
                return
            self.clock.advance(_REST[quiet])
        self.must(False, f"nothing comes to rest in {_MOST_ROUNDS} rounds")

    def _all_settled(self) -> bool:
        with self.world().store.read() as tx:
            found = [task for _, task in tasks.listed(tx)]
        return len(found) == len(self.people.numbers) and all(t.settled for t in found)
