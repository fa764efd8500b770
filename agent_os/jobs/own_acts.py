"""Deliveries of GitHub about what we just did ourselves: there is nothing to look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agent_os.domain.effects import (
    AskReview,
    ClosePull,
    DeleteBranch,
    EditPull,
    Effect,
    MergePull,
    OpenPull,
    PushBranch,
    TakeApproval,
)
from agent_os.effects.world import World
from agent_os.policy import echoes
from agent_os.policy.trust import MARKER
from agent_os.store import intents

#: A delivery comes within seconds. A person's act that is taken for ours is found by the next poll.
_RECENT = timedelta(seconds=30)
_ON_PULLS: dict[str, tuple[type[Effect], ...]] = {
    "opened": (OpenPull,),
    "edited": (EditPull, ClosePull),
    "synchronize": (PushBranch,),
    "review_requested": (AskReview,),
    "unlabeled": (TakeApproval,),
    "closed": (MergePull, ClosePull, DeleteBranch),
}
_PUSHES = (PushBranch, DeleteBranch, MergePull)


def is_own_act(world: World, event: str, payload: dict[str, Any]) -> bool:
    """Whether an effect of ours accounts for the delivery. The token may be the owner's, so the
    sender alone does not decide. KeyError, TypeError or AttributeError for another shape."""
    if payload["sender"]["login"].lower() != world.client.login.lower():
        return False
    action = str(payload.get("action", ""))
    if event == "issue_comment":
        return MARKER in str(payload["comment"]["body"])
    with world.store.read() as tx:
        since = world.store.now(tx) - _RECENT
        made = [i.effect for i in intents.recent(tx, payload["repository"]["id"], since)]
    if event == "issues":
        number, label = payload["issue"]["number"], (payload.get("label") or {}).get("name", "")
        trace = f"{action}:{label.lower()}" if label else action
        return any(e.number == number and trace in echoes.traces(e) for e in made)
    if event == "pull_request":
        return any(isinstance(e, _ON_PULLS.get(action, ())) for e in made)
    return event == "push" and any(isinstance(e, _PUSHES) for e in made)
