"""Issues of ours that are tasks from the beginning: nobody has to label them."""

from __future__ import annotations

from agent_os.domain.effects import CreateIssue, FileIssue
from agent_os.domain.events import Event, EventKind
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.client import Json
from agent_os.policy import specs


def asked_for(
    world: World, effect: CreateIssue | FileIssue, made: Json, actor: str, **more: object
) -> Event:
    """The request for an issue that was just made, as `actor`'s; `more` of what it says."""
    at = readers.moment(made["created_at"])
    spec = specs.parse(made["title"] or "", made["body"] or "", at)
    typed = spec.model_copy(update={"type": effect.type, "labelled": True})
    return Event(
        kind=EventKind.REQUESTED,
        at=world.clock.now(),
        repo_id=effect.repo_id,
        number=made["number"],
        data={
            "repo": effect.repo,
            "author": readers.login(made["user"]),
            "node": made.get("node_id") or "",
            **more,
            "request": {"event_id": 0, "actor": actor, "at": at.isoformat()},
            "spec": typed.model_dump(mode="json"),
        },
    )
