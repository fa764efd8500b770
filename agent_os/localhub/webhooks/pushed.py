"""Payloads about commits: pushes and statuses."""

from datetime import datetime
from typing import Any

from agent_os.localhub import accounts, commits
from agent_os.localhub.commits import Commit
from agent_os.localhub.git import NO_OBJECT, Git
from agent_os.localhub.render import checks as render_checks
from agent_os.localhub.render import git as render_git
from agent_os.localhub.render import repositories as render_repositories
from agent_os.localhub.render import users
from agent_os.localhub.render.view import View
from agent_os.localhub.repositories import Repository
from agent_os.localhub.webhooks.notices import Notice

Json = dict[str, Any]
MOST_COMMITS = 2048


def push(view: View, repo: Repository, notice: Notice) -> Json:
    """A ref that moved: `ref`, `before` and `after` (None is absent) in the notice."""
    before, after = notice.extra["before"], notice.extra["after"]
    git = view.hub.git(repo.id)
    found = [] if after is None else _new_commits(git, notice.extra["ref"], before, after)
    drawn = [_commit(view, repo, git, each) for each in found]
    span = f"{(before or '')[:12]}...{(after or '')[:12]}"
    root = f"{view.base}/{repo.full_name}"
    head = None if after is None else _commit(view, repo, git, commits.one(git, after))
    who = None if notice.actor_id is None else accounts.by_id(view.hub.db, notice.actor_id)
    return {
        "ref": notice.extra["ref"],
        "before": before or NO_OBJECT,
        "after": after or NO_OBJECT,
        "created": before is None,
        "deleted": after is None,
        "forced": bool(before and after and not git.is_ancestor(before, after)),
        "base_ref": None,
        "compare": f"{root}/compare/{span}" if before and after else f"{root}/commits",
        "commits": drawn,
        "head_commit": head,
        "pusher": {"name": who.login, "email": who.email} if who else {"name": repo.owner},
    }


def _new_commits(git: Git, ref: str, before: str | None, after: str) -> list[Commit]:
    """Oldest first; of a new branch, those that no other branch has."""
    others = [f"^{sha}" for other, sha in git.refs("refs/heads/").items() if other != ref]
    span = [f"^{before}"] if before else others
    return commits.log(git, "--reverse", f"-{MOST_COMMITS}", after, *span)


def _commit(view: View, repo: Repository, git: Git, shown: Commit) -> Json:
    found = commits.changes_of(git, shown)
    return {
        "id": shown.sha,
        "tree_id": shown.tree,
        "distinct": True,
        "message": shown.message,
        "timestamp": shown.committer.date,
        "url": f"{view.base}/{repo.full_name}/commit/{shown.sha}",
        "author": {"name": shown.author.name, "email": shown.author.email},
        "committer": {"name": shown.committer.name, "email": shown.committer.email},
        "added": [each.path for each in found if each.status in ("added", "copied", "renamed")],
        "removed": [
            each.previous or each.path for each in found if each.status in ("removed", "renamed")
        ],
        "modified": [each.path for each in found if each.status in ("modified", "changed")],
    }


def repository(view: View, repo: Repository) -> Json:
    """As pushes have it: times in seconds since 1970, and the owner's name."""
    drawn = render_repositories.repository(view, repo)
    owner = accounts.by_id(view.hub.db, repo.owner_id)
    for name in ("created_at", "pushed_at"):
        drawn[name] = int(datetime.fromisoformat(drawn[name]).timestamp())
    drawn["owner"] = users.user(view, owner) | {"name": owner.login, "email": None}
    return drawn | {"stargazers": 0, "master_branch": repo.default_branch}


def status(view: View, repo: Repository, notice: Notice) -> Json:
    """A status of a commit, with the branches whose head it is."""
    git = view.hub.git(repo.id)
    shown = notice.subject
    drawn = render_checks.status(view, repo, shown)
    root = f"{view.api}/repos/{repo.full_name}"
    heads = [
        {
            "name": ref.removeprefix("refs/heads/"),
            "commit": {"sha": sha, "url": f"{root}/commits/{sha}"},
            "protected": False,
        }
        for ref, sha in git.refs("refs/heads/").items()
        if sha == shown.sha
    ]
    same = ("id", "avatar_url", "target_url", "context", "description", "state")
    times = {"created_at": shown.created_at, "updated_at": shown.created_at}
    return {name: drawn[name] for name in same} | {
        "sha": shown.sha,
        "name": repo.full_name,
        "commit": render_git.commit(view, repo, commits.one(git, shown.sha)),
        "branches": heads,
        **times,
    }
