"""The chosen issues of an approved sprint become tasks: asked for by who approved it."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.effects import Record
from agent_os.domain.errors import IncompleteList, NotFound
from agent_os.domain.events import Event, EventKind
from agent_os.domain.observed import Edits
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.github import editors, readers
from agent_os.jobs.scanning import IssueReader
from agent_os.policy import commands, trust
from agent_os.policy.commands import IssueFacts
from agent_os.policy.sprints.plan import Approved, Plan
from agent_os.store.repositories import Repository


def request(
    world: World, row: Repository, plan: Plan, approved: Approved, number: int, signal: str
) -> Record | None:
    """None: the issue is gone or closed by now. Its text counts as it stood at the approval, with
    later changes by people with permission."""
    try:
        facts = _facts(world, row, number)
    except NotFound:
        return None
    if not facts.issue.open:
        return None
    item = next(item for item in plan.items if item.number == number)
    # Who ticked it themselves asked for it.
    actor = item.by or approved.by
    at: datetime = max(item.at, approved.at) if item.at else approved.at
    data = commands.request_data(facts, actor, approved.event, at) | {"sprint": plan.sprint}
    if signal:
        data["signal"] = signal
    if item.by or approved.event:
        data["approved_by"] = actor
    elif not signal:
        data["own"] = True
    asked = Event(
        kind=EventKind.REQUESTED,
        at=facts.now,
        repo_id=row.repo_id,
        number=number,
        data=data,
    )
    return Record(key=TaskKey(row.repo_id, number), events=(asked,))


def _facts(world: World, row: Repository, number: int) -> IssueFacts:
    issue = readers.issue(world.client, row.name, number)
    reader = IssueReader(world, row)
    acts = readers.timeline(world.client, row.name, number)
    asked = [a.node for a in acts if a.kind == "commented" and a.node]
    asked = asked if any(trust.MARKER not in a.text for a in acts if a.node in asked) else []
    changed = editors.editors(world.client, asked) if asked else {}
    acts = [a.model_copy(update={"editor": changed.get(a.node, "")}) for a in acts]
    edits = _edits(world, row, number, trusted=reader.may(issue.author))
    people = {a.actor for a in acts} | {a.editor for a in acts}
    people |= {editor for _, editor, _ in edits.versions}
    return IssueFacts(
        repo_id=row.repo_id,
        repo=row.name,
        issue=issue,
        acts=tuple(acts),
        fresh=(),
        echoes=(),
        may={login: reader.may(login) for login in sorted(people - {""})},
        edits=edits,
        labels=world.config.labels,
        login=world.client.login,
        now=world.clock.now(),
    )


def _edits(world: World, row: Repository, number: int, *, trusted: bool) -> Edits:
    try:
        return readers.edits(world.client, row.name, number)
    except IncompleteList:
        if trusted and not world.config.people.deny:
            return Edits()  # as long a history is that of a list that its owner keeps
        raise
