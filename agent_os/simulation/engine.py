"""One simulated organization, from its first day to its last: from one due time to the next."""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from agent_os.domain.attempts import Order
from agent_os.domain.events import EventKind
from agent_os.simulation.choices import stream
from agent_os.simulation.clocks import GitHubClock, SeededIds, SimulatedClock
from agent_os.simulation.conditions import Conditions, Planted
from agent_os.simulation.continuous import Ci
from agent_os.simulation.control import SHORT, Control
from agent_os.simulation.course import Courses, Job
from agent_os.simulation.executor import ModelExecutor
from agent_os.simulation.hub import InProcessHub, ModelDatabase
from agent_os.simulation.people import People
from agent_os.simulation.plane import DirectWire, open_world
from agent_os.simulation.planting import plant
from agent_os.simulation.scenario import Scenario
from agent_os.simulation.settings import config_of
from agent_os.simulation.site import Site
from agent_os.simulation.timetable import Timetable
from agent_os.simulation.watching import Watching

_MEMORY = Path("/dev/shm")
#: What is said in our log when something in it went wrong.
_TROUBLES = ("job_failed", "effect_crashed", "not_resolved", "thought_failed")
_SAID_CHARS = 500
_PUBLISHED = {EventKind.PULL_OPENED, EventKind.BRANCH_PUSHED, EventKind.PULL_EDITED}
_ASKED = {EventKind.ISSUE_FILED, EventKind.ISSUE_RETIRED, EventKind.SPRINT_APPROVED}
#: Our own traces: who draws them has nothing more to do for it.
_PICTURES = {
    *(EventKind.COMMENT_WRITTEN, EventKind.LABELS_SET, EventKind.TOLD, EventKind.SETTLED),
    *(EventKind.SIGNAL_SEEN, EventKind.ISSUE_TOLD, EventKind.WAITING),
}


class Organization:
    """`root` is a folder of this one alone. Use it within `quiet()`."""

    def __init__(self, scenario: Scenario, seed: int, root: Path, *, patient: bool = True) -> None:
        self.scenario = scenario
        self.seed = seed
        self.root = root
        self.clock = SimulatedClock(scenario.start)
        self.timetable = Timetable()
        self.conditions = Conditions(scenario)
        (root / "hub").mkdir(parents=True)
        hub = InProcessHub(root / "hub", ModelDatabase(), GitHubClock(self.clock))
        self.site = Site(hub, scenario, self.clock)
        parts = (self.clock, self.timetable, self.conditions)
        self.people = People(self.site, seed, *parts)
        self.ci = Ci(self.site, seed, *parts)
        courses = Courses(seed, self.conditions)
        executor = ModelExecutor(seed, self.clock, self.timetable, courses, self._job_of)
        ids = SeededIds(stream(seed, "ids"))
        config = config_of(scenario, root / "home")
        self.wire = DirectWire(hub)
        self.world = open_world(config, self.clock, ids, hub, executor, self.wire)
        self.control = Control(self.world, self.clock, self.timetable, patient=patient)
        self.watching = Watching(self.world, self.site, self.people, self.conditions)
        self.troubles: Counter[str] = Counter()
        """Warnings of our own log."""
        self.said: dict[str, str] = {}
        """The first of each kind, with its error."""
        self.seconds = 0.0
        executor.ended = lambda: self.control.wake("queue-engine", repositories=self.site.ids)
        self.people.acted = self._touched
        self.ci.told = lambda repo: self.control.wake("pr-monitor", repositories=[repo])
        self.control.looked = self._looked

    def close(self) -> None:
        self.world.store.close()
        self.site.hub.close()

    def run(self) -> None:
        """From the first day to the end of the scenario."""
        self.begin()
        self.finish()

    def begin(self) -> None:
        for repo in self.site.ids:
            self.ci.looks(repo)
        self.control.begin()
        self.people.begin()
        self.plant(self.conditions.planted)

    def plant(self, faults: Sequence[Planted]) -> None:
        """Faults that the conditions know: what they need besides."""
        self.people.plant(faults)
        plant(self, faults)

    def live(self, until: datetime) -> None:
        """All that is due before then."""
        began = time.monotonic()
        while (due := self.timetable.next(until)) is not None:
            moment, act = due
            self.clock.time = max(self.clock.time, moment)
            act()
        self.seconds += time.monotonic() - began

    def finish(self) -> None:
        end = self.scenario.start + timedelta(weeks=self.scenario.weeks)
        self.live(end)
        self.clock.time = max(self.clock.time, end)
        self.watching.looks()

    @property
    def digest(self) -> str:
        return self.watching.digest

    def _job_of(self, order: Order) -> Job:
        repo, _, number = order.task.partition("#")
        return self.people.jobs.get((repo, int(number)), Job(repo))

    def _touched(self, repo: str) -> None:
        """A person did something there."""
        self.ci.looks(repo)
        self.control.wake("dispatcher", "pr-monitor", repositories=[repo])

    def _looked(self, job: str) -> None:
        """After a run of a job: the others look where it changed something."""
        for repo, kinds in self.watching.looks().items():
            self.ci.looks(repo)
            kinds -= _PICTURES
            if not kinds:
                continue
            followers = {"queue-engine"}
            if kinds & _PUBLISHED:
                followers.add("pr-monitor")
            if job not in SHORT or kinds & _ASKED:
                followers.add("dispatcher")
            # It looked itself until nothing was left to do.
            self.control.wake(*sorted(followers - {job}), repositories=[repo], after=job)


@contextmanager
def organization(
    scenario: Scenario, seed: int, keep: Path | None = None, *, patient: bool = True
) -> Generator[Organization]:
    """Ready to run; its files are in memory if possible, and gone afterwards unless kept."""
    place = _MEMORY if _MEMORY.is_dir() and keep is None else None
    root = Path(tempfile.mkdtemp(prefix="agent-os-sim-", dir=keep or place))
    made = Organization(scenario, seed, root, patient=patient)
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        with _quiet(made):
            yield made
    finally:
        gc.set_threshold(*thresholds)
        made.close()
        if keep is None:
            shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _quiet(made: Organization) -> Generator[None]:
    """Our log is counted, not printed."""

    def take(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
        said = f"{event['event']} {event.get('job') or event.get('effect') or ''}".strip()
        if event["event"] in _TROUBLES:
            made.troubles[said] += 1
            why = str(event.get("error") or sys.exc_info()[1] or "")
            made.said.setdefault(said, why[:_SAID_CHARS])
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[take])
    try:
        yield
    finally:
        structlog.configure(**before)
