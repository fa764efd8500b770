"""Repositories."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict, Unpack

from agent_os.localhub import issues, labels, pulls, repositories
from agent_os.localhub.calls import Call
from agent_os.localhub.errors import Refusal
from agent_os.localhub.graphql import labels as label_types
from agent_os.localhub.graphql import refs
from agent_os.localhub.graphql.connections import Connection, Page, connect
from agent_os.localhub.graphql.failures import not_found
from agent_os.localhub.graphql.issues import Issue
from agent_os.localhub.graphql.labels import Label, LabelOrder
from agent_os.localhub.graphql.pulls import PullRequest
from agent_os.localhub.graphql.refs import Ref
from agent_os.localhub.render.view import node_id


class IssueOrder(TypedDict):
    """`field` is CREATED_AT or UPDATED_AT, `direction` ASC or DESC."""

    field: str
    direction: str


class PullFilter(TypedDict, total=False):
    """Which pull requests; absent or null means all."""

    base_ref_name: str | None
    head_ref_name: str | None
    labels: list[str] | None
    states: list[str] | None


_KEYS: dict[str, Callable[[PullRequest], tuple[str, int]]] = {
    "CREATED_AT": lambda pull: (pull.row.created_at, pull.row.number),
    "UPDATED_AT": lambda pull: (pull.row.updated_at, pull.row.number),
}


class _PullArguments(Page, PullFilter, total=False):
    order_by: IssueOrder | None


@dataclass(frozen=True)
class Repository:
    """A repository."""

    call: Call
    row: repositories.Repository

    def id(self) -> str:
        return node_id("Repository", self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def name(self) -> str:
        return self.row.name

    def name_with_owner(self) -> str:
        return self.row.full_name

    def url(self) -> str:
        return f"{self.call.base}/{self.row.full_name}"

    def is_archived(self) -> bool:
        return self.row.archived

    def is_private(self) -> bool:
        return self.row.private

    def default_branch_ref(self) -> Ref | None:
        return refs.find(self.call, self.row, refs.HEADS + self.row.default_branch)

    def ref(self, qualified_name: str) -> Ref | None:
        return refs.find(self.call, self.row, qualified_name)

    def label(self, name: str) -> Label | None:
        found = labels.find(self.call.hub, self.row.id, name)
        return Label(self.call, found) if found else None

    def labels(
        self,
        query: str | None = None,
        order_by: LabelOrder | None = None,
        **page: Unpack[Page],
    ) -> Connection:
        """`query` is part of the name or description."""
        rows = self.call.visible(labels.all_of(self.call.hub, self.row.id))
        part = (query or "").lower()
        rows = [r for r in rows if part in f"{r.name}\n{r.description or ''}".lower()]
        return label_types.connection(self.call, rows, order_by, page)

    def issue(self, number: int) -> Issue:
        found = self._numbered(number)
        if not isinstance(found, Issue):
            raise not_found(f"an Issue with the number of {number}.")
        return found

    def pull_request(self, number: int) -> PullRequest:
        found = self._numbered(number)
        if not isinstance(found, PullRequest):
            raise not_found(f"a PullRequest with the number of {number}.")
        return found

    def issue_or_pull_request(self, number: int) -> Issue | PullRequest:
        found = self._numbered(number)
        if found is None:
            raise not_found(f"an issue or pull request with the number of {number}.")
        return found

    def _numbered(self, number: int) -> Issue | PullRequest | None:
        try:
            row = issues.get(self.call.hub, self.row.id, number)
        except Refusal:
            return None
        return (PullRequest if row.is_pull else Issue)(self.call, self.row, row)

    def pull_requests(self, **arguments: Unpack[_PullArguments]) -> Connection:
        """Oldest first unless told otherwise."""
        rows = self.call.visible(pulls.all_of(self.call.hub, self.row.id))
        every = [PullRequest(self.call, self.row, row) for row, _ in rows]
        found = [pull for pull in every if _fits(pull, arguments)]
        order = arguments.get("order_by") or IssueOrder(field="CREATED_AT", direction="ASC")
        found.sort(key=_KEYS[order["field"]], reverse=order["direction"] == "DESC")
        return connect("pullRequests", found, lambda pull: pull, arguments)


def _fits(pull: PullRequest, wanted: PullFilter) -> bool:
    names = {row.name.lower() for row in labels.of_issue(pull.call.hub, pull.row.id)}
    any_of = {name.lower() for name in wanted.get("labels") or ()}
    states = wanted.get("states")
    return (
        (not states or pull.state() in states)
        and wanted.get("head_ref_name") in (None, pull.head_ref_name())
        and wanted.get("base_ref_name") in (None, pull.base_ref_name())
        and (not any_of or bool(names & any_of))
    )
