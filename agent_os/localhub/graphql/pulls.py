"""Pull requests."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Unpack

from agent_os.localhub import comments, commits, gates, merges, pulls, reviews, timeline
from agent_os.localhub.calls import Call
from agent_os.localhub.comments import Comment
from agent_os.localhub.git import Git
from agent_os.localhub.graphql.actors import Actor, actor
from agent_os.localhub.graphql.comments import IssueComment
from agent_os.localhub.graphql.connections import Connection, Page, connect
from agent_os.localhub.graphql.issues import Subject
from agent_os.localhub.graphql.labellings import LABELLINGS, LabeledEvent, UnlabeledEvent
from agent_os.localhub.graphql.refs import Commit
from agent_os.localhub.graphql.reviews import PullRequestReview
from agent_os.localhub.render.view import node_id
from agent_os.localhub.repositories import Repository
from agent_os.localhub.reviews import Review

MERGEABLE = {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}


@dataclass(frozen=True)
class PullRequestCommit:
    """A commit as one of a pull request."""

    call: Call
    repo: Repository
    pull_id: int
    sha: str

    def id(self) -> str:
        return node_id("PullRequestCommit", self.pull_id) + self.sha

    def commit(self) -> Commit:
        return Commit(self.call, self.repo, self.sha)


@dataclass(frozen=True)
class PullRequest(Subject):
    """A pull request; `row` is its issue half."""

    @cached_property
    def _pull(self) -> pulls.Pull:
        return pulls.of_issue(self.call.hub, self.row)

    @cached_property
    def _mergeable(self) -> bool | None:
        return merges.mergeable(self.call.hub.git(self.repo.id), self.row, self._pull)

    def database_id(self) -> int:
        return self._pull.id

    def state(self) -> str:
        return "MERGED" if self._pull.merged else super().state()

    def is_draft(self) -> bool:
        return self._pull.draft

    def merged(self) -> bool:
        return self._pull.merged

    def merged_at(self) -> str | None:
        return self._pull.merged_at

    def merged_by(self) -> Actor | None:
        return actor(self.call, self._pull.merged_by_id)

    def merge_commit(self) -> Commit | None:
        sha = self._pull.merge_commit_sha
        return Commit(self.call, self.repo, sha) if sha else None

    def head_ref_name(self) -> str:
        return self._pull.head_ref

    def head_ref_oid(self) -> str:
        return self._pull.head_sha

    def base_ref_name(self) -> str:
        return self._pull.base_ref

    def base_ref_oid(self) -> str:
        return self._pull.base_sha

    def mergeable(self) -> str:
        return MERGEABLE[self._mergeable]

    def merge_state_status(self) -> str:
        hub, possible = self.call.hub, bool(self._mergeable)
        return gates.mergeable_state(hub, self.repo, self._pull, mergeable=possible).upper()

    def reviews(
        self,
        author: str | None = None,
        states: list[str] | None = None,
        **page: Unpack[Page],
    ) -> Connection:
        """Oldest first; pending ones only to their author."""
        me = self.call.user.id
        rows = [
            row
            for row in self.call.visible(reviews.of_pull(self.call.hub, self._pull.id))
            if (row.state != "PENDING" or row.author_id == me)
            and (not states or row.state in states)
            and (author is None or _login(self.call, row.author_id) == author.lower())
        ]
        return connect("reviews", rows, self._review, page)

    def _review(self, row: Review) -> PullRequestReview:
        return PullRequestReview(self.call, self.repo, self.row, row)

    def comments(self, **page: Unpack[Page]) -> Connection:
        """Oldest first."""
        rows = self.call.visible(comments.of_issue(self.call.hub, self.row.id))
        return connect("comments", rows, self._comment, page)

    def _comment(self, row: Comment) -> IssueComment:
        return IssueComment(self.call, self.repo, row)

    def timeline_items(
        self, item_types: list[str] | None = None, **page: Unpack[Page]
    ) -> Connection:
        """Oldest first; of all kinds only those about labels are served."""
        rows = [
            row
            for row in timeline.of_issue(self.call.hub, self.row.id)
            if row.kind in LABELLINGS
            and (item_types is None or f"{row.kind.upper()}_EVENT" in item_types)
        ]
        return connect("timelineItems", rows, self._item, page)

    def _item(self, row: timeline.Event) -> LabeledEvent | UnlabeledEvent:
        return LABELLINGS[row.kind](self.call, self.repo, row)

    def commits(self, **page: Unpack[Page]) -> Connection:
        """Oldest first."""
        git, pull = self.call.hub.git(self.repo.id), self._pull
        return connect("commits", _between(git, pull.base_sha, pull.head_sha), self._commit, page)

    def _commit(self, sha: str) -> PullRequestCommit:
        return PullRequestCommit(self.call, self.repo, self._pull.id, sha)


# Safe to keep: between two commits there are always the same.
@lru_cache(maxsize=1024)
def _between(git: Git, base_sha: str, head_sha: str) -> tuple[str, ...]:
    return tuple(each.sha for each in commits.log(git, "--reverse", f"{base_sha}..{head_sha}"))


def _login(call: Call, user_id: int) -> str:
    found = actor(call, user_id)
    return found.login().lower() if found else ""
