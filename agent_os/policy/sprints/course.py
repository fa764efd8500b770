"""The course of a sprint: filed, approved or dropped, run, looked back at. One row a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.effects import (
    EditIssue,
    FileIssue,
    Record,
    RetireIssue,
    Step,
    TellIssue,
)
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.tasks import Task, TaskKey
from agent_os.policy import texts
from agent_os.policy.sprints import face, retrospective
from agent_os.policy.sprints.choices import Choice
from agent_os.policy.sprints.face import Look, Phase, Standing
from agent_os.policy.sprints.plan import Approved, Plan, signal, sprint_title, with_choices
from agent_os.policy.sprints.retrospective import Figures, How
from agent_os.policy.steps import event, record

#: Reason of a cancelled task whose box a person unticked.
UNTICKED = "unticked"


class Seen(Contract):
    """The sprint's issue as it is on GitHub."""

    number: int
    title: str
    body: str
    open: bool


class CourseFacts(Contract):
    repo_id: int
    repo: str
    plan: Plan
    issue: Seen | None = None
    """None: not filed."""
    approved: Approved | None = None
    ended: Figures | None = None
    first: tuple[int, ...] = ()
    """What was chosen at the approval."""
    approval: Approved | None = None
    """A word of approval that is not recorded yet."""
    choices: tuple[Choice, ...] = ()
    titles: Mapping[int, str] = {}
    """Of all open issues."""
    tasks: Mapping[int, Task] = {}
    begun: frozenset[int] = frozenset()
    """Issues whose task is this sprint's."""
    told: bool = False
    """The retrospective was told."""
    retired: bool = False
    last_drawn: str = ""
    """Digest recorded with the last drawing."""
    edited: bool = False
    """Somebody changed the text since we drew it."""
    goes_on: bool = False
    login: str = ""
    label: str
    mark: str
    now: datetime

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.repo_id, DESK)


class Course(Contract):
    """`begin`: issues that are to become tasks now."""

    steps: tuple[Step, ...] = ()
    begin: tuple[int, ...] = ()
    plan: Plan


def decide(facts: CourseFacts) -> Course:
    """What follows now; more may when that is done."""
    if facts.issue is None:
        return Course(steps=(_filing(facts),), plan=facts.plan)
    plan = with_choices(facts.plan, facts.choices, facts.titles)
    if facts.ended is None and plan != facts.plan:
        data = {"sprint": plan.sprint, "plan": plan.model_dump(mode="json")}
        return Course(steps=(_fact(facts, EventKind.SPRINT_PLANNED, data),), plan=plan)
    standing = {item.number: stands(item.number, facts) for item in plan.items}
    if facts.ended is not None:
        return Course(steps=_after(facts, standing), plan=plan)
    if end := _end(facts, standing):
        return Course(steps=(_ending(facts, standing, end),), plan=plan)
    if facts.approved is None:
        if step := _approving(facts):
            return Course(steps=(step,), plan=plan)
        return Course(steps=_drawing(facts, "proposed", standing), plan=plan)
    begin = tuple(i.number for i in plan.chosen if _may_begin(i.number, facts))
    steps = (*_unticked(facts), *_drawing(facts, "running", standing))
    return Course(steps=steps, begin=begin, plan=plan)


def next_is_due(plan: Plan, ended: Figures, ended_at: datetime, now: datetime) -> bool:
    """Whether the next sprint is planned. One that was not wanted is not asked about again before
    its time would have been over."""
    if ended.how in ("over", "done"):
        return True
    return now >= max(ended_at, plan.planned_at + timedelta(days=plan.days))


def stands(number: int, facts: CourseFacts) -> Standing:
    """How an issue of the sprint stands."""
    task = facts.tasks.get(number)
    is_open = number in facts.titles
    if task is None:
        return Standing() if is_open else Standing(words="closed", done=True)
    pull = task.pull.number if task.pull else 0
    if task.finished_at is not None:
        return Standing(words="done", done=True, pull=pull)
    if task.cancelled is not None and not is_open:
        return Standing(words="closed", done=True, pull=pull)
    waits = f" ({task.waiting.reason})" if task.waiting and not pull else ""
    held = f" ({task.hold.reason})" if task.hold else ""
    return Standing(words=f"{task.status.value.replace('_', ' ')}{held or waits}", pull=pull)


def _fact(facts: CourseFacts, kind: EventKind, data: Mapping[str, object]) -> Record:
    made = Event(kind=kind, at=facts.now, repo_id=facts.repo_id, number=DESK, data=dict(data))
    return Record(key=facts.key, events=(made,))


def _look(facts: CourseFacts, phase: Phase, standing: Mapping[int, Standing]) -> Look:
    return Look(
        plan=facts.plan,
        phase=phase,
        approved=facts.approved,
        ended=retrospective.sentence(facts.ended.how) if facts.ended else "",
        standing=standing,
        label=facts.label,
        mark=facts.mark,
    )


