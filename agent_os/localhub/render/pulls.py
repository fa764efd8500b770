"""Pull requests."""

from typing import Any

from agent_os.localhub import accounts, gates, merges, pulls, reviews
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.render import issues as render_issues
from agent_os.localhub.render import repositories, users
from agent_os.localhub.render.view import View, node_id
from agent_os.localhub.repositories import Repository


def summary(view: View, repo: Repository, issue: Issue, pull: Pull) -> dict[str, Any]:
    """As lists show it: without counts and mergeability."""
    as_issue = render_issues.issue(view, repo, issue)
    same = (
        "number",
        "state",
        "locked",
        "active_lock_reason",
        "title",
        "user",
        "body",
        "created_at",
        "updated_at",
        "closed_at",
        "assignee",
        "assignees",
        "labels",
        "milestone",
        "author_association",
    )
    body = {name: as_issue[name] for name in same} | _urls(view, repo, issue, pull)
    asked = reviews.requested(view.hub, pull.id)
    drawn = repositories.repository(view, repo)
    return body | {
        "id": pull.id,
        "node_id": node_id("PullRequest", issue.id),
        "draft": pull.draft,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit_sha,
        "auto_merge": None,
        "requested_reviewers": [users.user(view, who) for who in asked],
        "requested_teams": [],
        "head": _end(view, repo, drawn, pull.head_ref, pull.head_sha),
        "base": _end(view, repo, drawn, pull.base_ref, pull.base_sha),
    }


def _urls(view: View, repo: Repository, issue: Issue, pull: Pull) -> dict[str, Any]:
    root = f"{view.api}/repos/{repo.full_name}"
    html = f"{view.base}/{repo.full_name}/pull/{issue.number}"
    url = f"{root}/pulls/{issue.number}"
    links = {
        "self": url,
        "html": html,
        "issue": f"{root}/issues/{issue.number}",
        "comments": f"{root}/issues/{issue.number}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{root}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{root}/statuses/{pull.head_sha}",
    }
    named = {f"{name}_url": links[name] for name in links if name not in ("self", "html")}
    return named | {
        "url": url,
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "_links": {name: {"href": link} for name, link in links.items()},
    }


def _end(view: View, repo: Repository, drawn: dict[str, Any], ref: str, sha: str) -> dict[str, Any]:
    owner = accounts.by_id(view.hub.db, repo.owner_id)
    return {
        "label": f"{repo.owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": users.user(view, owner),
        "repo": drawn,
    }


def full(view: View, repo: Repository, issue: Issue, pull: Pull) -> dict[str, Any]:
    """As one pull request is shown. Mergeability is computed at once, never null while open."""
    hub = view.hub
    git = hub.git(repo.id)
    size = pulls.size(git, pull)
    mergeable = merges.mergeable(git, issue, pull)
    state = gates.mergeable_state(hub, repo, pull, mergeable=bool(mergeable))
    comments = hub.db.value("SELECT count(*) FROM comments WHERE issue_id = ?", issue.id)
    return summary(view, repo, issue, pull) | {
        "merged": pull.merged,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": state,
        "merged_by": users.by_id(view, pull.merged_by_id),
        "comments": comments,
        "review_comments": len(reviews.comments_of_pull(hub, pull.id)),
        "maintainer_can_modify": False,
        "commits": size.commits,
        "additions": size.additions,
        "deletions": size.deletions,
        "changed_files": size.changed_files,
    }
