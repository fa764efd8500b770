"""Reviews and review comments."""

from typing import Any

from agent_os.localhub.issues import Issue
from agent_os.localhub.render import users
from agent_os.localhub.render.issues import NO_REACTIONS
from agent_os.localhub.render.view import View, node_id
from agent_os.localhub.repositories import Repository
from agent_os.localhub.reviews import Review, ReviewComment


def review(view: View, repo: Repository, issue: Issue, shown: Review) -> dict[str, Any]:
    """A review."""
    pull_url = f"{view.api}/repos/{repo.full_name}/pulls/{issue.number}"
    html = f"{view.base}/{repo.full_name}/pull/{issue.number}#pullrequestreview-{shown.id}"
    body: dict[str, Any] = {
        "id": shown.id,
        "node_id": node_id("PullRequestReview", shown.id),
        "user": users.by_id(view, shown.author_id),
        "body": shown.body,
        "state": shown.state,
        "html_url": html,
        "pull_request_url": pull_url,
        "author_association": "MEMBER",
        "_links": {"html": {"href": html}, "pull_request": {"href": pull_url}},
        "commit_id": shown.commit_id,
    }
    if shown.submitted_at is not None:
        body["submitted_at"] = shown.submitted_at
    return body


def comment(view: View, repo: Repository, issue: Issue, shown: ReviewComment) -> dict[str, Any]:
    """A comment on a line."""
    pull_url = f"{view.api}/repos/{repo.full_name}/pulls/{issue.number}"
    url = f"{view.api}/repos/{repo.full_name}/pulls/comments/{shown.id}"
    html = f"{view.base}/{repo.full_name}/pull/{issue.number}#discussion_r{shown.id}"
    body: dict[str, Any] = {
        "url": url,
        "pull_request_review_id": shown.review_id,
        "id": shown.id,
        "node_id": node_id("PullRequestReviewComment", shown.id),
        "diff_hunk": "",
        "path": shown.path,
        "position": shown.line,
        "original_position": shown.line,
        "commit_id": shown.commit_id,
        "original_commit_id": shown.commit_id,
        "user": users.by_id(view, shown.author_id),
        "body": shown.body,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "html_url": html,
        "pull_request_url": pull_url,
        "author_association": "MEMBER",
        "reactions": {"url": f"{url}/reactions", **NO_REACTIONS},
        "_links": {
            "self": {"href": url},
            "html": {"href": html},
            "pull_request": {"href": pull_url},
        },
        "line": shown.line,
        "original_line": shown.line,
        "side": shown.side,
        "start_line": None,
        "original_start_line": None,
        "start_side": None,
        "subject_type": "line" if shown.line else "file",
    }
    if shown.reply_to_id is not None:
        body["in_reply_to_id"] = shown.reply_to_id
    return body
