"""Reviews, review comments, and requests for reviews."""

from typing import Any

from agent_os.localhub import accounts, issues, pulls, repositories, reviews
from agent_os.localhub.calls import Call, Json, Reply
from agent_os.localhub.errors import Refusal, forbidden, invalid, not_found
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.render import pulls as render_pulls
from agent_os.localhub.render import reviews as render
from agent_os.localhub.render import users
from agent_os.localhub.repositories import Repository
from agent_os.localhub.reviews import Review, ReviewComment

Subject = tuple[Repository, Issue, Pull]


def _subject(call: Call) -> Subject:
    repo = call.repo() if call.method == "GET" else call.active_repo()
    return repo, *pulls.get(call.hub, repo.id, call.number())


def _draw(call: Call, subject: Subject, review: Review) -> Reply:
    return Reply(200, render.review(call.view, subject[0], subject[1], review))


def list_all(call: Call) -> Reply:
    """GET the reviews, oldest first; pending ones only to their author."""
    repo, issue, pull = _subject(call)
    found = [
        each
        for each in reviews.of_pull(call.hub, pull.id)
        if each.state != "PENDING" or each.author_id == call.user.id
    ]
    return call.paged(found, lambda each: render.review(call.view, repo, issue, each))


def create(call: Call) -> Reply:
    """POST a review: event, body, commit_id, comments. Without an event it stays pending."""
    _, issue, pull = subject = _subject(call)
    review = reviews.create(
        call.hub, issue, pull, call.user, call.text("body") or "", call.text("commit_id")
    )
    for comment in call.sections("comments"):
        _add_comment(call, pull, review, comment)
    event = call.text("event")
    if event and event != "PENDING":
        review = reviews.submit(call.hub, issue, pull, review, call.user, event, None)
    return _draw(call, subject, review)


def _add_comment(call: Call, pull: Pull, review: Review, fields: Json) -> ReviewComment:
    path, body, line = fields.get("path"), fields.get("body"), fields.get("line")
    if line is None:
        line = fields.get("position")
    if not isinstance(body, str) or not body.strip():
        raise invalid("PullRequestReviewComment", "body", "missing_field")
    if not isinstance(path, str) or not path:
        raise invalid("PullRequestReviewComment", "path", "missing_field")
    number = line if isinstance(line, int) and 0 < line < 2**31 else None
    side = str(fields.get("side") or "RIGHT")
    reply_to = fields.get("in_reply_to")
    return reviews.add_comment(
        call.hub,
        pull,
        review,
        path=path,
        body=body,
        line=number,
        side=side,
        reply_to_id=reply_to if isinstance(reply_to, int) and 0 < reply_to < 2**62 else None,
    )


def show(call: Call) -> Reply:
    """GET a review."""
    subject = _subject(call)
    review = reviews.get(call.hub, subject[2].id, call.number("review"))
    return _draw(call, subject, review)


def submit(call: Call) -> Reply:
    """POST the submission of a pending review."""
    _, issue, pull = subject = _subject(call)
    review = reviews.get(call.hub, pull.id, call.number("review"))
    if review.author_id != call.user.id:
        raise not_found()
    event, body = call.need("event", "PullRequestReview"), call.text("body")
    done = reviews.submit(call.hub, issue, pull, review, call.user, event, body)
    return _draw(call, subject, done)


def dismiss(call: Call) -> Reply:
    """PUT the dismissal of a review; needs write access."""
    repo, issue, pull = subject = _subject(call)
    if not repositories.can_write(call.hub, repo, call.user):
        raise forbidden()
    review = reviews.get(call.hub, pull.id, call.number("review"))
    why = call.need("message", "PullRequestReview")
    done = reviews.dismiss(call.hub, issue, pull, review, call.user, why)
    return _draw(call, subject, done)


def delete(call: Call) -> Reply:
    """DELETE a pending review."""
    subject = _subject(call)
    review = reviews.get(call.hub, subject[2].id, call.number("review"))
    if review.state != "PENDING" or review.author_id != call.user.id:
        raise Refusal(422, "Can not delete a non-pending pull request review")
    drawn = _draw(call, subject, review)
    call.hub.db.run("DELETE FROM reviews WHERE id = ?", review.id)
    return drawn


