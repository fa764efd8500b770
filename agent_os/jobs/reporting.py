"""Reports: made of the record, written once a week as files and, where it is wanted, as issues."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import structlog

from agent_os.domain.effects import FileIssue, Record, RetireIssue, Step
from agent_os.domain.errors import LeaseLost
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.tasks import Task, TaskKey
from agent_os.effects.applier import Applier
from agent_os.effects.world import World
from agent_os.jobs import desk, measuring, report_facts
from agent_os.jobs.organization import LEASE, Run
from agent_os.policy import explain, reporting, run_report, task_report
from agent_os.policy.run_report import RunReport
from agent_os.policy.task_report import TaskReport
from agent_os.policy.weekly_report import WeeklyReport
from agent_os.reports import pages, weekly_markdown
from agent_os.store import intents, leases, log, repositories, tasks
from agent_os.store.repositories import Repository

_log = structlog.get_logger()
_MOST_EVENTS = 2_000
_ORGANIZATION = "organization"


def weekly_of(world: World, row: Repository | None, week: str) -> WeeklyReport:
    """Of one repository, or (None) of the organization. BadInput for a week that is none."""
    return reporting.weekly(report_facts.weekly_facts(world, row, week))


def task_of(world: World, task: Task) -> TaskReport:
    with world.store.read() as tx:
        events = [e for _, e in log.history(tx, task.key, limit=_MOST_EVENTS)]
        unresolved = task.key in intents.unresolved_tasks(tx)
        row = repositories.get(tx, task.repo_id)
    rows = [r for r in measuring.rows(world, task.repo_id) if r.number == task.number]
    now = world.clock.now()
    why = explain.why(task, now, unresolved=unresolved)
    address = row.address if row else ""
    return task_report.of_task(task, rows, events, address, why, now)


def run_of(world: World, since: datetime | None) -> RunReport:
    """Since a time; None: in the newest day in which something happened."""
    now = world.clock.now()
    with world.store.read() as tx:
        begin = since or report_facts.newest_day(tx, now)
        events, cut = report_facts.events_between(tx, begin, now)
        touched = {e.key for e in events if e.key and e.key.number != DESK}
        found = {key: tasks.get(tx, key) for key in touched}
        effects = report_facts.effects_between(tx, begin, now)
        names = {row.repo_id: row.name for row in repositories.listed(tx)}
    known = {k: (t.name, t.title, t.status.value) for k, t in found.items() if t}
    return run_report.of_run(events, known, effects, names, begin, now, cut=cut)


def weekly(run: Run) -> None:
    """The report of the last whole week of this repository and of the organization, once each."""
    world = run.world
    if world.config.improvement.report == "off":
        return
    row = desk.repository(world, run.key)
    week = report_facts.last_week(world.clock.now())
    if row is None or not _worked(world, row, week):
        return
    lease = leases.take(world.store, f"report:{row.repo_id}", LEASE)
    if lease is None:
        return
    try:
        applier = Applier(world, lease)
        for step in _steps(world, row, week):
            seen = _seen(world, step)
            run.changed |= applier.apply(step, seen).changed
    except LeaseLost:
        _log.warning("lease_lost", job="report", key=run.key)
    finally:
        leases.release(world.store, lease)


def _worked(world: World, row: Repository, week: str) -> bool:
    """Whether there is a record of that week at all."""
    _, end = report_facts.week_span(week)
    with world.store.read() as tx:
        first = log.of_repository(tx, row.repo_id, tuple(EventKind), 1)
    return bool(first) and first[0][1].at < end


def _seen(world: World, step: Step) -> int:
    with world.store.read() as tx:
        return tasks.seq(tx, step.key)


def _steps(world: World, row: Repository, week: str) -> list[Step]:
    """What is missing of the week's report: each part is made again only if it is not there."""
    signal = f"report:{row.repo_id}:{week}"
    kinds = (EventKind.REPORT_WRITTEN, EventKind.ISSUE_FILED, EventKind.ISSUE_RETIRED)
    with world.store.read() as tx:
        known = [e for _, e in log.of_repository(tx, row.repo_id, kinds)]
    filed = [e for e in known if e.kind is EventKind.ISSUE_FILED and e.data["by"] == "report"]
    written = any(e.kind is EventKind.REPORT_WRITTEN and e.data["week"] == week for e in known)
    names = {e.data["signal"] for e in filed}
    there = signal in names
    as_issue = world.config.improvement.report == "issue" and not desk.stopped(world, row)
    steps: list[Step] = []
    if not written or (as_issue and not there):
        report = weekly_of(world, row, week)
        if not written:
            steps.append(_written(world, row, week, _write(world, row, report)))
            # The week is over: whichever repository comes first, the record of all is there.
            if not _path(world, None, week).exists():
                _write(world, None, weekly_of(world, None, week))
        if as_issue and not there:
            steps.append(_issue(row, signal, report))
    of_all = f"report:{_ORGANIZATION}:{week}"
    if as_issue and _is_home(world, row) and of_all not in names:
        steps.append(_issue(row, of_all, weekly_of(world, None, week)))
    retired = {e.number for e in known if e.kind is EventKind.ISSUE_RETIRED}
    if as_issue:
        # Those of this week stay; all before are closed, should one have been left over.
        old = [int(e.data["number"]) for e in filed if e.data["signal"] not in (signal, of_all)]
        steps += [_retire(row, number) for number in old if number not in retired]
    return steps


def _is_home(world: World, row: Repository) -> bool:
    """What is about all of the organization stands there, and nowhere else: who reads it may see
    the names of all repositories."""
    return row.name.lower() == world.config.improvement.home.lower()


def _written(world: World, row: Repository, week: str, path: Path) -> Record:
    data = {"week": week, "file": str(path.relative_to(world.config.home))}
    now = world.clock.now()
    event = Event(
        kind=EventKind.REPORT_WRITTEN, at=now, repo_id=row.repo_id, number=DESK, data=data
    )
    return Record(key=TaskKey(row.repo_id, DESK), events=(event,))


def _issue(row: Repository, signal: str, report: WeeklyReport) -> FileIssue:
    return FileIssue(
        repo_id=row.repo_id,
        repo=row.name,
        number=DESK,
        why=f"the week {report.week} is over",
        signal=signal,
        by="report",
        title=weekly_markdown.title(report),
        body=weekly_markdown.markdown(report),
    )


def _retire(row: Repository, number: int) -> RetireIssue:
    return RetireIssue(
        repo_id=row.repo_id,
        repo=row.name,
        number=number,
        why="a newer report is there",
        purpose="report",
        reason="completed",
    )


def _write(world: World, row: Repository | None, report: WeeklyReport) -> Path:
    path = _path(world, row, report.week)
    write(path, world.finder.redact(pages.weekly(report)))
    return path


def _path(world: World, row: Repository | None, week: str) -> Path:
    folder = row.name.replace("/", "-") if row else _ORGANIZATION
    return world.config.home / "reports" / folder / f"{week}.html"


def write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half of a report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
    ) as file:
        file.write(text)
    Path(file.name).replace(path)
