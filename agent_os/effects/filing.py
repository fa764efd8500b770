"""Issues that the organization opens for itself, and what it says on issues: tasks or not."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from agent_os.domain.effects import EditIssue, FileIssue, LabelIssue, RetireIssue, TellIssue
from agent_os.domain.errors import BadInput, NotFound
from agent_os.domain.events import EventKind
from agent_os.effects.asked import asked_for
from agent_os.effects.comments import post, posted
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.signals import find_issue, signal_mark
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.github.client import Json
from agent_os.policy import filing, texts
from agent_os.store import intents, log, signals
from agent_os.store.intents import Intent


class IssueFiler:
    """One issue for each signal, ever: by the ledger, else by its mark on GitHub."""

    def perform(self, world: World, effect: FileIssue, intent: str) -> Facts:
        number = filed_as(world, effect.signal)
        if number is not None:
            made: Json = world.client.get(f"/repos/{effect.repo}/issues/{number}")
            return _filed(world, effect, made)
        if late := _find(world, effect, intent):
            return _filed(world, effect, late)
        _check_cap(world, effect)
        body = texts.marked(f"{effect.body}\n\n{signal_mark(effect.signal)}", intent)
        sent = {"title": effect.title, "body": body, "labels": list(effect.labels)}
        made = world.client.send("POST", f"/repos/{effect.repo}/issues", sent)
        return _filed(world, effect, made)

    def probe(self, world: World, effect: FileIssue, intent: Intent) -> Resolution:
        found = _find(world, effect, "")
        return done(*_filed(world, effect, found)) if found else ABSENT


def _check_cap(world: World, effect: FileIssue) -> None:
    """Two jobs may have counted at the same time; of a repository one issue is filed at a time.
    BadInput when it has its number."""
    cap = world.config.improvement.issues_per_week
    with world.store.read() as tx:
        filed = log.of_repository(tx, effect.repo_id, (EventKind.ISSUE_FILED,))
    done = filing.filed_in_week((event for _, event in filed), world.clock.now())
    if effect.by in filing.CAPPED and done >= cap:
        raise BadInput(f"{cap} issues a week (`improvement.issues_per_week`) are filed by now.")


def _find(world: World, effect: FileIssue, besides: str) -> Json | None:
    """Its issue on GitHub, of several the first: a request whose answer was lost may have come
    late. Without another intent than `besides` for it there can be none."""
    with world.store.read() as tx:
        tried = intents.of_task(tx, effect.key, (FileIssue.kind,))
    times = [
        i.at
        for i in tried
        if i.id != besides and isinstance(i.effect, FileIssue) and i.effect.signal == effect.signal
    ]
    if not times:
        return None
    return find_issue(world, effect.repo, effect.signal, min(times))


def filed_as(world: World, signal: str) -> int | None:
    """The number of the signal's issue, by the ledger."""
    with world.store.read() as tx:
        raised = signals.raised(tx, signal)
    return int(raised["number"]) if raised and "number" in raised else None


def _filed(world: World, effect: FileIssue, made: Json) -> Facts:
    number: int = made["number"]
    with world.store.write() as tx:
        signals.raise_once(world.store, tx, effect.signal, {"number": number})
    data = {
        "signal": effect.signal,
        "by": effect.by,
        "number": number,
        "title": effect.title,
        "started": effect.start,
        **effect.facts,
    }
    filed = world.fact(effect, EventKind.ISSUE_FILED, data)
    if not effect.start:
        return [filed]
    # It is a task by the owner's word in the config. What a person's list asks for is no work
    # that we gave ourselves.
    told = {"signal": effect.signal, "own": effect.by != "requirements"}
    return [filed, asked_for(world, effect, made, world.client.login, **told)]


