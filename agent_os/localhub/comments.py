"""Comments on issues and pull requests."""

from dataclasses import dataclass

from agent_os.localhub import issues
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import invalid, not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import MAX_BODY, Issue
from agent_os.localhub.webhooks import notices


@dataclass(frozen=True)
class Comment:
    """One comment; editing moves `updated_at`."""

    id: int
    issue_id: int
    author_id: int
    body: str
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Edit:
    """Who changed a comment when; REST does not show it."""

    id: int
    comment_id: int
    editor_id: int
    edited_at: str


def newest_edit(hub: Hub, comment_id: int) -> Edit | None:
    """None when it was never edited."""
    sql = "SELECT * FROM comment_edits WHERE comment_id = ? ORDER BY id DESC LIMIT 1"
    return hub.db.one(Edit, sql, comment_id)


def of_issue(hub: Hub, issue_id: int, since: str = "") -> list[Comment]:
    """Oldest first; `since` compares with `updated_at`."""
    return hub.db.all(
        Comment,
        "SELECT * FROM comments WHERE issue_id = ? AND updated_at >= ? ORDER BY id",
        issue_id,
        since,
    )


def of_repository(hub: Hub, repo_id: int, since: str = "") -> list[Comment]:
    """Oldest first."""
    return hub.db.all(
        Comment,
        "SELECT comments.* FROM comments JOIN issues ON issues.id = issue_id"
        " WHERE repo_id = ? AND NOT deleted AND comments.updated_at >= ? ORDER BY comments.id",
        repo_id,
        since,
    )


def count(hub: Hub, issue_id: int) -> int:
    """How many comments an issue has."""
    return hub.db.value("SELECT count(*) FROM comments WHERE issue_id = ?", issue_id)


def get(hub: Hub, repo_id: int, comment_id: int) -> Comment:
    """By id; 404."""
    comment = hub.db.one(
        Comment,
        "SELECT comments.* FROM comments JOIN issues ON issues.id = issue_id"
        " WHERE repo_id = ? AND NOT deleted AND comments.id = ?",
        repo_id,
        comment_id,
    )
    if comment is None:
        raise not_found()
    return comment


def by_id(hub: Hub, comment_id: int) -> Comment:
    """By id alone; 404."""
    comment = hub.db.one(Comment, "SELECT * FROM comments WHERE id = ?", comment_id)
    if comment is None:
        raise not_found()
    return comment


def create(hub: Hub, issue: Issue, actor: User, body: str) -> Comment:
    """A new comment; 422 when empty or too long."""
    _check(body)
    now = hub.now()
    comment_id = hub.db.insert(
        "comments",
        id=hub.db.ticket(),
        issue_id=issue.id,
        author_id=actor.id,
        body=body,
        created_at=now,
        updated_at=now,
    )
    issues.touch(hub, issue.id)
    made = get(hub, issue.repo_id, comment_id)
    notices.add(hub, "issue_comment", "created", issue.repo_id, actor.id, made)
    return made


def edit(hub: Hub, comment: Comment, actor: User, body: str) -> None:
    """Replace the body."""
    _check(body)
    hub.db.update("comments", comment.id, body=body, updated_at=hub.now())
    hub.db.insert("comment_edits", comment_id=comment.id, editor_id=actor.id, edited_at=hub.now())
    repo_id = issues.by_id(hub, comment.issue_id).repo_id
    fresh, changes = get(hub, repo_id, comment.id), {"body": {"from": comment.body}}
    notices.add(hub, "issue_comment", "edited", repo_id, actor.id, fresh, changes=changes)


def delete(hub: Hub, comment: Comment, actor: User) -> None:
    """Remove the comment."""
    hub.db.run("DELETE FROM comments WHERE id = ?", comment.id)
    repo_id = issues.by_id(hub, comment.issue_id).repo_id
    notices.add(hub, "issue_comment", "deleted", repo_id, actor.id, comment)


def _check(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    if len(body) > MAX_BODY:
        message = f"body is too long (maximum is {MAX_BODY} characters)"
        raise invalid("IssueComment", "body", "custom", message)
