"""What is known of a repository's sprints: by our record, and by their issues on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.errors import NotFound
from agent_os.domain.events import Event, EventKind
from agent_os.domain.observed import Act
from agent_os.domain.tasks import Task
from agent_os.effects.filing import signal_mark
from agent_os.effects.world import World
from agent_os.github import editors, readers
from agent_os.github.client import Json
from agent_os.jobs import desk
from agent_os.jobs.scanning import IssueReader
from agent_os.policy import approving
from agent_os.policy.sprints import choices, course
from agent_os.policy.sprints.capacity import Past
from agent_os.policy.sprints.course import CourseFacts, Seen
from agent_os.policy.sprints.plan import Approved, Plan, signal
from agent_os.policy.sprints.retrospective import Figures
from agent_os.store import log, tasks
from agent_os.store.repositories import Repository

_ISSUE_KINDS = (EventKind.ISSUE_TOLD, EventKind.ISSUE_EDITED, EventKind.ISSUE_RETIRED)
_SPRINT_KINDS = (
    *(EventKind.SPRINT_PLANNED, EventKind.SPRINT_APPROVED, EventKind.SPRINT_ENDED),
    EventKind.ISSUE_FILED,
)
_MOST_ISSUES = 1_000


class Recorded(Contract):
    """The newest sprint, by the log."""

    plan: Plan
    approved: Approved | None = None
    first: tuple[int, ...] = ()
    ended: Figures | None = None
    ended_at: datetime | None = None
    issue: int = 0
    told: bool = False
    retired: bool = False
    last_drawn: str = ""
    begun: frozenset[int] = frozenset()

    @property
    def over(self) -> bool:
        """It ended, and all of that is told."""
        assert self.ended is None or self.ended_at is not None
        closed = self.ended is not None and self.ended.how == "closed"
        return self.ended is not None and self.told and (self.retired or closed)


def newest(world: World, row: Repository) -> Recorded | None:
    """None: there was no sprint yet."""
    if desk.newest_at_desk(world, row.repo_id, (EventKind.SPRINT_PLANNED,)) is None:
        return None
    with world.store.read() as tx:
        found = [e for _, e in desk.events(tx, row.repo_id, _SPRINT_KINDS)]
        number = max(int(e.data["sprint"]) for e in found if e.kind is EventKind.SPRINT_PLANNED)
        plan = course.recorded([e for e in found if e.kind is EventKind.SPRINT_PLANNED], number)
        assert plan is not None
        since = plan.planned_at - timedelta(minutes=1)
        asked = log.of_repository(tx, row.repo_id, (EventKind.REQUESTED,), since=since)
        said = log.of_repository(tx, row.repo_id, _ISSUE_KINDS, since=since)
    mine = [e for e in found if e.data.get("sprint") == number]
    approved = next((e for e in mine if e.kind is EventKind.SPRINT_APPROVED), None)
    ended = next((e for e in mine if e.kind is EventKind.SPRINT_ENDED), None)
    made = Recorded(
        plan=plan,
        approved=_approved(approved) if approved else None,
        first=tuple(approved.data["first"]) if approved else (),
        ended=_figures(ended) if ended else None,
        ended_at=ended.at if ended else None,
        begun=_begun((e for _, e in asked), number),
    )
    name = signal(row.repo_id, number)
    return made.model_copy(update=_of_issue(found, [e for _, e in said], name))


def _approved(event: Event) -> Approved:
    return Approved.model_validate({k: event.data[k] for k in Approved.model_fields})


def _figures(event: Event) -> Figures:
    return Figures.model_validate({k: event.data[k] for k in Figures.model_fields})


def _begun(asked: Iterable[Event], sprint: int) -> frozenset[int]:
    """Issues that were last asked for by this sprint."""
    last = {e.number: e.data.get("sprint") for e in asked if e.number is not None}
    return frozenset(number for number, by in last.items() if by == sprint)


def _of_issue(filed: Iterable[Event], said: Iterable[Event], name: str) -> dict[str, object]:
    opened = (e for e in filed if e.kind is EventKind.ISSUE_FILED and e.data["signal"] == name)
    made = next(opened, None)
    if made is None:
        return {}
    number = int(made.data["number"])
    mine = [e for e in said if e.number == number and e.data["purpose"].startswith("sprint:")]
    drawn = [e.data["hash"] for e in mine if e.kind is EventKind.ISSUE_EDITED]
    return {
        "issue": number,
        "told": any(e.kind is EventKind.ISSUE_TOLD for e in mine),
        "retired": any(e.kind is EventKind.ISSUE_RETIRED for e in mine),
        "last_drawn": drawn[-1] if drawn else "",
    }


def past(world: World, row: Repository) -> list[Past]:
    """What earlier sprints say for the next forecast, oldest first."""
    with world.store.read() as tx:
        ended = [e for _, e in desk.events(tx, row.repo_id, (EventKind.SPRINT_ENDED,))]
    return [Past.model_validate(e.data["past"]) for e in ended if e.data.get("past")]


def open_issues(world: World, row: Repository) -> list[Json]:
    """Of the repository, without pull requests; bounded."""
    found: list[Json] = []
    path = f"/repos/{row.name}/issues"
    for page in world.client.pages(path, state="open", sort="updated", direction="desc"):
        found += [issue for issue in page if "pull_request" not in issue]
        if len(found) >= _MOST_ISSUES:
            break
    return found


def filed(world: World, row: Repository) -> dict[int, Event]:
    """Issues that the organization opened, by number."""
    with world.store.read() as tx:
        found = desk.events(tx, row.repo_id, (EventKind.ISSUE_FILED,))
    return {int(e.data["number"]): e for _, e in found}


def all_tasks(world: World, row: Repository) -> dict[int, tuple[int, Task]]:
    """(newest event's number, task) by issue."""
    with world.store.read() as tx:
        return {t.number: (seen, t) for seen, t in tasks.listed(tx, repo_id=row.repo_id)}


def facts(
    world: World, row: Repository, known: Recorded, at_work: Mapping[int, tuple[int, Task]]
) -> CourseFacts:
    """Of the newest sprint, for the next decision."""
    given = CourseFacts(
        repo_id=row.repo_id,
        repo=row.name,
        plan=known.plan,
        approved=known.approved,
        first=known.first,
        ended=known.ended,
        told=known.told,
        retired=known.retired,
        last_drawn=known.last_drawn,
        begun=known.begun,
        titles={issue["number"]: issue["title"] or "" for issue in open_issues(world, row)},
        tasks={number: task for number, (_, task) in at_work.items()},
        goes_on=world.config.improvement.sprint.goes_on,
        login=world.client.login,
        label=world.config.labels.approved,
        mark=signal_mark(signal(row.repo_id, known.plan.sprint)),
        now=world.clock.now(),
    )
    return given.model_copy(update=_seen(world, row, known)) if known.issue else given


def _seen(world: World, row: Repository, known: Recorded) -> dict[str, object]:
    """What people did with its issue. One that is gone counts as closed."""
    number = known.issue
    try:
        issue = readers.issue(world.client, row.name, number)
    except NotFound:
        readers.repository(world.client, row.name)
        gone = Seen(number=number, title="", body="", open=False)
        # Nothing can be told there any more: else its sprint would never be over.
        return {"issue": gone, "retired": True, "told": True}
    reader = IssueReader(world, row)
    edits = readers.edits(world.client, row.name, number, newest_only=True)
    may = {login: reader.may(login) for login in sorted({who for _, who, _ in edits.versions})}
    update: dict[str, object] = {
        "issue": Seen(number=number, title=issue.title, body=issue.body, open=issue.open),
        "choices": tuple(choices.choices(edits, may)),
        "edited": choices.edited_since_drawn(edits),
    }
    if known.approved is None and known.ended is None:
        update["approval"] = _approval(world, row, known, reader, issue.labels)
    return update


def _approval(
    world: World,
    row: Repository,
    known: Recorded,
    reader: IssueReader,
    labels: tuple[str, ...],
) -> Approved | None:
    """The first word of approval by a person with permission that stands."""
    wanted = world.config.labels.approved.lower()
    acts = readers.timeline(world.client, row.name, known.issue)
    labelled = [a for a in acts if a.kind == "labeled" and a.label.lower() == wanted]
    if wanted not in {label.lower() for label in labels}:
        labelled = []
    said = [a for a in acts if a.kind == "commented" and approving.commands(a.text)]
    changed = editors.editors(world.client, [a.node for a in said if a.node]) if said else {}
    # Of labels the newest: it is that one which is there.
    words = [(a, f"the label `{a.label}`") for a in labelled[-1:] if reader.may(a.actor)]
    words += [(a, "a comment") for a in said if reader.hears(a.actor, changed.get(a.node, ""))]
    people = [(act, how) for act, how in words if not act.actor.endswith("[bot]")]
    if not people:
        return None
    act, how = min(people, key=lambda word: (word[0].at, word[0].id))
    return _by(act, how, known.plan)


def _by(act: Act, how: str, plan: Plan) -> Approved:
    until = act.at + timedelta(days=plan.days)
    return Approved(by=act.actor, how=how, at=act.at, event=act.id, until=until)
