"""The `on:` of a workflow: which events of which branches start it."""

import re
from dataclasses import dataclass
from typing import cast

from agent_os.localhub.workflows.problems import WorkflowProblem
from agent_os.localhub.workflows.section import Section

RAISED_HERE = ("push", "pull_request")
PULL_REQUEST_TYPES = frozenset({"opened", "synchronize", "reopened"})
KNOWN_EVENTS = frozenset(
    [
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "create",
        "delete",
        "deployment",
        "deployment_status",
        "discussion",
        "discussion_comment",
        "fork",
        "gollum",
        "image_version",
        "issue_comment",
        "issues",
        "label",
        "merge_group",
        "milestone",
        "page_build",
        "public",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "pull_request_target",
        "push",
        "registry_package",
        "release",
        "repository_dispatch",
        "schedule",
        "status",
        "watch",
        "workflow_call",
        "workflow_dispatch",
        "workflow_run",
    ]
)


@dataclass(frozen=True)
class Trigger:
    """One event with its branch patterns; no patterns means every branch."""

    event: str
    branches: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def matches(self, branch: str) -> bool:
        """Whether the branch (of the push, or the pull request's base) passes the patterns."""
        if self.ignored:
            return not _selected(self.ignored, branch)
        return not self.branches or _selected(self.branches, branch)


@dataclass(frozen=True)
class Triggers:
    """All events of one workflow. `problem` names what its filters ask for beyond the hub."""

    found: tuple[Trigger, ...]
    problem: str | None = None

    @property
    def events(self) -> frozenset[str]:
        """The events among push and pull_request that this workflow listens to."""
        return frozenset(trigger.event for trigger in self.found)

    def matches(self, event: str, branch: str) -> bool:
        """Whether the event on that branch starts the workflow."""
        return any(one.event == event and one.matches(branch) for one in self.found)


# A file whose triggers can't be read is shown as a run on every push, so that nobody overlooks it.
UNREADABLE = Triggers((Trigger("push"),))


def read(document: Section) -> Triggers:
    """The triggers of a document; raises WorkflowProblem when they can't be read at all.

    An unsupported filter is kept as `problem`, so that the run appears and says so.
    """
    value = document.values.get("on")
    if value is None:
        raise WorkflowProblem("", "'on' is missing")
    if not isinstance(value, dict):
        names = document.names("on")
        return Triggers(tuple(Trigger(name) for name in _known(names) if name in RAISED_HERE))
    section = Section.of("'on'", cast("dict[str, object]", value))
    found: list[Trigger] = []
    problem: str | None = None
    for name in _known(tuple(section.values)):
        if name in RAISED_HERE:
            filters = section.child(name)
            found.append(_trigger(name, filters))
            problem = problem or _unsupported(name, filters)
    return Triggers(tuple(found), problem)


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in KNOWN_EVENTS:
            raise WorkflowProblem("'on'", f"'{name}' is not an event")
    return names


def _trigger(event: str, filters: Section) -> Trigger:
    branches, ignored = filters.names("branches"), filters.names("branches-ignore")
    if branches and ignored:
        raise filters.problem("'branches' and 'branches-ignore' can't stand together")
    for pattern in (*branches, *ignored):
        try:
            _pattern(pattern)
        except re.error as error:
            raise filters.problem(f"'{pattern}' is not a valid branch pattern") from error
    return Trigger(event, branches, ignored)


def _unsupported(event: str, filters: Section) -> str | None:
    allowed = {"branches", "branches-ignore"} | ({"types"} if event == "pull_request" else set())
    try:
        filters.allow(allowed)
        if filters.has("types") and not set(filters.names("types")) >= PULL_REQUEST_TYPES:
            raise filters.problem("'types' must hold at least opened, synchronize and reopened")
    except WorkflowProblem as problem:
        return str(problem)
    return None


def _selected(patterns: tuple[str, ...], branch: str) -> bool:
    """The last pattern that matches decides; one with `!` takes the branch out again."""
    selected = False
    for pattern in patterns:
        if _pattern(pattern.removeprefix("!")).fullmatch(branch):
            selected = not pattern.startswith("!")
    return selected


def _pattern(glob: str) -> re.Pattern[str]:
    """GitHub's filter pattern: * within a part, ** over parts, ? and + repeat, [] is a class."""
    pieces: list[str] = []
    for token in re.findall(r"\*\*|\\.|\[[^\]]*\]|.", glob, re.DOTALL):
        if token == "**":
            pieces.append(".*")
        elif token == "*":
            pieces.append("[^/]*")
        elif token in "?+" or (token.startswith("[") and len(token) > 1):
            pieces.append(token)
        else:
            pieces.append(re.escape(token.removeprefix("\\") or token))
    return re.compile("".join(pieces))
