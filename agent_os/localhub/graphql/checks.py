"""Check runs and commit statuses, alone and rolled up."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Unpack

from agent_os.localhub import checks, gates, statuses
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql.actors import Actor, actor
from agent_os.localhub.graphql.connections import Connection, Page, connect
from agent_os.localhub.render import checks as render
from agent_os.localhub.render.view import node_id
from agent_os.localhub.repositories import Repository


@dataclass(frozen=True)
class App:
    """Whose checks they are."""

    call: Call
    drawn: dict[str, Any]

    def id(self) -> str:
        return self.drawn["node_id"]

    def database_id(self) -> int:
        return self.drawn["id"]

    def name(self) -> str:
        return self.drawn["name"]

    def slug(self) -> str:
        return self.drawn["slug"]

    def url(self) -> str:
        return self.drawn["html_url"]


@dataclass(frozen=True)
class CheckSuite:
    """The check runs of one app for one push."""

    call: Call
    repo: Repository
    row: checks.CheckSuite

    def _state(self) -> tuple[str, str | None]:
        return checks.suite_state(checks.in_suite(self.call.hub, self.row.id))

    def app(self) -> App:
        return App(self.call, render.app(self.call.view, self.repo, self.row.app))

    def id(self) -> str:
        return node_id("CheckSuite", self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def status(self) -> str:
        return self._state()[0].upper()

    def conclusion(self) -> str | None:
        return _upper(self._state()[1])

    def created_at(self) -> str:
        return self.row.created_at

    def updated_at(self) -> str:
        return self.row.updated_at


@dataclass(frozen=True)
class CheckRun:
    """One check."""

    call: Call
    repo: Repository
    row: checks.CheckRun

    @cached_property
    def _drawn(self) -> dict[str, Any]:
        return render.run(self.call.view, self.repo, self.row)

    def id(self) -> str:
        return node_id("CheckRun", self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def name(self) -> str:
        return self.row.name

    def status(self) -> str:
        return self.row.status.upper()

    def conclusion(self) -> str | None:
        return _upper(self.row.conclusion)

    def details_url(self) -> str:
        return self._drawn["details_url"]

    def url(self) -> str:
        return self._drawn["html_url"]

    def permalink(self) -> str:
        return self._drawn["html_url"]

    def external_id(self) -> str:
        return self._drawn["external_id"]

    def title(self) -> str | None:
        return self.row.title

    def summary(self) -> str | None:
        return self.row.summary

    def text(self) -> str | None:
        return self.row.text

    def started_at(self) -> str | None:
        return self.row.started_at

    def completed_at(self) -> str | None:
        return self.row.completed_at

    def check_suite(self) -> CheckSuite:
        found = checks.suite(self.call.hub, self.repo.id, self.row.suite_id)
        return CheckSuite(self.call, self.repo, found)


@dataclass(frozen=True)
class StatusContext:
    """The newest status of one context."""

    call: Call
    row: statuses.Status

    def id(self) -> str:
        return node_id("StatusContext", self.row.id)

    def context(self) -> str:
        return self.row.context

    def state(self) -> str:
        return self.row.state.upper()

    def target_url(self) -> str | None:
        return self.row.target_url

    def description(self) -> str | None:
        return self.row.description

    def created_at(self) -> str:
        return self.row.created_at

    def creator(self) -> Actor | None:
        return actor(self.call, self.row.creator_id)


@dataclass(frozen=True)
class StatusCheckRollup:
    """All that was reported about one commit: the newest run of each suite and name, the newest
    status of each context."""

    call: Call
    repo: Repository
    sha: str

    def id(self) -> str:
        return node_id("StatusCheckRollup", self.repo.id) + self.sha

    def state(self) -> str:
        found = gates.results(self.call.hub, self.repo.id, self.sha)
        return gates.worst(found.values()).upper()

    def contexts(self, **page: Unpack[Page]) -> Connection:
        hub, visible = self.call.hub, self.call.visible
        runs = visible(checks.latest(hub, self.repo.id, self.sha))
        reports = visible(statuses.latest(hub, self.repo.id, self.sha))
        contexts = [
            *(CheckRun(self.call, self.repo, run) for run in reversed(runs)),
            *(StatusContext(self.call, report) for report in reversed(reports)),
        ]
        return connect("contexts", contexts, lambda each: each, page)


def rollup(call: Call, repo: Repository, sha: str) -> StatusCheckRollup | None:
    """None for a commit about which nothing was reported."""
    known = gates.results(call.hub, repo.id, sha)
    return StatusCheckRollup(call, repo, sha) if known else None


def _upper(word: str | None) -> str | None:
    return word and word.upper()
