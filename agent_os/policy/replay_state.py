"""What was known at each moment of the record: tasks, providers, results of agents, money."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from agent_os.domain.attempts import Kind
from agent_os.domain.events import Event, EventKind
from agent_os.domain.folding import fold
from agent_os.domain.health import Health, Trials, Verdict
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Task, TaskKey
from agent_os.domain.usage import together
from agent_os.policy import own_work
from agent_os.policy.budget import Purse
from agent_os.policy.routing import Pool

#: As for the table of trials: other kinds say nothing about how good an agent is.
_KINDS = (Kind.IMPLEMENT, Kind.FIX)


@dataclass
class _Trial:
    agent: str
    type: str
    verdict: Verdict
    usd: float | None


@dataclass
class State:
    """Folded event by event, as the store does it."""

    tasks: dict[TaskKey, Task] = field(default_factory=dict[TaskKey, Task])
    active: set[TaskKey] = field(default_factory=set[TaskKey])
    health: dict[str, Health] = field(default_factory=dict[str, Health])
    merged: dict[tuple[int, str, str], int] = field(
        default_factory=lambda: defaultdict[tuple[int, str, str], int](int)
    )
    """By repository, agent and model: how many rounds were merged."""
    _days: dict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))
    _own_weeks: dict[datetime, float] = field(
        default_factory=lambda: defaultdict[datetime, float](float)
    )
    _trials: dict[tuple[TaskKey, int, int], _Trial] = field(
        default_factory=dict[tuple[TaskKey, int, int], _Trial]
    )
    _sums: dict[str, dict[str, Trials]] = field(default_factory=dict[str, dict[str, Trials]])
    """By task type, then by agent."""

    def fold(self, event: Event) -> None:
        if event.kind is EventKind.PROVIDER_SEEN:
            health = Health.model_validate(event.data)
            self.health[health.name] = health
            return
        key = event.key
        after = fold(self.tasks.get(key), event) if key else None
        if key is None or after is None:
            return
        self.tasks[key] = after
        (self.active.add if after.active else self.active.discard)(key)
        self._count(event, after)

    def _count(self, event: Event, task: Task) -> None:
        """What the table of trials and that of the spending say after it."""
        number = event.data.get("attempt") if event.kind is EventKind.RESULT_REJECTED else None
        wanted = event.attempt if number is None else number
        attempt = next((a for a in task.attempts if a.number == wanted), None)
        if event.kind is EventKind.ATTEMPT_ENDED and attempt is not None:
            self._days[f"{event.at:%Y-%m-%d}"] += attempt.cost
            if task.own:
                self._own_weeks[own_work.week_start(event.at)] += attempt.cost
            self._judge(task, attempt)
        elif event.kind is EventKind.RESULT_REJECTED and attempt is not None:
            self._judge(task, attempt)
        elif event.kind is EventKind.FINISHED and task.result is not None:
            self._mark(task, Verdict.PASSED, Verdict.MERGED, task.result.attempt)
            last = next((a for a in task.attempts if a.number == task.result.attempt), None)
            if last is not None:
                done = task.origin(last)
                self.merged[task.repo_id, done.agent, done.model] += 1
        elif event.kind is EventKind.REVERTED:
            self._mark(task, Verdict.MERGED, Verdict.REVERTED, None)

    def _judge(self, task: Task, attempt: Attempt) -> None:
        done = task.origin(attempt)
        if not done.agent or done.kind not in _KINDS or (attempt.code and not attempt.charged):
            return
        spent = attempt.spent if done is attempt else together(done.spent, attempt.spent)
        verdict = Verdict.FAILED if attempt.code else Verdict.PASSED
        usd = spent.usd if spent else 0.0
        made = _Trial(agent=done.agent, type=task.spec.type, verdict=verdict, usd=usd)
        place = (task.key, task.round, attempt.number)
        self._add(self._trials.get(place), -1)
        self._trials[place] = made
        self._add(made, 1)

    def _mark(self, task: Task, before: Verdict, now: Verdict, attempt: int | None) -> None:
        for number in [a.number for a in task.attempts if attempt in (None, a.number)]:
            trial = self._trials.get((task.key, task.round, number))
            if trial is not None and trial.verdict is before:
                self._add(trial, -1)
                trial.verdict = now
                self._add(trial, 1)

    def _add(self, trial: _Trial | None, sign: int) -> None:
        """Into the sums, or out of them."""
        if trial is None:
            return
        agents = self._sums.setdefault(trial.type, {})
        known = agents.get(trial.agent, Trials())
        failed = trial.verdict in (Verdict.FAILED, Verdict.REVERTED)
        agents[trial.agent] = Trials(
            merged=known.merged + sign * (trial.verdict is Verdict.MERGED),
            failed=known.failed + sign * failed,
            usd=known.usd + sign * (trial.usd or 0.0),
            priced=known.priced + sign * (trial.usd is not None),
        )

    def pool(self, *, trials: bool) -> Pool:
        """As the engine would have it; every provider still has the key that it had."""
        marks = {name: health.key_mark for name, health in self.health.items()}
        return Pool(health=self.health, trials=self._sums if trials else {}, key_marks=marks)

    def running(self) -> list[tuple[Task, Attempt]]:
        found = ((self.tasks[key], self.tasks[key].running) for key in sorted(self.active))
        return [(task, attempt) for task, attempt in found if attempt is not None]

    def purse(self, now: datetime) -> Purse:
        reserved = sum(attempt.cost for _, attempt in self.running())
        return Purse(spent=self._days[f"{now:%Y-%m-%d}"], reserved=reserved)

    def own(self, now: datetime, share: float, usd_per_week: float) -> own_work.OwnWork:
        mine = [attempt for task, attempt in self.running() if task.own]
        return own_work.OwnWork(
            running=len(mine),
            spent=self._own_weeks[own_work.week_start(now)],
            reserved=sum(attempt.cost for attempt in mine),
            share=share,
            usd_per_week=usd_per_week,
        )
