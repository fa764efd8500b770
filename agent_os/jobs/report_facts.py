"""What reports are made of, as the store has it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa

from agent_os.domain.errors import BadInput
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import WHAT_TO_DO, FailureCode
from agent_os.domain.reasons import WHAT_ENDS_IT, Reason
from agent_os.domain.signals import SignalOutcome
from agent_os.domain.tasks import Status, Task
from agent_os.effects.world import World
from agent_os.jobs import judging, measuring
from agent_os.jobs.notifying import NOWHERE
from agent_os.policy.reporting import WEEK, WEEKS, WeeklyFacts
from agent_os.policy.sprints import plan as sprints
from agent_os.policy.weekly_report import NeedLine, PlanLine
from agent_os.policy.weeks import week_of
from agent_os.store import intents, log, repositories, tasks
from agent_os.store.repositories import Repository

_PAGE = 20_000
_MOST = 2_000
#: Waits that a person can end.
_FOR_A_PERSON = (
    Reason.NEEDS_APPROVAL,
    Reason.PERSON_MERGES,
    Reason.REVIEW_REQUIRED,
    Reason.CI_NEEDS_PERSON,
    Reason.CI_MISSING,
    Reason.NO_CREDENTIALS,
    Reason.NO_SANDBOX,
)
_ACTIVE = (Status.READY, Status.QUEUED, Status.RUNNING, Status.IN_REVIEW)
_DESK_KINDS = (
    EventKind.SIGNAL_SEEN,
    EventKind.ISSUE_FILED,
    EventKind.ISSUE_RETIRED,
    EventKind.SPRINT_PLANNED,
    EventKind.SPRINT_APPROVED,
    EventKind.SPRINT_ENDED,
    EventKind.PROPOSAL_OPENED,
    EventKind.PROPOSAL_ENDED,
)


#: Of this century: weeks around it can be reckoned with.
_WEEK = re.compile(r"(20\d\d)-W(\d{1,2})")


def week_span(week: str) -> tuple[datetime, datetime]:
    """The begin and the end of `2026-W05`, in UTC. BadInput."""
    if (match := _WEEK.fullmatch(week)) is None:
        raise BadInput(f"`{week}` is no week.", next_step="Write it as 2026-W05.")
    try:
        begin = datetime.fromisocalendar(int(match[1]), int(match[2]), 1).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInput(f"{match[1]} has no week {match[2]}.") from error
    return begin, begin + WEEK


def weekly_facts(world: World, row: Repository | None, week: str) -> WeeklyFacts:
    """Of one repository, or (None) of all. A week that is not over is reported until now."""
    since, end = week_span(week)
    now = world.clock.now()
    until = min(end, now)
    if since >= now:
        raise BadInput(f"{week} has not begun.", next_step="Name a week that has.")
    repo_id = row.repo_id if row else None
    with world.store.read() as tx:
        rows = [row] if row else repositories.listed(tx)
    desks = [_Desk(world, one) for one in rows]
    first = since - WEEK * (WEEKS - 1)
    return WeeklyFacts(
        repo=row.name if row else "",
        week=week,
        since=since,
        until=until,
        made_at=now,
        rows=tuple(measuring.rows(world, repo_id, first, until)),
        before=tuple(measuring.rows(world, repo_id, since - WEEK, since)),
        hypotheses=tuple(h for h in judging.hypotheses(world) if repo_id in (None, h.repo_id)),
        planned=tuple(line for desk in desks for line in desk.planned()),
        needs=tuple(line for desk in desks for line in desk.needs()),
        addresses={one.repo_id: one.address for one in rows},
    )


class _Desk:
    """One repository: its tasks, and what the organization has found there."""

    def __init__(self, world: World, row: Repository) -> None:
        self.row = row
        self.now = world.clock.now()
        with world.store.read() as tx:
            found = tasks.listed(tx, repo_id=row.repo_id, unsettled=True)
            events = log.of_repository(tx, row.repo_id, _DESK_KINDS)
        self.tasks = [task for _, task in found[:_MOST]]
        self.events = [event for _, event in events]

    def _link(self, number: object, page: str = "issues") -> str:
        return f"{self.row.address}/{page}/{number}"

    def _of(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]

    def needs(self) -> list[NeedLine]:
        found = [need for task in self.tasks if (need := self._task_needs(task))]
        return [*found, *self._proposals(), *self._sprint_needs(), *self._no_place(), *self._self()]

    def _task_needs(self, task: Task) -> NeedLine | None:
        link = self._link(task.number)
        if hold := task.hold:
            known = FailureCode(hold.reason) if hold.reason in set(FailureCode) else None
            step = hold.next_step or (WHAT_TO_DO[known] if known else "See the issue.")
            why = f"{hold.reason}: {hold.detail}"[:300]
            return NeedLine(name=task.name, why=why, next_step=step, link=link, since=hold.since)
        waiting = task.waiting
        if waiting and waiting.reason in _FOR_A_PERSON and task.status in _ACTIVE:
            why = f"{waiting.reason}: {waiting.detail}"[:300]
            step = f"It goes on when {WHAT_ENDS_IT[waiting.reason]}."
            return NeedLine(name=task.name, why=why, next_step=step, link=link, since=waiting.since)
        return None

    def _proposals(self) -> list[NeedLine]:
        """Pull requests of the organization's own that nobody has merged or closed."""
        ended = {e.data.get("number") for e in self._of(EventKind.PROPOSAL_ENDED)}
        return [
            NeedLine(
                name=f"{self.row.name}#{e.data['number']}",
                why=f"a pull request was opened: {e.data.get('purpose', '')}",
                next_step="Review it; merge or close it.",
                link=self._link(e.data["number"], "pull"),
                since=e.at,
            )
            for e in self._of(EventKind.PROPOSAL_OPENED)
            if e.data.get("number") not in ended
        ]

    def _sprint(self) -> Event | None:
        """The sprint that was planned last, unless it has ended."""
        ended = {e.data.get("sprint") for e in self._of(EventKind.SPRINT_ENDED)}
        planned = [e for e in self._of(EventKind.SPRINT_PLANNED) if e.data["sprint"] not in ended]
        return planned[-1] if planned else None

    def _approved(self, sprint: Event) -> bool:
        approved = self._of(EventKind.SPRINT_APPROVED)
        return any(e.data.get("sprint") == sprint.data["sprint"] for e in approved)

    def _issue_of(self, sprint: Event) -> int:
        """The issue that is the sprint's face; 0: it is not filed yet."""
        wanted = sprints.signal(self.row.repo_id, int(sprint.data["sprint"]))
        filed = self._of(EventKind.ISSUE_FILED)
        return next((int(e.data["number"]) for e in filed if e.data["signal"] == wanted), 0)

    def _sprint_needs(self) -> list[NeedLine]:
        sprint = self._sprint()
        if sprint is None or self._approved(sprint):
            return []
        number = self._issue_of(sprint)
        return [
            NeedLine(
                name=f"{self.row.name} sprint {sprint.data['sprint']}",
                why="its plan waits for approval",
                next_step="Look through its issue and approve it there.",
                link=self._link(number) if number else "",
                since=sprint.at,
            )
        ]

    def _no_place(self) -> list[NeedLine]:
        newest = {e.data["signal"]: e for e in self._of(EventKind.SIGNAL_SEEN)}
        return [
            NeedLine(
                name=str(e.data.get("title") or signal),
                why=f"found, and nowhere to file it: {e.data.get('reason', '')}",
                next_step="Mend it, or name a repository in `improvement.home`.",
                since=e.at,
            )
            for signal, e in newest.items()
            if e.data["outcome"] == SignalOutcome.NO_PLACE and self.now - e.at < WEEK * WEEKS
        ]

    def _self(self) -> list[NeedLine]:
        """The repository as a whole."""
        why = self.row.frozen or self.row.owned_elsewhere or self.row.last_error
        if not why:
            return []
        step = "`agent-os doctor` looks at it."
        return [NeedLine(name=self.row.name, why=why[:300], next_step=step, link=self.row.address)]

    def planned(self) -> list[PlanLine]:
        lines: list[PlanLine] = []
        if sprint := self._sprint():
            number, state = self._issue_of(sprint), "approved" if self._approved(sprint) else ""
            lines.append(
                PlanLine(
                    what=f"sprint, {state or 'waits for approval'}",
                    name=f"{self.row.name} sprint {sprint.data['sprint']}",
                    title="",
                    link=self._link(number) if number else "",
                )
            )
        lines += [
            PlanLine(
                what=task.status.value.replace("_", " "),
                name=task.name,
                title=task.title,
                link=self._link(task.number),
            )
            for task in self.tasks
            if task.status in _ACTIVE
        ]
        return [*lines, *self._filed()]

    def _filed(self) -> list[PlanLine]:
        """Issues that the organization filed lately and that are no tasks yet."""
        taken = {task.number for task in self.tasks}
        retired = {e.number for e in self._of(EventKind.ISSUE_RETIRED)}
        return [
            PlanLine(
                what=f"proposed by the {e.data['by']}",
                name=f"{self.row.name}#{e.data['number']}",
                title=str(e.data.get("title", "")),
                link=self._link(e.data["number"]),
            )
            for e in self._of(EventKind.ISSUE_FILED)
            if e.data["by"] not in ("report", "planner")
            and e.data["number"] not in taken | retired
            and self.now - e.at < WEEK * WEEKS
        ]


def events_between(tx: sa.Connection, since: datetime, until: datetime) -> tuple[list[Event], bool]:
    """(events of all kinds in that time, whether some are missing), oldest first."""
    newest = [event for _, event in log.history(tx, limit=_PAGE)]
    cut = len(newest) == _PAGE and newest[0].at > since
    return [e for e in newest if since <= e.at < until], cut


def newest_day(tx: sa.Connection, now: datetime) -> datetime:
    """The begin of the UTC day in which something happened last."""
    newest = log.history(tx, limit=1)
    at = newest[-1][1].at if newest else now
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def effects_between(tx: sa.Connection, since: datetime, until: datetime) -> Counter[str]:
    """How many effects were meant in that time, by `KIND STATE`."""
    found: Counter[str] = Counter()
    for repo_id in [*(row.repo_id for row in repositories.listed(tx)), NOWHERE]:
        for intent in intents.recent(tx, repo_id, since):
            if intent.at < until:
                found[f"{intent.effect.kind} {intent.state}"] += 1
    return found


def last_week(now: datetime) -> str:
    """The last week that is over."""
    return week_of(now - WEEK)
