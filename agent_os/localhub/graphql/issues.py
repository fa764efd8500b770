"""Issues, and what a pull request has in common with them."""

from dataclasses import dataclass
from typing import Unpack

from agent_os.localhub import edits, labels
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql import labels as label_types
from agent_os.localhub.graphql.actors import Actor, actor
from agent_os.localhub.graphql.connections import Connection, Page, connect
from agent_os.localhub.graphql.edits import UserContentEdit
from agent_os.localhub.graphql.labels import LabelOrder
from agent_os.localhub.issues import Issue as Row
from agent_os.localhub.render.view import node_id
from agent_os.localhub.repositories import Repository


@dataclass(frozen=True)
class Subject:
    """An issue or a pull request."""

    call: Call
    repo: Repository
    row: Row

    def id(self) -> str:
        return node_id("PullRequest" if self.row.is_pull else "Issue", self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def full_database_id(self) -> str:
        return str(self.database_id())

    def number(self) -> int:
        return self.row.number

    def title(self) -> str:
        return self.row.title

    def body(self) -> str:
        return self.row.body or ""

    def state(self) -> str:
        return self.row.state.upper()

    def closed(self) -> bool:
        return self.row.state == "closed"

    def closed_at(self) -> str | None:
        return self.row.closed_at

    def url(self) -> str:
        folder = "pull" if self.row.is_pull else "issues"
        return f"{self.call.base}/{self.repo.full_name}/{folder}/{self.row.number}"

    def author(self) -> Actor | None:
        return actor(self.call, self.row.author_id)

    def created_at(self) -> str:
        return self.row.created_at

    def updated_at(self) -> str:
        return self.row.updated_at

    def _edits(self) -> list[edits.Edit]:
        return edits.of_issue(self.call.hub, self.row.id)

    def last_edited_at(self) -> str | None:
        found = self._edits()
        return found[0].edited_at if found else None

    def editor(self) -> Actor | None:
        found = self._edits()
        return actor(self.call, found[0].editor_id) if found else None

    def user_content_edits(self, **page: Unpack[Page]) -> Connection:
        rows = self.call.visible(self._edits())
        return connect("userContentEdits", rows, lambda row: UserContentEdit(self.call, row), page)

    def labels(self, order_by: LabelOrder | None = None, **page: Unpack[Page]) -> Connection:
        # Not less the newest where that is ordered: REST's issues have all their labels too.
        rows = labels.of_issue(self.call.hub, self.row.id)
        return label_types.connection(self.call, rows, order_by, page)


class Issue(Subject):
    """An issue that is no pull request."""