def _filing(facts: CourseFacts) -> FileIssue:
    standing = {item.number: stands(item.number, facts) for item in facts.plan.items}
    text = face.body(_look(facts, "proposed", standing))
    return FileIssue(
        repo_id=facts.repo_id,
        repo=facts.repo,
        number=DESK,
        why=f"sprint {facts.plan.sprint} is planned",
        signal=signal(facts.repo_id, facts.plan.sprint),
        by="planner",
        title=sprint_title(facts.plan.sprint),
        # The mark is added when it is filed.
        body=text.removesuffix(facts.mark).rstrip(),
        facts={"kind": "sprint", "sprint": facts.plan.sprint},
    )


def _drawing(
    facts: CourseFacts, phase: Phase, standing: Mapping[int, Standing]
) -> tuple[Step, ...]:
    """The issue's text anew, where it is not as it should be. People's notes stay."""
    issue = facts.issue
    assert issue is not None
    look = _look(facts, phase, standing)
    if face.same(issue.body, face.drawn(look)):
        return ()
    body = face.body(look, face.notes_of(issue.body, facts.mark))
    drawn = (texts.digest(body), texts.digest(issue.title, body))
    if facts.last_drawn in drawn and not facts.edited:
        return ()  # it was written just so: a secret was taken out of it on the way
    edit = EditIssue(
        repo_id=facts.repo_id,
        repo=facts.repo,
        number=issue.number,
        why=f"sprint {facts.plan.sprint} is {phase}, and something changed",
        purpose=f"sprint:{facts.plan.sprint}",
        title=issue.title,
        body=body,
    )
    return (edit,)


def _approving(facts: CourseFacts) -> Record | None:
    approval = facts.approval
    if approval is None and facts.goes_on:
        approval = Approved(
            by=facts.login,
            how="sprint.goes_on",
            at=facts.now,
            until=facts.now + timedelta(days=facts.plan.days),
        )
    if approval is None:
        return None
    data = {
        "sprint": facts.plan.sprint,
        "first": [item.number for item in facts.plan.chosen],
        **approval.model_dump(mode="json"),
    }
    return _fact(facts, EventKind.SPRINT_APPROVED, data)


def _end(facts: CourseFacts, standing: Mapping[int, Standing]) -> How | None:
    assert facts.issue is not None
    if not facts.issue.open:
        return "closed"
    if facts.approved is None:
        waits = facts.approval is not None or facts.goes_on
        return "dropped" if not waits and facts.now >= facts.plan.approve_by else None
    if facts.now >= facts.approved.until:
        return "over"
    chosen = facts.plan.chosen
    return "done" if chosen and all(standing[i.number].done for i in chosen) else None


def _ending(facts: CourseFacts, standing: Mapping[int, Standing], how: How) -> Record:
    result = retrospective.figures(
        facts.plan, facts.approved, facts.first, standing, how, facts.now
    )
    kept = {str(number): one.model_dump(mode="json") for number, one in standing.items()}
    data: dict[str, object] = {**result.model_dump(mode="json"), "standing": kept}
    return _fact(facts, EventKind.SPRINT_ENDED, data)


def _after(facts: CourseFacts, standing: Mapping[int, Standing]) -> tuple[Step, ...]:
    """What is left to do for one that ended: the last drawing, the comment, the close."""
    issue, ended = facts.issue, facts.ended
    assert issue is not None and ended is not None
    about = {"repo_id": facts.repo_id, "repo": facts.repo, "number": issue.number}
    name = f"sprint:{facts.plan.sprint}"
    if not facts.retired and (steps := _drawing(facts, "ended", standing)):
        return steps
    if not facts.told:
        body = retrospective.comment(ended, facts.plan, standing)
        why = f"sprint {facts.plan.sprint} ended"
        return (TellIssue.model_validate({**about, "why": why, "purpose": name, "body": body}),)
    if facts.retired or not issue.open:
        return ()
    reason = "completed" if ended.how in ("over", "done") else "not_planned"
    retire = {**about, "why": "it is over", "purpose": name, "reason": reason}
    return (RetireIssue.model_validate(retire),)


def _may_begin(number: int, facts: CourseFacts) -> bool:
    """Once; and again where a person took the tick back in between."""
    task = facts.tasks.get(number)
    if number not in facts.titles:
        return False
    if task is None:
        return True
    return task.cancelled is not None and task.cancelled.reason == UNTICKED


def _unticked(facts: CourseFacts) -> list[Record]:
    """Work of this sprint that a person takes out while it goes on."""
    steps: list[Record] = []
    for item in facts.plan.items:
        task = facts.tasks.get(item.number)
        if item.chosen or not item.by or task is None or item.number not in facts.begun:
            continue
        if task.status.value in _OVER or not _active(task):
            continue
        cancel = event(task, EventKind.CANCELLED, facts.now, reason=UNTICKED, by=item.by)
        steps.append(record(task, cancel))
    return steps


_OVER = ("done", "cancelled")


def _active(task: Task) -> bool:
    merged = task.pull is not None and task.pull.merged_sha
    return task.settled is False and not merged


def recorded(events: Sequence[Event], number: int) -> Plan | None:
    """The newest plan of a sprint in the record."""
    found = [e for e in events if e.data.get("sprint") == number]
    return Plan.model_validate(found[-1].data["plan"]) if found else None