class IssueTeller:
    """At least once, then converged: of two with our mark the first one counts. On an issue that
    is gone there is nobody to tell: it counts as told."""

    def perform(self, world: World, effect: TellIssue, intent: str) -> Facts:
        try:
            made = post(world, effect, intent)
        except NotFound:
            readers.repository(world.client, effect.repo)  # raises when that is what is gone
            made = {"id": 0}
        return self._facts(world, effect, made)

    def probe(self, world: World, effect: TellIssue, intent: Intent) -> Resolution:
        made = posted(world, effect, intent)
        return done(*self._facts(world, effect, made)) if made else ABSENT

    @staticmethod
    def _facts(world: World, effect: TellIssue, made: Json) -> Facts:
        hash_ = effect.decided or texts.digest(effect.body)
        said = {"purpose": effect.purpose, "comment": made["id"], "hash": hash_}
        data = {**said, **effect.facts}
        return [world.fact(effect, EventKind.ISSUE_TOLD, data)]


class IssueEditor:
    """Idempotent: the same text again changes nothing."""

    def perform(self, world: World, effect: EditIssue, intent: str) -> Facts:
        sent = {"title": effect.title, "body": texts.marked(effect.body, intent)}
        world.client.send("PATCH", f"/repos/{effect.repo}/issues/{effect.number}", sent)
        return self._facts(world, effect)

    def probe(self, world: World, effect: EditIssue, intent: Intent) -> Resolution:
        seen = readers.issue(world.client, effect.repo, effect.number)
        same = seen.body == texts.marked(effect.body, intent.id)
        return done(*self._facts(world, effect)) if same else ABSENT

    @staticmethod
    def _facts(world: World, effect: EditIssue) -> Facts:
        hash_ = effect.decided or texts.digest(effect.title, effect.body)
        data = {"purpose": effect.purpose, "hash": hash_, **effect.facts}
        return [world.fact(effect, EventKind.ISSUE_EDITED, data)]


class IssueLabeller:
    """Added and taken off one by one: labels that a person sets meanwhile stay."""

    def perform(self, world: World, effect: LabelIssue, intent: str) -> Facts:
        path = f"/repos/{effect.repo}/issues/{effect.number}/labels"
        if effect.add:
            world.client.send("POST", path, {"labels": list(effect.add)})
        for name in effect.remove:
            with suppress(NotFound):
                world.client.send("DELETE", f"{path}/{quote(name, safe='')}")
        return self._facts(world, effect)

    def probe(self, world: World, effect: LabelIssue, intent: Intent) -> Resolution:
        seen = readers.issue(world.client, effect.repo, effect.number)
        there = {name.lower() for name in seen.labels}
        added = all(name.lower() in there for name in effect.add)
        gone = all(name.lower() not in there for name in effect.remove)
        return done(*self._facts(world, effect)) if added and gone else ABSENT

    @staticmethod
    def _facts(world: World, effect: LabelIssue) -> Facts:
        data = {"purpose": effect.purpose, "add": list(effect.add), "remove": list(effect.remove)}
        return [world.fact(effect, EventKind.ISSUE_LABELLED, data)]


class IssueRetirer:
    def perform(self, world: World, effect: RetireIssue, intent: str) -> Facts:
        sent = {"state": "closed", "state_reason": effect.reason}
        try:
            if readers.issue(world.client, effect.repo, effect.number).open:
                path = f"/repos/{effect.repo}/issues/{effect.number}"
                world.client.send("PATCH", path, sent)
        except NotFound:
            readers.repository(world.client, effect.repo)
            # The repository is there: the issue was deleted or transferred, hence not open here.
        return self._facts(world, effect)

    def probe(self, world: World, effect: RetireIssue, intent: Intent) -> Resolution:
        if readers.issue(world.client, effect.repo, effect.number).open:
            return ABSENT
        return done(*self._facts(world, effect))

    @staticmethod
    def _facts(world: World, effect: RetireIssue) -> Facts:
        data = {"purpose": effect.purpose, "reason": effect.reason}
        return [world.fact(effect, EventKind.ISSUE_RETIRED, data)]
