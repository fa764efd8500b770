"""From the id of an object to the object."""

from collections.abc import Callable
from typing import Any

from agent_os.localhub import (
    accounts,
    checks,
    comments,
    issues,
    labels,
    pulls,
    repositories,
    reviews,
)
from agent_os.localhub.calls import Call
from agent_os.localhub.errors import Refusal
from agent_os.localhub.graphql import actors
from agent_os.localhub.graphql.checks import CheckRun
from agent_os.localhub.graphql.comments import IssueComment
from agent_os.localhub.graphql.failures import Failure, not_found
from agent_os.localhub.graphql.issues import Issue
from agent_os.localhub.graphql.labels import Label
from agent_os.localhub.graphql.pulls import PullRequest
from agent_os.localhub.graphql.repositories import Repository
from agent_os.localhub.graphql.reviews import PullRequestReview, PullRequestReviewComment
from agent_os.localhub.render.view import parse_node_id


def find(call: Call, node: str) -> Any:
    """NOT_FOUND for what is no object's id, or that of one which is gone."""
    named = parse_node_id(node)
    reader = _READERS.get(named[0]) if named else None
    if named is None or reader is None or not 0 < named[1] < 2**62:
        raise _unknown(node)
    try:
        return reader(call, named[1])
    except Refusal as refusal:
        raise _unknown(node) from refusal


def subject(call: Call, node: str) -> Issue | PullRequest:
    """An issue or pull request; fails for other ids."""
    found = find(call, node)
    if not isinstance(found, Issue | PullRequest):
        raise _unknown(node)
    return found


def label(call: Call, node: str) -> Label:
    """A label; fails for other ids."""
    found = find(call, node)
    if not isinstance(found, Label):
        raise _unknown(node)
    return found


def _unknown(node: str) -> Failure:
    return not_found(f"a node with the global id of '{node}'.")


def _account(call: Call, row_id: int) -> actors.Actor:
    return actors.of_row(call, accounts.by_id(call.hub.db, row_id))


def _repository(call: Call, row_id: int) -> Repository:
    return Repository(call, repositories.by_id(call.hub, row_id))


def _subject(call: Call, row_id: int) -> Issue | PullRequest:
    row = issues.by_id(call.hub, row_id)
    repo = repositories.by_id(call.hub, row.repo_id)
    return (PullRequest if row.is_pull else Issue)(call, repo, row)


def _label(call: Call, row_id: int) -> Label:
    return Label(call, labels.by_id(call.hub, row_id))


def _check_run(call: Call, row_id: int) -> CheckRun:
    row = checks.by_id(call.hub, row_id)
    return CheckRun(call, repositories.by_id(call.hub, row.repo_id), row)


def _review(call: Call, row_id: int) -> PullRequestReview:
    row = reviews.by_id(call.hub, row_id)
    pull = pulls.by_id(call.hub, row.pull_id)
    repo = repositories.by_id(call.hub, pull.repo_id)
    return PullRequestReview(call, repo, issues.by_id(call.hub, pull.issue_id), row)


def _comment(call: Call, row_id: int) -> IssueComment:
    row = comments.by_id(call.hub, row_id)
    repo_id = issues.by_id(call.hub, row.issue_id).repo_id
    return IssueComment(call, repositories.by_id(call.hub, repo_id), row)


def _line_comment(call: Call, row_id: int) -> PullRequestReviewComment:
    row = reviews.comment_by_id(call.hub, row_id)
    pull = pulls.by_id(call.hub, row.pull_id)
    repo = repositories.by_id(call.hub, pull.repo_id)
    return PullRequestReviewComment(call, repo, issues.by_id(call.hub, pull.issue_id), row)


_READERS: dict[str, Callable[[Call, int], Any]] = {
    "User": _account,
    "Organization": _account,
    "Bot": _account,
    "Repository": _repository,
    "Issue": _subject,
    "PullRequest": _subject,
    "IssueComment": _comment,
    "Label": _label,
    "CheckRun": _check_run,
    "PullRequestReview": _review,
    "PullRequestReviewComment": _line_comment,
}
