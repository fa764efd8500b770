"""Closing the issue: part of the merge step, and verified."""

from __future__ import annotations

from agent_os.domain.effects import CloseIssue
from agent_os.domain.errors import NotFound
from agent_os.domain.events import EventKind
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.store.intents import Intent


class IssueCloser:
    def perform(self, world: World, effect: CloseIssue, intent: str) -> Facts:
        path = f"/repos/{effect.repo}/issues/{effect.number}"
        try:
            if not readers.issue(world.client, effect.repo, effect.number).open:
                return [world.fact(effect, EventKind.ISSUE_CLOSED, {"by": "GitHub"})]
            body = {"state": "closed", "state_reason": "completed"}
            world.client.send("PATCH", path, body)
        except NotFound:
            readers.repository(world.client, effect.repo)
            # The repository is there: the issue was deleted or transferred, hence not open here.
        return [world.fact(effect, EventKind.ISSUE_CLOSED, {"by": ""})]

    def probe(self, world: World, effect: CloseIssue, intent: Intent) -> Resolution:
        if readers.issue(world.client, effect.repo, effect.number).open:
            return ABSENT
        return done(world.fact(effect, EventKind.ISSUE_CLOSED, {"by": ""}))
