"""When our jobs run: at their due times, where something may have changed since they last looked.

A job of short rounds is run for the repositories that something happened in; besides, where tasks
are open, after pauses that double, so that what only waits for time is found as well. The others
run at each of their due times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from agent_os.domain.tasks import Status, Task
from agent_os.jobs import registry
from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.plane import SimulatedWorld
from agent_os.simulation.timetable import Timetable
from agent_os.store import tasks

SHORT = ("dispatcher", "queue-engine", "pr-monitor")
RARE = ("log-analyzer", "backlog-groomer", "strategic-planner")
_FIRST_PAUSE = timedelta(minutes=2)
_LONGEST_PAUSE = timedelta(minutes=60)
_SECOND = timedelta(seconds=1)
#: Due times that are closer together are not counted one by one.
_SHORT = timedelta(hours=1)
#: The queue engine has one key for all.
_FOR_ALL = "queue-engine"


class Control:
    """`looked` is called after each run of a job. `patient` False: each job runs at each of its due
    times, to see that nothing is missed in between."""

    def __init__(
        self,
        world: SimulatedWorld,
        clock: SimulatedClock,
        timetable: Timetable,
        *,
        patient: bool = True,
    ) -> None:
        self._patient = patient
        self._world = world
        self._clock = clock
        self._timetable = timetable
        self._wanted: dict[str, set[str]] = {name: set() for name in SHORT}
        self._planned: dict[str, datetime] = {}
        self._pauses: dict[tuple[str, str], timedelta] = {}
        self._later: dict[tuple[str, str], datetime] = {}
        self.runs: Counter[str] = Counter()
        self.looked: Callable[[str], None] = lambda _: None

    def begin(self) -> None:
        for name in RARE if self._patient else (*RARE, *SHORT):
            self._plan_rare(name)
        self.wake(*SHORT, repositories=self._names)

    @property
    def _names(self) -> list[str]:
        return [r.name for r in self._world.config.repositories]

    def wake(
        self, *jobs: str, repositories: Iterable[str], again: bool = False, after: str = ""
    ) -> None:
        """Something happened there: the jobs look at their next due time. `again`: nothing
        happened, only time went by. `after`: the job by which it happened; those that come after
        it look in the same second, should it be theirs too."""
        names = sorted(repositories) if self._patient else []
        for job in jobs:
            for name in names:
                self._wanted[job].add(name)
                if not again:
                    self._pauses.pop((job, name), None)
            if names:
                self._plan(job, self._next(job, after))

    def _next(self, job: str, after: str) -> datetime:
        cadence = registry.cadence(self._world.config, job)
        slot = cadence.slot(self._now)
        follows = after in SHORT and SHORT.index(after) < SHORT.index(job)
        return slot if follows and self._now - slot < _SECOND else cadence.following(self._now)

    @property
    def _now(self) -> datetime:
        return self._clock.time

    def _plan(self, job: str, moment: datetime) -> None:
        planned = self._planned.get(job)
        if planned is None or moment < planned:
            self._planned[job] = moment
            self._timetable.at(moment, lambda: self._due(job, moment))

    def _due(self, job: str, moment: datetime) -> None:
        if self._planned.get(job) != moment:
            return  # an earlier time was planned since, and came
        del self._planned[job]
        names, self._wanted[job] = sorted(self._wanted[job]), set()
        if not names:
            return
        self.runs[job] += 1
        registry.run(self._world, job, keys=None if job == _FOR_ALL else names)
        self.looked(job)
        self._look_again(job, names)

    def _look_again(self, job: str, names: Iterable[str]) -> None:
        """Later, where a task waits for nothing but time."""
        waiting = {task.repo for task in self._open() if _waits_for(job, task)}
        for name in sorted(waiting & {*names, *(self._names if job == _FOR_ALL else ())}):
            pause = self._pauses.get((job, name), _FIRST_PAUSE)
            moment = self._now + pause
            if name in self._wanted[job] or self._later.get((job, name), self._now) > self._now:
                continue
            self._pauses[job, name] = min(2 * pause, _LONGEST_PAUSE)
            self._later[job, name] = moment
            self._timetable.at(moment, partial(self._again, job, name))

    def _again(self, job: str, name: str) -> None:
        if name not in self._wanted[job]:
            self.wake(job, repositories=[name], again=True)

    def _open(self) -> list[Task]:
        with self._world.store.read() as tx:
            return [task for _, task in tasks.listed(tx, unsettled=True)]

    def _plan_rare(self, job: str) -> None:
        moment = registry.cadence(self._world.config, job).following(self._now)

        def due() -> None:
            self.runs[job] += 1
            registry.run_slot(self._world, job)
            self.looked(job)
            self._plan_rare(job)

        self._timetable.at(moment, due)

    def slots(self, job: str, passed: timedelta) -> int:
        """How often the job was due in that time, by its cadence."""
        cadence = registry.cadence(self._world.config, job)
        following = cadence.following(self._now - passed)
        step = cadence.following(following) - following
        if step < _SHORT:
            return int(passed / step)
        found = 0
        while following < self._now:
            found, following = found + 1, cadence.following(following)
        return found


def _waits_for(job: str, task: Task) -> bool:
    """Whether time alone may give the job something to do for the task. What ends an attempt, what
    people do and what CI says is told to us."""
    match job:
        case "dispatcher":
            return task.status is Status.READY
        case "pr-monitor":
            return task.status is Status.IN_REVIEW and task.running is None
        case _:
            return task.status in (Status.QUEUED, Status.DONE, Status.CANCELLED)
