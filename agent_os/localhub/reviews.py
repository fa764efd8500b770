"""Reviews of pull requests, and requests for them."""

from dataclasses import dataclass

from agent_os.localhub import accounts, issues, repositories, timeline
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal, invalid, not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.webhooks import notices

EVENTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@dataclass(frozen=True)
class Review:
    """`state` is PENDING, APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED."""

    id: int
    pull_id: int
    author_id: int
    state: str
    body: str
    commit_id: str
    submitted_at: str | None


@dataclass(frozen=True)
class ReviewComment:
    """A comment on a line of a file."""

    id: int
    pull_id: int
    review_id: int
    reply_to_id: int | None
    author_id: int
    path: str
    line: int | None
    side: str
    body: str
    commit_id: str
    created_at: str
    updated_at: str


def of_pull(hub: Hub, pull_id: int) -> list[Review]:
    """Oldest first."""
    return hub.db.all(Review, "SELECT * FROM reviews WHERE pull_id = ? ORDER BY id", pull_id)


def get(hub: Hub, pull_id: int, review_id: int) -> Review:
    """By id; 404."""
    sql = "SELECT * FROM reviews WHERE pull_id = ? AND id = ?"
    review = hub.db.one(Review, sql, pull_id, review_id)
    if review is None:
        raise not_found()
    return review


def by_id(hub: Hub, review_id: int) -> Review:
    """By id, of any pull request; 404."""
    review = hub.db.one(Review, "SELECT * FROM reviews WHERE id = ?", review_id)
    if review is None:
        raise not_found()
    return review


def create(
    hub: Hub, issue: Issue, pull: Pull, actor: User, body: str, commit_id: str | None = None
) -> Review:
    """A pending review, to be submitted; 422 when the user has one already."""
    if any(r.state == "PENDING" and r.author_id == actor.id for r in of_pull(hub, pull.id)):
        message = "User can only have one pending review per pull request"
        raise Refusal(422, "Unprocessable Entity", [message])
    review_id = hub.db.insert(
        "reviews",
        id=hub.db.ticket(),
        pull_id=pull.id,
        author_id=actor.id,
        state="PENDING",
        body=body,
        commit_id=commit_id or pull.head_sha,
        submitted_at=None,
    )
    issues.touch(hub, issue.id)
    return get(hub, pull.id, review_id)


def submit(
    hub: Hub, issue: Issue, pull: Pull, review: Review, actor: User, event: str, body: str | None
) -> Review:
    """Submit a pending review; 422 for an unknown event, an empty body, or one's own approval."""
    if event not in EVENTS:
        raise invalid("PullRequestReview", "event")
    if review.state != "PENDING":
        raise Refusal(422, "Unprocessable Entity", ["Can not submit a submitted review"])
    if event != "COMMENT" and actor.id == issue.author_id:
        word = "approve" if event == "APPROVE" else "request changes on"
        message = f"Can not {word} your own pull request"
        raise Refusal(422, f"Review {message}", [message])
    text = review.body if body is None else body
    if event != "APPROVE" and not text.strip() and not comments_of_review(hub, review.id):
        raise Refusal(422, "Unprocessable Entity", ["Body can't be blank"])
    hub.db.update("reviews", review.id, state=EVENTS[event], body=text, submitted_at=hub.now())
    unrequest(hub, issue, pull, actor, [actor.login], silently=True)
    issues.touch(hub, issue.id)
    done = get(hub, pull.id, review.id)
    notices.add(hub, "pull_request_review", "submitted", pull.repo_id, actor.id, done)
    for each in comments_of_review(hub, review.id):
        event = "pull_request_review_comment"
        notices.add(hub, event, "created", pull.repo_id, actor.id, each)
    return done


def dismiss(hub: Hub, issue: Issue, pull: Pull, review: Review, actor: User, why: str) -> Review:
    """Take back the weight of an approval or a request for changes."""
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise Refusal(422, "Can not dismiss a commented pull request review")
    hub.db.update("reviews", review.id, state="DISMISSED")
    shown = {"state": review.state.lower(), "review_id": review.id, "dismissal_message": why}
    timeline.add(hub, issue.repo_id, issue.id, "review_dismissed", actor, dismissed_review=shown)
    done = get(hub, pull.id, review.id)
    notices.add(hub, "pull_request_review", "dismissed", pull.repo_id, actor.id, done)
    return done


