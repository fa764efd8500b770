"""Our pull request: opened, described, put to review, merged, closed."""

from __future__ import annotations

from datetime import timedelta

from agent_os.domain.effects import AskReview, ClosePull, EditPull, MergePull, OpenPull
from agent_os.domain.errors import Conflict, NotPermitted
from agent_os.domain.events import EventKind
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.client import Json
from agent_os.policy import texts
from agent_os.store.intents import Intent

_SKEW = timedelta(seconds=60)


class PullOpener:
    """GitHub allows one open pull request per head and base."""

    def perform(self, world: World, effect: OpenPull, intent: str) -> Facts:
        body = {
            "title": effect.title,
            "head": effect.branch,
            "base": effect.base,
            "body": effect.body,
        }
        made: Json = world.client.send("POST", f"/repos/{effect.repo}/pulls", body)
        return self._facts(world, effect, made["number"])

    def probe(self, world: World, effect: OpenPull, intent: Intent) -> Resolution:
        for found in readers.pulls_of_branch(world.client, effect.repo, effect.branch):
            ours = found["user"]["login"].lower() == world.client.login.lower()
            made = readers.moment(found["created_at"])
            if (
                ours
                and found["base"]["ref"] == effect.base
                and made >= world.github_time(intent.at) - _SKEW
            ):
                return done(*self._facts(world, effect, found["number"]))
        return ABSENT

    @staticmethod
    def _facts(world: World, effect: OpenPull, number: int) -> Facts:
        body_hash = effect.decided or texts.digest(effect.body)
        data = {"number": number, "head": effect.head, "body_hash": body_hash}
        return [world.fact(effect, EventKind.PULL_OPENED, data)]


class PullEditor:
    def perform(self, world: World, effect: EditPull, intent: str) -> Facts:
        path = f"/repos/{effect.repo}/pulls/{effect.pull}"
        world.client.send("PATCH", path, {"body": effect.body})
        return self._facts(world, effect)

    def probe(self, world: World, effect: EditPull, intent: Intent) -> Resolution:
        seen = readers.pull(world.client, effect.repo, effect.pull)
        return done(*self._facts(world, effect)) if seen.body == effect.body else ABSENT

    @staticmethod
    def _facts(world: World, effect: EditPull) -> Facts:
        data = {"body_hash": effect.decided or texts.digest(effect.body)}
        return [world.fact(effect, EventKind.PULL_EDITED, data)]


class ReviewAsker:
    """GitHub refuses the author's own review: then the requester is who we write as."""

    def perform(self, world: World, effect: AskReview, intent: str) -> Facts:
        refused = ""
        if effect.login.lower() == world.client.login.lower():
            refused = "the requester is the author"
        else:
            path = f"/repos/{effect.repo}/pulls/{effect.pull}/requested_reviewers"
            try:
                world.client.send("POST", path, {"reviewers": [effect.login]})
            except (Conflict, NotPermitted) as error:
                refused = error.message
        data = {"login": effect.login, "refused": refused}
        return [world.fact(effect, EventKind.REVIEW_ASKED, data)]

    def probe(self, world: World, effect: AskReview, intent: Intent) -> Resolution:
        path = f"/repos/{effect.repo}/pulls/{effect.pull}/requested_reviewers"
        asked = [u["login"].lower() for u in world.client.get(path)["users"]]
        if effect.login.lower() in asked:
            return done(
                world.fact(effect, EventKind.REVIEW_ASKED, {"login": effect.login, "refused": ""})
            )
        return ABSENT


class PullMerger:
    """`sha` is the verified commit: GitHub refuses when the branch has moved."""

    def perform(self, world: World, effect: MergePull, intent: str) -> Facts:
        path = f"/repos/{effect.repo}/pulls/{effect.pull}/merge"
        body = {
            "sha": effect.sha,
            "merge_method": effect.method,
            "commit_title": effect.title,
        }
        if effect.method != "rebase":
            # GitHub's default holds the agent's commit messages, closing keywords and all.
            body["commit_message"] = f"For #{effect.number}."
        made: Json = world.client.send("PUT", path, body)
        data = {"sha": made["sha"], "by": world.client.login}
        return [world.fact(effect, EventKind.PULL_MERGED, data)]

    def probe(self, world: World, effect: MergePull, intent: Intent) -> Resolution:
        seen = readers.pull(world.client, effect.repo, effect.pull)
        if not seen.merged:
            return ABSENT
        acts = readers.timeline(world.client, effect.repo, effect.pull)
        sha = next((a.commit for a in acts if a.kind == "merged" and a.commit), seen.head)
        return done(world.fact(effect, EventKind.PULL_MERGED, {"sha": sha, "by": seen.merged_by}))


class PullCloser:
    """One request closes it and says why; the branch stays."""

    def perform(self, world: World, effect: ClosePull, intent: str) -> Facts:
        path = f"/repos/{effect.repo}/pulls/{effect.pull}"
        world.client.send("PATCH", path, {"state": "closed", "body": effect.body})
        return [world.fact(effect, EventKind.PULL_CLOSED, {"by": ""})]

    def probe(self, world: World, effect: ClosePull, intent: Intent) -> Resolution:
        if readers.pull(world.client, effect.repo, effect.pull).open:
            return ABSENT
        return done(world.fact(effect, EventKind.PULL_CLOSED, {"by": ""}))
