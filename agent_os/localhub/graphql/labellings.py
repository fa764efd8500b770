"""Labels that were set and taken, as a timeline shows them."""

from dataclasses import dataclass

from agent_os.localhub import labels, timeline
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql.actors import Actor, actor
from agent_os.localhub.graphql.labels import Label
from agent_os.localhub.render.view import node_id
from agent_os.localhub.repositories import Repository


@dataclass(frozen=True)
class _Labelling:
    call: Call
    repo: Repository
    row: timeline.Event

    def id(self) -> str:
        return node_id("Event", self.row.id)

    def actor(self) -> Actor | None:
        return actor(self.call, self.row.actor_id)

    def created_at(self) -> str:
        return self.row.created_at

    def label(self) -> Label:
        """As it was then, when it is there no more."""
        shown = self.row.fields()["label"]
        found = labels.find(self.call.hub, self.repo.id, shown["name"])
        return Label(
            self.call,
            found or labels.Label(0, self.repo.id, shown["name"], shown["color"], None),
        )


class LabeledEvent(_Labelling):
    """A label was set."""


class UnlabeledEvent(_Labelling):
    """A label was taken off."""


LABELLINGS = {"labeled": LabeledEvent, "unlabeled": UnlabeledEvent}
