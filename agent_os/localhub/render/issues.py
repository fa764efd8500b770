"""Issues, labels, comments and events."""

from typing import Any
from urllib.parse import quote

from agent_os.localhub import accounts, comments, issues, labels, pulls, reactions
from agent_os.localhub.comments import Comment
from agent_os.localhub.issues import Issue
from agent_os.localhub.labels import Label
from agent_os.localhub.reactions import Reaction
from agent_os.localhub.render import users
from agent_os.localhub.render.view import View, node_id
from agent_os.localhub.repositories import Repository
from agent_os.localhub.timeline import Event

NO_REACTIONS = {
    "total_count": 0,
    "+1": 0,
    "-1": 0,
    "laugh": 0,
    "hooray": 0,
    "confused": 0,
    "heart": 0,
    "rocket": 0,
    "eyes": 0,
}


def label(view: View, repo: Repository, shown: Label) -> dict[str, Any]:
    """A label."""
    return {
        "id": shown.id,
        "node_id": node_id("Label", shown.id),
        "url": f"{view.api}/repos/{repo.full_name}/labels/{quote(shown.name, safe='')}",
        "name": shown.name,
        "color": shown.color,
        "default": False,
        "description": shown.description,
    }


def _association(repo: Repository, user_id: int) -> str:
    return "OWNER" if user_id == repo.owner_id else "MEMBER"


def issue(view: View, repo: Repository, shown: Issue) -> dict[str, Any]:
    """An issue, or a pull request as the issue lists show it (with `pull_request`)."""
    hub = view.hub
    url = f"{view.api}/repos/{repo.full_name}/issues/{shown.number}"
    folder = "pull" if shown.is_pull else "issues"
    kind = "PullRequest" if shown.is_pull else "Issue"
    assigned = [users.user(view, who) for who in issues.assignees(hub, shown.id)]
    body: dict[str, Any] = {
        "url": url,
        "repository_url": f"{view.api}/repos/{repo.full_name}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{view.base}/{repo.full_name}/{folder}/{shown.number}",
        "id": shown.id,
        "node_id": node_id(kind, shown.id),
        "number": shown.number,
        "title": shown.title,
        "user": users.by_id(view, shown.author_id),
        "labels": [label(view, repo, each) for each in labels.of_issue(hub, shown.id)],
        "state": shown.state,
        "state_reason": shown.state_reason,
        "locked": False,
        "active_lock_reason": None,
        "assignee": assigned[0] if assigned else None,
        "assignees": assigned,
        "milestone": None,
        "comments": comments.count(hub, shown.id),
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "closed_at": shown.closed_at,
        "author_association": _association(repo, shown.author_id),
        "body": shown.body,
        "closed_by": users.by_id(view, shown.closed_by_id),
        "reactions": {"url": f"{url}/reactions", **NO_REACTIONS},
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
    }
    return body | (_pull_part(view, repo, shown) if shown.is_pull else {})


def _pull_part(view: View, repo: Repository, shown: Issue) -> dict[str, Any]:
    pull = pulls.of_issue(view.hub, shown)
    html = f"{view.base}/{repo.full_name}/pull/{shown.number}"
    return {
        "draft": pull.draft,
        "pull_request": {
            "url": f"{view.api}/repos/{repo.full_name}/pulls/{shown.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "merged_at": pull.merged_at,
        },
    }


def comment(view: View, repo: Repository, shown: Comment) -> dict[str, Any]:
    """A comment."""
    parent = issues.by_id(view.hub, shown.issue_id)
    folder = "pull" if parent.is_pull else "issues"
    url = f"{view.api}/repos/{repo.full_name}/issues/comments/{shown.id}"
    html = f"{view.base}/{repo.full_name}/{folder}/{parent.number}#issuecomment-{shown.id}"
    return {
        "url": url,
        "html_url": html,
        "issue_url": f"{view.api}/repos/{repo.full_name}/issues/{parent.number}",
        "id": shown.id,
        "node_id": node_id("IssueComment", shown.id),
        "user": users.by_id(view, shown.author_id),
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "author_association": _association(repo, shown.author_id),
        "body": shown.body,
        "reactions": {"url": f"{url}/reactions", **reactions.counts(view.hub, shown.id)},
        "performed_via_github_app": None,
    }


def reaction(view: View, shown: Reaction) -> dict[str, Any]:
    """A reaction to a comment."""
    return {
        "id": shown.id,
        "node_id": node_id("Reaction", shown.id),
        "user": users.by_id(view, shown.user_id),
        "content": shown.content,
        "created_at": shown.created_at,
    }


def event(view: View, repo: Repository, shown: Event) -> dict[str, Any]:
    """An event, with the fields of its kind."""
    commit = f"{view.api}/repos/{repo.full_name}/commits/{shown.commit_id}"
    body: dict[str, Any] = {
        "id": shown.id,
        "node_id": node_id("Event", shown.id),
        "url": f"{view.api}/repos/{repo.full_name}/issues/events/{shown.id}",
        "actor": users.by_id(view, shown.actor_id),
        "event": shown.kind,
        "commit_id": shown.commit_id,
        "commit_url": commit if shown.commit_id else None,
        "created_at": shown.created_at,
        "performed_via_github_app": None,
    }
    for name, value in shown.fields().items():
        if name in ("assignee", "requested_reviewer", "review_requester"):
            who = accounts.find(view.hub.db, str(value))
            body[name] = users.user(view, who) if who else None
        else:
            body[name] = value
    if shown.kind in ("assigned", "unassigned"):
        body["assigner"] = body["actor"]
    return body


def event_with_issue(view: View, repo: Repository, shown: Event) -> dict[str, Any]:
    """As the repository's list of events shows it."""
    parent = issues.by_id(view.hub, shown.issue_id)
    return event(view, repo, shown) | {"issue": issue(view, repo, parent)}
