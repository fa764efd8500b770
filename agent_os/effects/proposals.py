"""Pull requests that no task made: a revert, or a repository's CODEBASE.md."""

from __future__ import annotations

from datetime import timedelta

from agent_os.domain.effects import OpenProposal, PushProposal
from agent_os.domain.events import EventKind
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.client import Json
from agent_os.store.intents import Intent
from agent_os.workspace.mirror import Update

_SKEW = timedelta(seconds=60)


class ProposalPusher:
    """A new branch: one that is there already is somebody's, and is left alone."""

    def perform(self, world: World, effect: PushProposal, intent: str) -> Facts:
        ref = f"refs/heads/{effect.branch}"
        world.ownership(effect.repo_id).push(Update(ref, effect.sha, ""))
        return self._facts(world, effect)

    def probe(self, world: World, effect: PushProposal, intent: Intent) -> Resolution:
        url = world.repository(effect.repo_id).clone_url
        mirror = world.mirror(effect.repo_id)
        there = mirror.ls_remote(url, world.token, f"refs/heads/{effect.branch}")
        return done(*self._facts(world, effect)) if there == effect.sha else ABSENT

    @staticmethod
    def _facts(world: World, effect: PushProposal) -> Facts:
        data = {"purpose": effect.purpose, "branch": effect.branch, "sha": effect.sha}
        return [world.fact(effect, EventKind.PROPOSAL_PUSHED, data)]


class ProposalOpener:
    """GitHub allows one open pull request per head and base."""

    def perform(self, world: World, effect: OpenProposal, intent: str) -> Facts:
        sent = {
            "title": effect.title,
            "head": effect.branch,
            "base": effect.base,
            "body": effect.body,
        }
        made: Json = world.client.send("POST", f"/repos/{effect.repo}/pulls", sent)
        return self._facts(world, effect, made["number"])

    def probe(self, world: World, effect: OpenProposal, intent: Intent) -> Resolution:
        since = world.github_time(intent.at) - _SKEW
        for found in readers.pulls_of_branch(world.client, effect.repo, effect.branch):
            ours = found["user"]["login"].lower() == world.client.login.lower()
            if ours and readers.moment(found["created_at"]) >= since:
                return done(*self._facts(world, effect, found["number"]))
        return ABSENT

    @staticmethod
    def _facts(world: World, effect: OpenProposal, number: int) -> Facts:
        data = {
            "purpose": effect.purpose,
            "number": number,
            "branch": effect.branch,
            "head": effect.head,
        }
        return [world.fact(effect, EventKind.PROPOSAL_OPENED, data)]
