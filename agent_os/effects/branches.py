"""Our branches: created, advanced and deleted with a lease, never forced."""

from __future__ import annotations

from agent_os.domain.effects import DeleteBranch, Effect, PushBranch
from agent_os.domain.errors import Conflict
from agent_os.domain.events import EventKind
from agent_os.effects.performer import ABSENT, UNKNOWN, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.store.intents import Intent
from agent_os.workspace.mirror import Update


def _remote(world: World, effect: Effect, branch: str) -> str | None:
    url = world.repository(effect.repo_id).clone_url
    mirror = world.mirror(effect.repo_id)
    return mirror.ls_remote(url, world.token, f"refs/heads/{branch}")


class BranchPusher:
    def perform(self, world: World, effect: PushBranch, intent: str) -> Facts:
        ref = f"refs/heads/{effect.branch}"
        world.ownership(effect.repo_id).push(Update(ref, effect.sha, effect.expected))
        return self._facts(world, effect)

    def probe(self, world: World, effect: PushBranch, intent: Intent) -> Resolution:
        there = _remote(world, effect, effect.branch)
        if there == effect.sha:
            return done(*self._facts(world, effect))
        if there is None or there == effect.expected:
            return ABSENT
        mirror = world.mirror(effect.repo_id)
        mirror.fetch(world.repository(effect.repo_id).clone_url, world.token)
        if mirror.has(there) and mirror.is_ancestor(effect.sha, there):
            return done(*self._facts(world, effect))  # and someone went on from it
        return ABSENT if mirror.has(there) else UNKNOWN

    @staticmethod
    def _facts(world: World, effect: PushBranch) -> Facts:
        at = world.client.governor.github_now().isoformat()
        data = {"sha": effect.sha, "github_at": at}
        return [world.fact(effect, EventKind.BRANCH_PUSHED, data)]


class BranchDeleter:
    """After the merge. A branch that moved since, or is gone already, is left alone."""

    def perform(self, world: World, effect: DeleteBranch, intent: str) -> Facts:
        ref = f"refs/heads/{effect.branch}"
        left = ""
        try:
            world.ownership(effect.repo_id).push(Update(ref, "", effect.expected))
        except Conflict:
            left = _remote(world, effect, effect.branch) or ""
        return [world.fact(effect, EventKind.BRANCH_DELETED, {"left_at": left})]

    def probe(self, world: World, effect: DeleteBranch, intent: Intent) -> Resolution:
        if _remote(world, effect, effect.branch) is None:
            return done(world.fact(effect, EventKind.BRANCH_DELETED, {"left_at": ""}))
        return ABSENT
