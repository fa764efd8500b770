"""Our comments on an issue. Each carries the id of the intent that made it."""

from __future__ import annotations

from agent_os.domain.effects import EditComment, TellIssue, WriteComment
from agent_os.domain.errors import NotFound
from agent_os.domain.events import EventKind
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.client import Json
from agent_os.policy import texts
from agent_os.policy.trust import MARKER
from agent_os.store.intents import Intent


def post(world: World, effect: WriteComment | TellIssue, intent: str) -> Json:
    path = f"/repos/{effect.repo}/issues/{effect.number}/comments"
    return world.client.send("POST", path, {"body": texts.marked(effect.body, intent)})


def posted(world: World, effect: WriteComment | TellIssue, intent: Intent) -> Json | None:
    """The comment that the intent made; the first of two, None when there is none."""
    mark = f"{MARKER} effect={intent.id} -->"
    found = [
        c
        for c in readers.comments(world.client, effect.repo, effect.number)
        if mark in c["body"] and c["user"]["login"].lower() == world.client.login.lower()
    ]
    return min(found, key=lambda c: c["id"]) if found else None


class CommentWriter:
    """At least once, then converged: of two with our mark the first one counts."""

    def perform(self, world: World, effect: WriteComment, intent: str) -> Facts:
        return self._facts(world, effect, post(world, effect, intent))

    def probe(self, world: World, effect: WriteComment, intent: Intent) -> Resolution:
        made = posted(world, effect, intent)
        return done(*self._facts(world, effect, made)) if made else ABSENT

    @staticmethod
    def _facts(world: World, effect: WriteComment, made: Json) -> Facts:
        comment = made["id"]
        if effect.purpose == "notice":
            return [world.fact(effect, EventKind.TOLD, {"state": effect.state, "comment": comment})]
        if effect.purpose == "request":
            data = {"asked": effect.state, "done": f"comment {comment}"}
            return [world.fact(effect, EventKind.REQUEST_ENDED, data)]
        if effect.purpose == "answer":
            data = {"comment": comment, "at": made["created_at"]}
            return [world.fact(effect, EventKind.ANSWERED, data)]
        data = {"id": comment, "hash": effect.decided or texts.digest(effect.body)}
        return [world.fact(effect, EventKind.COMMENT_WRITTEN, data)]


class CommentEditor:
    """Idempotent. A comment that a person deleted stays deleted."""

    def perform(self, world: World, effect: EditComment, intent: str) -> Facts:
        path = f"/repos/{effect.repo}/issues/comments/{effect.comment}"
        try:
            world.client.send("PATCH", path, {"body": texts.marked(effect.body, intent)})
        except NotFound:
            readers.repository(world.client, effect.repo)
            return [world.fact(effect, EventKind.COMMENT_GONE)]
        return self._facts(world, effect)

    def probe(self, world: World, effect: EditComment, intent: Intent) -> Resolution:
        path = f"/repos/{effect.repo}/issues/comments/{effect.comment}"
        try:
            body = world.client.get(path)["body"]
        except NotFound:
            readers.repository(world.client, effect.repo)
            return done(world.fact(effect, EventKind.COMMENT_GONE))
        if body == texts.marked(effect.body, intent.id):
            return done(*self._facts(world, effect))
        return ABSENT

    @staticmethod
    def _facts(world: World, effect: EditComment) -> Facts:
        data = {"id": effect.comment, "hash": effect.decided or texts.digest(effect.body)}
        return [world.fact(effect, EventKind.COMMENT_WRITTEN, data)]
