"""Running scenarios by their seeds, and telling how one failed."""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
import time
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from agent_os.effects import failpoints
from agent_os.simulation.choices import Choices
from agent_os.simulation.clocks import SeededIds, SimulatedClock

from . import invariants
from .hub import HubTemplate
from .plan import Plan, plan
from .plane import StoreTemplate, host
from .points import Violation
from .town import Templates, Town

_MEMORY = Path("/dev/shm")
_SHOWN_LINES = 400
REPLAY = "AGENT_OS_SIM_SEED={seed} pytest tests/simulation -k replay"


@dataclass
class Totals:
    """What was run so far."""

    scenarios: int = 0
    with_people: int = 0
    steps: int = 0
    jobs: int = 0
    requests: int = 0
    faults: int = 0
    crashes: int = 0
    meanwhile: int = 0
    acts: int = 0
    seconds: float = 0.0

    def add(self, town: Town) -> None:
        self.scenarios += 1
        self.with_people += town.plan.people
        self.requests += town.traffic.requests
        self.faults += town.traffic.faults
        for name in ("steps", "jobs", "crashes", "meanwhile", "acts"):
            setattr(self, name, getattr(self, name) + getattr(town.counts, name))

    def told(self) -> str:
        return (
            f"{self.scenarios} scenarios ({self.with_people} with people) in {self.seconds:.0f} s:"
            f" {self.steps} steps, {self.jobs} job runs, {self.requests} requests,"
            f" {self.faults} faults, {self.crashes} crashes,"
            f" {self.meanwhile} interruptions in the middle of a job, {self.acts} acts of people"
        )


class Failed(AssertionError):
    """A scenario did not end as it must; the text has its trace and the way to replay it."""

    def __init__(self, town: Town, error: BaseException) -> None:
        lines = town.choices.lines
        numbered = [f"{n:4} {line}" for n, line in enumerate(lines, 1)][-_SHOWN_LINES:]
        replay = REPLAY.format(seed=town.choices.seed)
        said = f"{type(error).__name__}: {error}"
        told = "\n".join(numbered)
        super().__init__(f"{town.plan}\n{told}\n{said}\nReplay it: {replay}")
        self.said = said


@dataclass
class Simulation:
    """Templates are made once; every scenario has a folder of its own, in memory if possible."""

    root: Path
    templates: Templates
    totals: Totals = field(default_factory=Totals)
    _undisturbed: dict[int, dict[int, tuple[object, ...]]] = field(
        default_factory=dict[int, dict[int, tuple[object, ...]]]
    )

    def run(self, seed: int) -> str:
        """The digest of the trace. Failed when something does not hold."""
        choices = Choices(seed)
        town = self._ends_well(choices, plan(choices))
        self.totals.add(town)
        return choices.digest

    @contextmanager
    def town(self, choices: Choices, made: Plan) -> Generator[Town]:
        """A scenario that is not run yet; gone afterwards."""
        town = Town(choices, made, self.root / f"seed-{choices.seed}", self.templates)
        try:
            with _logged(town), failpoints.watched(town.failpoint), host(town.processes):
                yield town
        finally:
            town.close()

    def _ends_well(self, choices: Choices, made: Plan) -> Town:
        with self.town(choices, made) as town:
            try:
                town.runs()
                invariants.check(town)
                self._like_undisturbed(town)
            except (Exception, Violation) as error:
                raise Failed(town, error) from error
        return town

    def _like_undisturbed(self, town: Town) -> None:
        """Where no person interfered, nobody can tell what happened in between."""
        if town.plan.people:
            return
        found = invariants.picture(town)
        if town.plan.undisturbed == town.plan:
            self._undisturbed[town.plan.issues] = found
            return
        if town.plan.issues not in self._undisturbed:
            self._ends_well(Choices(-town.plan.issues), town.plan.undisturbed)
        wanted = self._undisturbed[town.plan.issues]
        if found != wanted:
            raise Violation(f"the end {found} is not the undisturbed one {wanted}")


@contextmanager
def _logged(town: Town) -> Generator[None]:
    """Our own log goes into the trace."""

    def take(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
        code = event.get("code") or event.get("effect") or ""
        town.choices.note(f"  log: {event['event']} {code} {event.get('error', '')}".rstrip())
        town.must(event["event"] != "effect_crashed", f"an effect crashed: {event}")
        raise structlog.DropEvent

    structlog.configure(processors=[take])
    try:
        yield
    finally:
        structlog.reset_defaults()


@contextmanager
def simulation() -> Generator[Simulation]:
    """Ready to run scenarios."""
    root = Path(tempfile.mkdtemp(prefix="agent-os-sim-", dir=_MEMORY if _MEMORY.is_dir() else None))
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        clock = SimulatedClock()
        store = StoreTemplate(root / "store.sqlite", clock, SeededIds(Choices(0)))
        yield Simulation(root, Templates(HubTemplate(root / "hub"), store))
    finally:
        gc.set_threshold(*thresholds)
        shutil.rmtree(root, ignore_errors=True)


def run_for(sim: Simulation, seconds: float, first_seed: int) -> Totals:
    """Scenarios from this seed on, until the time is over."""
    begin = time.monotonic()
    seed = first_seed
    while (spent := time.monotonic() - begin) < seconds:
        sim.run(seed)
        seed += 1
        sim.totals.seconds = spent
    sim.totals.seconds = time.monotonic() - begin
    return sim.totals


def main() -> None:
    """Run the scenarios with these seeds; prints the digest of each."""
    with simulation() as sim:
        for seed in map(int, sys.argv[1:]):
            print(seed, sim.run(seed))


if __name__ == "__main__":
    main()
