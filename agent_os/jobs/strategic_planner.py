"""The strategic planner: what comes next, by objectives, capacity and risk, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from agent_os.domain.effects import Record, Step
from agent_os.domain.errors import IncompleteList
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.signals import SignalOutcome
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.jobs import desk, sprint_planning, sprint_reading, sprint_requests
from agent_os.jobs.organization import Decided, Run, resting
from agent_os.jobs.sprint_reading import Recorded
from agent_os.policy.sprints import course, priorities
from agent_os.policy.sprints.plan import Plan, signal, sprint_title
from agent_os.store.repositories import Repository

_log = structlog.get_logger()


class StrategicPlanner:
    name = "strategic-planner"

    def due(self, world: World) -> Sequence[str]:
        names = [r.name for r in world.config.repositories]
        return [name for name in names if not resting(world, name)]

    def turn(self, run: Run) -> list[Decided]:
        world, days = run.world, run.world.config.improvement.sprint.days
        row = desk.repository(world, run.key)
        if row is None or row.frozen or row.empty:
            return []
        known = sprint_reading.newest(world, row)
        if known is None and not days:
            return []
        stopped = desk.stopped(world, row)
        if stopped and not run.preview:
            if known is not None and not known.over:
                return []
            number = known.plan.sprint + 1 if known else 1
            return _no_sprint(world, row, number, SignalOutcome.NOT_ALLOWED, stopped)
        if (
            known is not None
            and not known.over
            and (steps := _follow(world, row, known)) is not None
        ):
            return steps
        return self._next(run, row, known) if days else []

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        pass

    def _next(self, run: Run, row: Repository, known: Recorded | None) -> list[Decided]:
        """The plan of the next sprint, when it is due."""
        world, number = run.world, 1
        if known is not None:
            assert known.ended is not None and known.ended_at is not None
            if not course.next_is_due(known.plan, known.ended, known.ended_at, world.clock.now()):
                return []
            number = known.plan.sprint + 1
        plan = sprint_planning.plan(world, row, number, preview=run.preview)
        if isinstance(plan, str):
            return _no_sprint(world, row, number, SignalOutcome.TOO_EARLY, plan)
        steps: list[Step] = [_planned(world, row, plan)]
        if run.preview:
            steps += course.decide(sprint_reading.facts(world, row, Recorded(plan=plan), {})).steps
        return [(step, 0) for step in steps]


def _planned(world: World, row: Repository, plan: Plan) -> Record:
    return _desk(
        world,
        row,
        EventKind.SPRINT_PLANNED,
        {"sprint": plan.sprint, "plan": plan.model_dump(mode="json")},
    )


def _desk(world: World, row: Repository, kind: EventKind, data: dict[str, object]) -> Record:
    now = world.clock.now()
    event = Event(kind=kind, at=now, repo_id=row.repo_id, number=DESK, data=data)
    return Record(key=TaskKey(row.repo_id, DESK), events=(event,))


def _follow(world: World, row: Repository, known: Recorded) -> list[Decided] | None:
    """The next steps of the newest sprint; None: it is over, and nothing is left of it."""
    at_work = sprint_reading.all_tasks(world, row)
    facts = sprint_reading.facts(world, row, known, at_work)
    decided = course.decide(facts)
    steps: list[Step] = list(decided.steps)
    if known.approved is not None and decided.begin:
        filed = sprint_reading.filed(world, row)
        for number in decided.begin:
            found = filed.get(number)
            name = str(found.data["signal"]) if found else ""
            try:
                asked = sprint_requests.request(
                    world, row, decided.plan, known.approved, number, name
                )
            except IncompleteList as error:
                # One unreadable issue never stops the others.
                _log.warning("issue_unreadable", issue=number, error=str(error))
                continue
            steps += [asked] if asked else []
    running = known.approved is not None and known.ended is None
    tasks = [task for _, task in at_work.values()]
    steps += priorities.decide(facts.plan if running else None, tasks, facts.now)
    if known.ended is not None and not steps:
        return None
    newest = {task.key: seen for seen, task in at_work.values()}
    return [(step, newest.get(step.key, 0)) for step in steps]


def _no_sprint(
    world: World, row: Repository, number: int, outcome: SignalOutcome, reason: str
) -> list[Decided]:
    """That there is no sprint has its reason in the record, once for each reason."""
    name = signal(row.repo_id, number)
    with world.store.read() as tx:
        seen = [e.data for _, e in desk.events(tx, row.repo_id, (EventKind.SIGNAL_SEEN,))]
    mine = [data for data in seen if data["signal"] == name]
    if mine and mine[-1]["reason"] == reason:
        return []
    data: dict[str, object] = {
        "signal": name,
        "by": "planner",
        "title": sprint_title(number),
        "outcome": outcome.value,
        "reason": reason,
    }
    return [(_desk(world, row, EventKind.SIGNAL_SEEN, data), 0)]
