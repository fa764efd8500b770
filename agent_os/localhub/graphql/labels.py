"""Labels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from agent_os.localhub import labels, repositories
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql.connections import Connection, Page, connect
from agent_os.localhub.render import issues as render


class LabelOrder(TypedDict):
    """`field` is CREATED_AT or NAME, `direction` ASC or DESC."""

    field: str
    direction: str


@dataclass(frozen=True)
class Label:
    """A label of a repository."""

    call: Call
    row: labels.Label

    def _drawn(self) -> dict[str, str]:
        repo = repositories.by_id(self.call.hub, self.row.repo_id)
        return render.label(self.call.view, repo, self.row)

    def id(self) -> str:
        return self._drawn()["node_id"]

    def url(self) -> str:
        return self._drawn()["url"].replace(self.call.view.api + "/repos", self.call.base, 1)

    def name(self) -> str:
        return self.row.name

    def color(self) -> str:
        return self.row.color

    def description(self) -> str | None:
        return self.row.description

    def is_default(self) -> bool:
        return False


_KEYS: dict[str, Callable[[labels.Label], tuple[str, int]]] = {
    "CREATED_AT": lambda row: ("", row.id),
    "NAME": lambda row: (row.name.lower(), row.id),
}


def connection(
    call: Call, rows: list[labels.Label], order: LabelOrder | None, page: Page
) -> Connection:
    """Oldest first unless told otherwise."""
    chosen = order or LabelOrder(field="CREATED_AT", direction="ASC")
    rows = sorted(rows, key=_KEYS[chosen["field"]], reverse=chosen["direction"] == "DESC")
    return connect("labels", rows, lambda row: Label(call, row), page)
