"""Repositories."""

from typing import Any

from agent_os.localhub import accounts, repositories
from agent_os.localhub.accounts import User
from agent_os.localhub.render import users
from agent_os.localhub.render.view import View, node_id
from agent_os.localhub.repositories import Repository

TEMPLATES = {
    "archive": "{archive_format}{/ref}",
    "assignees": "{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "{/branch}",
    "collaborators": "{/collaborator}",
    "comments": "{/number}",
    "commits": "{/sha}",
    "compare": "/{base}...{head}",
    "contents": "/{+path}",
    "issues": "{/number}",
    "labels": "{/name}",
    "pulls": "{/number}",
    "statuses": "/{sha}",
}
LISTS = (
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "hooks",
    "languages",
    "merges",
    "stargazers",
    "subscribers",
    "subscription",
    "tags",
    "teams",
)


def repository(view: View, repo: Repository, viewer: User | None = None) -> dict[str, Any]:
    """The full form; `permissions` for the viewer when given."""
    body = _names(view, repo) | _urls(view, repo) | _settings(view, repo)
    if viewer is not None:
        level = repositories.permission(view.hub, repo, viewer)
        writes = level in ("admin", "write")
        body["permissions"] = {
            "admin": level == "admin",
            "maintain": level == "admin",
            "push": writes,
            "triage": writes,
            "pull": True,
        }
    return body


def _names(view: View, repo: Repository) -> dict[str, Any]:
    return {
        "id": repo.id,
        "node_id": node_id("Repository", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": users.user(view, accounts.by_id(view.hub.db, repo.owner_id)),
        "html_url": f"{view.base}/{repo.full_name}",
        "description": repo.description,
        "fork": False,
    }


def _urls(view: View, repo: Repository) -> dict[str, Any]:
    url = f"{view.api}/repos/{repo.full_name}"
    clone = f"{view.base}/{repo.full_name}.git"
    body: dict[str, Any] = {"url": url}
    body |= {f"{name}_url": f"{url}/{name}{rest}" for name, rest in TEMPLATES.items()}
    body |= {f"{name}_url": f"{url}/{name}" for name in LISTS}
    return body | {
        "archive_url": f"{url}/{{archive_format}}{{/ref}}",
        "blobs_url": f"{url}/git/blobs{{/sha}}",
        "git_commits_url": f"{url}/git/commits{{/sha}}",
        "git_refs_url": f"{url}/git/refs{{/sha}}",
        "git_tags_url": f"{url}/git/tags{{/sha}}",
        "trees_url": f"{url}/git/trees{{/sha}}",
        "issue_comment_url": f"{url}/issues/comments{{/number}}",
        "issue_events_url": f"{url}/issues/events{{/number}}",
        "keys_url": f"{url}/keys{{/key_id}}",
        "milestones_url": f"{url}/milestones{{/number}}",
        "notifications_url": f"{url}/notifications{{?since,all,participating}}",
        "releases_url": f"{url}/releases{{/id}}",
        "clone_url": clone,
        "git_url": clone,
        "ssh_url": clone,
        "svn_url": f"{view.base}/{repo.full_name}",
        "mirror_url": None,
        "homepage": None,
    }


def _settings(view: View, repo: Repository) -> dict[str, Any]:
    count = "SELECT count(*) FROM issues WHERE repo_id = ? AND state = 'open' AND NOT deleted"
    open_issues = view.hub.db.value(count, repo.id)
    return {
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": True,
        "has_projects": False,
        "has_wiki": False,
        "has_pages": False,
        "has_downloads": False,
        "has_discussions": False,
        "forks_count": 0,
        "archived": repo.archived,
        "disabled": False,
        "open_issues_count": open_issues,
        "license": None,
        "allow_forking": False,
        "is_template": False,
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "forks": 0,
        "open_issues": open_issues,
        "watchers": 0,
        "default_branch": repo.default_branch,
        "created_at": repo.created_at,
        "updated_at": repo.updated_at,
        "pushed_at": repo.pushed_at or repo.created_at,
        "allow_merge_commit": repo.allow_merge_commit,
        "allow_squash_merge": repo.allow_squash_merge,
        "allow_rebase_merge": repo.allow_rebase_merge,
        "allow_auto_merge": False,
        "allow_update_branch": False,
        "delete_branch_on_merge": repo.delete_branch_on_merge,
        "network_count": 0,
        "subscribers_count": 0,
    }
