"""Labels on an issue: the only place that writes them."""

from __future__ import annotations

from datetime import timedelta

from agent_os.domain.effects import SetLabels, TakeApproval
from agent_os.domain.events import EventKind
from agent_os.effects.performer import ABSENT, Facts, Resolution, done
from agent_os.effects.world import World
from agent_os.github import labels, readers
from agent_os.policy import echoes
from agent_os.store.intents import Intent

_SKEW = timedelta(seconds=5)


class LabelPerformer:
    def perform(self, world: World, effect: SetLabels, intent: str) -> Facts:
        node = effect.node or readers.issue(world.client, effect.repo, effect.number).node
        labels.change(world.client, effect.repo, node, effect.add, effect.remove)
        return self._facts(world, effect)

    def probe(self, world: World, effect: SetLabels, intent: Intent) -> Resolution:
        issue = readers.issue(world.client, effect.repo, effect.number)
        present = {label.lower() for label in issue.labels}
        added = all(label.lower() in present for label in effect.add)
        removed = all(label.lower() not in present for label in effect.remove)
        if added and removed:
            return done(*self._facts(world, effect))
        acts = readers.timeline(world.client, effect.repo, effect.number)
        mine = set(echoes.traces(effect))
        since = world.github_time(intent.at) - _SKEW
        traced = any(
            act.at >= since
            and act.actor.lower() == world.client.login.lower()
            and echoes.trace_of(act) in mine
            for act in acts
        )
        # Traced, but no longer so: a person changed it after us, and theirs stands.
        return done(*self._facts(world, effect)) if traced else ABSENT

    @staticmethod
    def _facts(world: World, effect: SetLabels) -> Facts:
        data = {"label": effect.label, "add": effect.add, "remove": effect.remove}
        facts = [world.fact(effect, EventKind.LABELS_SET, data)]
        if effect.asked:
            done = {"asked": effect.asked, "done": f"label {', '.join(effect.add)}"}
            facts.append(world.fact(effect, EventKind.REQUEST_ENDED, done))
        return facts


class ApprovalTaker:
    """An approval's label that is not for the newest commit. Taking it off twice does no harm."""

    def perform(self, world: World, effect: TakeApproval, intent: str) -> Facts:
        labels.change(world.client, effect.repo, effect.node, (), effect.remove)
        return self._facts(world, effect)

    def probe(self, world: World, effect: TakeApproval, intent: Intent) -> Resolution:
        seen = readers.issue(world.client, effect.repo, effect.pull)
        there = {name.lower() for name in seen.labels}
        taken = not any(label.lower() in there for label in effect.remove)
        return done(*self._facts(world, effect)) if taken else ABSENT

    @staticmethod
    def _facts(world: World, effect: TakeApproval) -> Facts:
        data = {"head": effect.head, "labels": effect.remove}
        return [world.fact(effect, EventKind.APPROVAL_VOIDED, data)]
