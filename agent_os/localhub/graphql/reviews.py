"""Reviews and their comments on lines."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Unpack

from agent_os.localhub import reviews
from agent_os.localhub.calls import Call
from agent_os.localhub.git import Git
from agent_os.localhub.graphql.actors import Actor, actor
from agent_os.localhub.graphql.connections import Connection, Page, connect
from agent_os.localhub.graphql.refs import Commit
from agent_os.localhub.issues import Issue
from agent_os.localhub.render import reviews as render
from agent_os.localhub.render.view import node_id
from agent_os.localhub.repositories import Repository


@dataclass(frozen=True)
class PullRequestReviewComment:
    """A comment on a line."""

    call: Call
    repo: Repository
    issue: Issue
    row: reviews.ReviewComment

    def id(self) -> str:
        return node_id("PullRequestReviewComment", self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def full_database_id(self) -> str:
        return str(self.row.id)

    def path(self) -> str:
        return self.row.path

    def line(self) -> int | None:
        return self.row.line

    def body(self) -> str:
        return self.row.body

    def author(self) -> Actor | None:
        return actor(self.call, self.row.author_id)

    def created_at(self) -> str:
        return self.row.created_at

    def updated_at(self) -> str:
        return self.row.updated_at

    def editor(self) -> Actor | None:
        return None  # nothing changes it here

    def last_edited_at(self) -> str | None:
        return None

    def url(self) -> str:
        return render.comment(self.call.view, self.repo, self.issue, self.row)["html_url"]


@dataclass(frozen=True)
class PullRequestReview:
    """A review."""

    call: Call
    repo: Repository
    issue: Issue
    row: reviews.Review

    def id(self) -> str:
        return node_id("PullRequestReview", self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def full_database_id(self) -> str:
        return str(self.row.id)

    def author(self) -> Actor | None:
        return actor(self.call, self.row.author_id)

    def state(self) -> str:
        return self.row.state

    def body(self) -> str:
        return self.row.body

    def commit(self) -> Commit | None:
        """None when the repository does not have it."""
        try:
            sha = _known(self.call.hub.git(self.repo.id), self.row.commit_id)
        except LookupError:
            return None
        return Commit(self.call, self.repo, sha)

    def submitted_at(self) -> str | None:
        return self.row.submitted_at

    def editor(self) -> Actor | None:
        return None  # nothing changes it here

    def last_edited_at(self) -> str | None:
        return None

    def url(self) -> str:
        return render.review(self.call.view, self.repo, self.issue, self.row)["html_url"]

    def comments(self, **page: Unpack[Page]) -> Connection:
        rows = self.call.visible(reviews.comments_of_review(self.call.hub, self.row.id))
        return connect("comments", rows, self._comment, page)

    def _comment(self, row: reviews.ReviewComment) -> PullRequestReviewComment:
        return PullRequestReviewComment(self.call, self.repo, self.issue, row)


# Safe to keep: commits are never removed. That one is missing is not kept: it may come.
@lru_cache(maxsize=4096)
def _known(git: Git, name: str) -> str:
    sha = git.resolve(name)
    if sha is None:
        raise LookupError(name)
    return sha
