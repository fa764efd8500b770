"""What is known of the issues of earlier plans: by the log, and as they stand on GitHub."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from agent_os.domain.errors import NotFound
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.jobs import desk
from agent_os.policy.requirements import bodies
from agent_os.policy.requirements.foundation import SETUP, SetUp
from agent_os.policy.requirements.items import Planned
from agent_os.policy.requirements.matching import Stored
from agent_os.policy.requirements.rows import Known
from agent_os.store import tasks
from agent_os.store.repositories import Repository

_KEPT = (EventKind.ISSUE_FILED, EventKind.ISSUE_EDITED, EventKind.ISSUE_TOLD)


def stored(world: World, row: Repository) -> dict[str, list[Stored]]:
    """By the list's name, its items as they were filed, edited or told last."""
    found: dict[str, list[Stored]] = defaultdict(list)
    for name in {event.data["plan"]["list"] for event in _events(world, row) if _filed(event)}:
        every = known(world, row, name)
        found[name] = [
            Stored(item=one.item, done=one.done, thought=one.thought) for one in every.values()
        ]
    return dict(found)


def known(world: World, row: Repository, name: str) -> dict[str, Known]:
    """By key, the issues of one list."""
    events = _events(world, row)
    numbers = {
        int(event.data["number"]): event.data["plan"]
        for event in events
        if _filed(event) and event.data["plan"]["list"] == name
    }
    found: dict[str, Known] = {}
    for number in numbers:
        about = [event for event in events if _number(event) == number]
        one = _known(world, row, number, about)
        found[one.item.key] = one
    return found


def set_up(world: World, row: Repository, setup: SetUp | None) -> SetUp | None:
    """With what became of it already."""
    if setup is None:
        return None
    kinds = (EventKind.PROPOSAL_PUSHED, EventKind.PROPOSAL_OPENED)
    with world.store.read() as tx:
        found = [event for _, event in desk.events(tx, row.repo_id, kinds)]
    mine = [
        event
        for event in found
        if event.data["purpose"] == SETUP and event.data["branch"] == setup.branch
    ]
    pulls = [int(e.data["number"]) for e in mine if e.kind is EventKind.PROPOSAL_OPENED]
    return setup.model_copy(update={"pushed": bool(mine), "pull": pulls[-1] if pulls else 0})


def _events(world: World, row: Repository) -> list[Event]:
    """Those that say something of a plan's issues, oldest first."""
    with world.store.read() as tx:
        found = desk.events(tx, row.repo_id, _KEPT)
    return [event for _, event in found if "plan" in event.data or not _filed_kind(event)]


def _filed_kind(event: Event) -> bool:
    return event.kind is EventKind.ISSUE_FILED


def _filed(event: Event) -> bool:
    return _filed_kind(event) and "plan" in event.data


def _number(event: Event) -> int:
    """Whose issue it is about: an issue is filed at the repository's own desk."""
    return int(event.data["number"]) if _filed_kind(event) else event.number or 0


def _known(world: World, row: Repository, number: int, about: Sequence[Event]) -> Known:
    plans = [event.data["plan"] for event in about if "plan" in event.data]
    shown = [e.data["plan"]["shown"] for e in about if "plan" in e.data and _drawn(e)]
    try:
        issue = readers.raw_issue(world.client, row.name, number)
    except NotFound:
        readers.repository(world.client, row.name)
        issue = {"state": "closed", "state_reason": "not_planned", "title": "", "body": ""}
    with world.store.read() as tx:
        task = tasks.get(tx, TaskKey(row.repo_id, number))
    busy = task is not None and task.claimed_at is not None
    return Known(
        number=number,
        item=Planned.model_validate(plans[-1]["item"]),
        thought=bool(plans[-1].get("thought")),
        open=issue["state"] == "open",
        done=issue["state"] == "closed" and issue.get("state_reason") != "not_planned",
        at_work=bool(task and busy and not task.finished_at and not task.cancelled),
        untouched=bodies.digest(issue["title"] or "", issue["body"] or "") == shown[-1],
        told=frozenset(str(e.data["purpose"]) for e in about if e.kind is EventKind.ISSUE_TOLD),
    )


def _drawn(event: Event) -> bool:
    """Whether the issue's text was written by it."""
    return event.kind is not EventKind.ISSUE_TOLD