def comments(call: Call) -> Reply:
    """GET the comments on lines, oldest first."""
    repo, issue, pull = _subject(call)
    found = reviews.comments_of_pull(call.hub, pull.id)
    return call.paged(found, lambda each: render.comment(call.view, repo, issue, each))


def comments_of_review(call: Call) -> Reply:
    """GET the comments of one review."""
    repo, issue, pull = _subject(call)
    review = reviews.get(call.hub, pull.id, call.number("review"))
    found = reviews.comments_of_review(call.hub, review.id)
    return call.paged(found, lambda each: render.comment(call.view, repo, issue, each))


def one_comment(call: Call) -> Reply:
    """GET a comment on a line."""
    repo = call.repo()
    comment, pull = reviews.comment(call.hub, repo.id, call.number())
    issue = issues.by_id(call.hub, pull.issue_id)
    return Reply(200, render.comment(call.view, repo, issue, comment))


def reply(call: Call) -> Reply:
    """POST an answer to a comment on a line."""
    repo, issue, pull = _subject(call)
    first, of = reviews.comment(call.hub, repo.id, call.number("comment"))
    if of.id != pull.id:
        raise not_found()
    fields = {"path": first.path, "line": first.line, "side": first.side, "in_reply_to": first.id}
    return _comment(call, (repo, issue, pull), {**fields, "body": call.text("body")}, None)


def add_comment(call: Call) -> Reply:
    """POST a comment on a line, as a review of its own."""
    return _comment(call, _subject(call), call.body(), call.text("commit_id"))


def _comment(call: Call, subject: Subject, fields: Json, commit: str | None) -> Reply:
    repo, issue, pull = subject
    review = reviews.create(call.hub, issue, pull, call.user, "", commit)
    comment = _add_comment(call, pull, review, fields)
    reviews.submit(call.hub, issue, pull, review, call.user, "COMMENT", None)
    return Reply(201, render.comment(call.view, repo, issue, comment))


def requested(call: Call) -> Reply:
    """GET whose review is asked for."""
    _, _, pull = _subject(call)
    found = reviews.requested(call.hub, pull.id)
    return Reply(200, {"users": [users.user(call.view, who) for who in found], "teams": []})


def _requesting(call: Call) -> tuple[Subject, list[str]]:
    call.writable()
    return _subject(call), call.texts("reviewers")


def _summary(call: Call, subject: Subject, status: int) -> Reply:
    repo, issue, pull = subject
    fresh = issues.by_id(call.hub, issue.id)
    body: dict[str, Any] = render_pulls.summary(call.view, repo, fresh, pull)
    return Reply(status, body)


def request(call: Call) -> Reply:
    """POST requests for reviews."""
    subject, logins = _requesting(call)
    reviews.request(call.hub, subject[1], subject[2], call.user, logins)
    return _summary(call, subject, 201)


def unrequest(call: Call) -> Reply:
    """DELETE requests for reviews."""
    subject, logins = _requesting(call)
    known = [login for login in logins if accounts.find(call.hub.db, login)]
    reviews.unrequest(call.hub, subject[1], subject[2], call.user, known)
    return _summary(call, subject, 200)


PULL = "/repos/{owner}/{repo}/pulls/{number}"
REVIEW = f"{PULL}/reviews/{{review}}"
ROUTES = [
    ("GET", f"{PULL}/reviews", list_all),
    ("POST", f"{PULL}/reviews", create),
    ("GET", REVIEW, show),
    ("DELETE", REVIEW, delete),
    ("POST", f"{REVIEW}/events", submit),
    ("PUT", f"{REVIEW}/dismissals", dismiss),
    ("GET", f"{REVIEW}/comments", comments_of_review),
    ("GET", f"{PULL}/comments", comments),
    ("POST", f"{PULL}/comments", add_comment),
    ("POST", f"{PULL}/comments/{{comment}}/replies", reply),
    ("GET", "/repos/{owner}/{repo}/pulls/comments/{number}", one_comment),
    ("GET", f"{PULL}/requested_reviewers", requested),
    ("POST", f"{PULL}/requested_reviewers", request),
    ("DELETE", f"{PULL}/requested_reviewers", unrequest),
]
