"""Making the next sprint's plan: the backlog, the objectives and the capacity as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.events import Event
from agent_os.domain.tasks import Task
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.client import Json
from agent_os.jobs import measuring, objectives, sprint_reading, thinking
from agent_os.jobs.scanning import IssueReader
from agent_os.policy.neutral import neutral
from agent_os.policy.sprints import capacity, selection
from agent_os.policy.sprints.plan import Plan, planned
from agent_os.policy.sprints.selection import Candidate
from agent_os.policy.thinking import fenced
from agent_os.store.repositories import Repository

#: Of the record, for estimates.
_RECORD = timedelta(days=26 * 7)
_LONGEST_BODY = 20_000
#: Issues whose author's permission is asked for.
_MOST_AUTHORS = 100
#: What we open that is no work: it is never chosen.
_NO_WORK = ("planner", "report")


class WordedItem(Contract):
    number: int
    reason: str = Field(max_length=300)
    """Why it is in, in one sentence."""


class Wording(Contract):
    """What a model makes of a plan that is decided: words only."""

    goal: str = Field(max_length=300)
    """What the sprint is to reach, in one sentence."""
    reasons: tuple[WordedItem, ...] = Field(default=(), max_length=40)


def plan(world: World, row: Repository, number: int, *, preview: bool) -> Plan | str:
    """The plan of sprint `number`, or why nothing of the backlog can be chosen."""
    tasks = {n: task for n, (_, task) in sprint_reading.all_tasks(world, row).items()}
    candidates = _candidates(world, row, tasks)
    if all(one.refused for one in candidates):
        return _nothing({one.number: one.refused for one in candidates})
    now, settings = world.clock.now(), world.config.improvement.sprint
    rows = measuring.rows(world, row.repo_id, now - _RECORD)
    found = objectives.measured(world, row, rows)
    known = capacity.estimates(rows)
    past = sprint_reading.past(world, row)
    room = capacity.capacity(rows, known, past, settings.days, now)
    at_work = {n: task.status.value for n, task in tasks.items() if task.active or task.hold}
    chosen = selection.select(candidates, found.aims, known, room, at_work, now)
    approval = timedelta(hours=settings.approval_hours)
    made = planned(number, settings.days, chosen, room, found.aims, now, approval)
    if not made.chosen:
        return _nothing({item.number: item.why for item in made.items})
    made = made.model_copy(update={"problem": found.problem})
    return made if preview else _worded(world, row, made)


def _nothing(out: Mapping[int, str]) -> str:
    """Without figures that change by the hour: it is recorded when it changes."""
    first = "".join(f"; of #{number}: {why}" for number, why in sorted(out.items())[:3])
    return f"none of {len(out)} open issues that are no tasks can be chosen{first}"


def _candidates(world: World, row: Repository, tasks: Mapping[int, Task]) -> list[Candidate]:
    filed = sprint_reading.filed(world, row)
    reader, authors = IssueReader(world, row), dict[str, bool]()
    found: list[Candidate] = []
    for issue in sprint_reading.open_issues(world, row):
        number = int(issue["number"])
        if number in tasks or (number in filed and filed[number].data["by"] in _NO_WORK):
            continue
        author = readers.login(issue["user"])
        if author not in authors and len(authors) < _MOST_AUTHORS:
            authors[author] = reader.may(author)
        found.append(_candidate(world, issue, author, filed, stranger=not authors.get(author)))
    return found


def _candidate(
    world: World, issue: Json, author: str, filed: Mapping[int, Event], *, stranger: bool
) -> Candidate:
    labels = tuple(label["name"] for label in issue["labels"])
    stranger = stranger and int(issue["number"]) not in filed
    return Candidate(
        number=issue["number"],
        title=issue["title"] or "(no title)",
        body=(issue["body"] or "")[:_LONGEST_BODY],
        labels=labels,
        author=author,
        stranger=stranger,
        created_at=readers.moment(issue["created_at"]),
        refused=_refused(world, labels, stranger=stranger),
    )


def _refused(world: World, labels: tuple[str, ...], *, stranger: bool) -> str:
    rules = world.config.labels
    there = {label.lower() for label in labels}
    if excluded := [name for name in rules.exclude if name.lower() in there]:
        return f"it is labelled `{excluded[0]}`"
    if rules.blocked.lower() in there:
        return f"it is labelled `{rules.blocked}`"
    if rules.ready.lower() in there:
        return f"it is labelled `{rules.ready}`: a request of its own"
    if stranger and world.config.improvement.sprint.goes_on:
        return "its author has no write permission, and nobody approves this sprint"
    return ""


def _worded(world: World, row: Repository, made: Plan) -> Plan:
    """The same plan, told better where a model is there to do so."""
    task = (
        "A sprint of a software repository is planned, and nothing of that may change. Say in one "
        "sentence what it is to reach, and for each chosen issue in one sentence why it is in. "
        "Use only what stands below; make up no figures."
    )
    lines = [f"#{item.number} {item.title}: {item.why}" for item in made.chosen]
    aims = [aim.words for aim in made.aims]
    outside = {"chosen issues": "\n".join(lines), "objectives": "\n".join(aims) or "(none)"}
    purpose = f"sprint {made.sprint}"
    said = thinking.think(world, row.name, "planner", purpose, fenced(task, outside), Wording)
    if said is None:
        return made
    reasons = {one.number: " ".join(neutral(one.reason).split()) for one in said.reasons}
    items = tuple(
        item.model_copy(update={"why": f"{reasons[item.number]} ({item.why})"})
        if item.chosen and reasons.get(item.number)
        else item
        for item in made.items
    )
    goal = " ".join(said.goal.split()) or made.goal
    return made.model_copy(update={"items": items, "goal": goal})