def decisive(hub: Hub, pull: Pull) -> dict[int, str]:
    """The last approval or request for changes of each reviewer who may write."""
    repo = repositories.by_id(hub, pull.repo_id)
    last: dict[int, str] = {}
    for review in of_pull(hub, pull.id):
        reviewer = accounts.by_id(hub.db, review.author_id)
        if not repositories.can_write(hub, repo, reviewer):
            continue
        if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            last[review.author_id] = review.state
    return last


def approvals(hub: Hub, pull: Pull) -> int:
    """How many people approve."""
    return sum(state == "APPROVED" for state in decisive(hub, pull).values())


def changes_requested(hub: Hub, pull: Pull) -> bool:
    """Whether anybody's last word is a request for changes."""
    return "CHANGES_REQUESTED" in decisive(hub, pull).values()


def requested(hub: Hub, pull_id: int) -> list[User]:
    """Whose review is asked for, by login."""
    return hub.db.all(
        User,
        "SELECT users.* FROM users JOIN review_requests ON user_id = users.id"
        " WHERE pull_id = ? ORDER BY login",
        pull_id,
    )


def request(hub: Hub, issue: Issue, pull: Pull, actor: User, logins: list[str]) -> None:
    """Ask for reviews; 422 for the author or somebody unknown."""
    for login in logins:
        user = accounts.find(hub.db, login)
        if user is None:
            message = f"Reviews may only be requested from collaborators: {login}."
            raise Refusal(422, message)
        if user.id == issue.author_id:
            raise Refusal(422, "Review cannot be requested from pull request author.")
        sql = "INSERT OR IGNORE INTO review_requests VALUES (?, ?)"
        if hub.db.changed(sql, pull.id, user.id):
            _request_event(hub, issue, actor, "review_requested", user)


def unrequest(
    hub: Hub, issue: Issue, pull: Pull, actor: User, logins: list[str], *, silently: bool = False
) -> None:
    """Ask no longer; `silently` when the review was given."""
    for login in logins:
        user = accounts.find(hub.db, login)
        sql = "DELETE FROM review_requests WHERE pull_id = ? AND user_id = ?"
        if user is not None and hub.db.changed(sql, pull.id, user.id) and not silently:
            _request_event(hub, issue, actor, "review_request_removed", user)


def _request_event(hub: Hub, issue: Issue, actor: User, kind: str, user: User) -> None:
    fields = {"requested_reviewer": user.login, "review_requester": actor.login}
    timeline.add(hub, issue.repo_id, issue.id, kind, actor, **fields)
    issues.touch(hub, issue.id)


def comments_of_review(hub: Hub, review_id: int) -> list[ReviewComment]:
    """Oldest first."""
    sql = "SELECT * FROM review_comments WHERE review_id = ? ORDER BY id"
    return hub.db.all(ReviewComment, sql, review_id)


def comments_of_pull(hub: Hub, pull_id: int) -> list[ReviewComment]:
    """Oldest first; those of pending reviews are not shown."""
    sql = (
        "SELECT review_comments.* FROM review_comments JOIN reviews ON reviews.id = review_id"
        " WHERE review_comments.pull_id = ? AND reviews.state <> 'PENDING'"
        " ORDER BY review_comments.id"
    )
    return hub.db.all(ReviewComment, sql, pull_id)


def comment_by_id(hub: Hub, comment_id: int) -> ReviewComment:
    """A comment on a line, by id alone; 404."""
    found = hub.db.one(ReviewComment, "SELECT * FROM review_comments WHERE id = ?", comment_id)
    if found is None:
        raise not_found()
    return found


def comment(hub: Hub, repo_id: int, comment_id: int) -> tuple[ReviewComment, Pull]:
    """A comment on a line with its pull request; 404."""
    found = hub.db.one(ReviewComment, "SELECT * FROM review_comments WHERE id = ?", comment_id)
    sql = "SELECT * FROM pulls WHERE id = ? AND repo_id = ?"
    pull = hub.db.one(Pull, sql, found.pull_id, repo_id) if found else None
    if found is None or pull is None:
        raise not_found()
    return found, pull


def add_comment(
    hub: Hub,
    pull: Pull,
    review: Review,
    *,
    path: str,
    body: str,
    line: int | None,
    side: str = "RIGHT",
    reply_to_id: int | None = None,
) -> ReviewComment:
    """A comment on a line, part of `review`."""
    now = hub.now()
    comment_id = hub.db.insert(
        "review_comments",
        pull_id=pull.id,
        review_id=review.id,
        reply_to_id=reply_to_id,
        author_id=review.author_id,
        path=path,
        line=line,
        side=side,
        body=body,
        commit_id=review.commit_id,
        created_at=now,
        updated_at=now,
    )
    return next(c for c in comments_of_review(hub, review.id) if c.id == comment_id)
