"""New issues of ours: one for each signal, ever."""

from __future__ import annotations

from agent_os.domain.effects import CreateIssue
from agent_os.domain.events import EventKind
from agent_os.effects.asked import asked_for
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.signals import find_issue
from agent_os.effects.world import World
from agent_os.github.client import Json
from agent_os.policy import texts
from agent_os.store import signals
from agent_os.store.intents import Intent


class IssueCreator:
    """Looks for the signal before it writes: an answer that was lost may come late."""

    def perform(self, world: World, effect: CreateIssue, intent: str) -> Facts:
        made = _known(world, effect) or _find(world, effect)
        if made is None:
            body = texts.marked(effect.body, intent)
            path = f"/repos/{effect.repo}/issues"
            made = world.client.send("POST", path, {"title": effect.title, "body": body})
        return _facts(world, effect, made)

    def probe(self, world: World, effect: CreateIssue, intent: Intent) -> Resolution:
        made = _known(world, effect) or _find(world, effect)
        return done(*_facts(world, effect, made)) if made else ABSENT


def _known(world: World, effect: CreateIssue) -> Json | None:
    """By the ledger."""
    with world.store.read() as tx:
        raised = signals.raised(tx, effect.signal)
    if raised is None:
        return None
    return world.client.get(f"/repos/{effect.repo}/issues/{raised['number']}")


def _find(world: World, effect: CreateIssue) -> Json | None:
    """On GitHub: of several with this signal, by us, the first."""
    task = world.task(effect.key)
    return find_issue(world, effect.repo, effect.signal, task.claimed_at or task.request.at)


def _facts(world: World, effect: CreateIssue, made: Json) -> Facts:
    """The epic has a part more, and the part is a task: asked for by who asked for the epic. What
    an agent proposed is none."""
    number: int = made["number"]
    with world.store.write() as tx:
        signals.raise_once(world.store, tx, effect.signal, {"number": number})
    if effect.asked:
        done = {"asked": effect.asked, "done": f"#{number}"}
        return [world.fact(effect, EventKind.REQUEST_ENDED, done)]
    data = {"place": effect.place, "number": number, "title": made["title"] or ""}
    opened = world.fact(effect, EventKind.CHILD_OPENED, data)
    parent = world.task(effect.key)
    told = {"parent": effect.number, "own": parent.own}
    return [opened, asked_for(world, effect, made, parent.request.actor, **told)]
