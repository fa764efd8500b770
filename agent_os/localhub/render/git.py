"""Commits, changed files, refs, branches and contents."""

import base64
from typing import Any
from urllib.parse import quote

from agent_os.localhub import accounts, commits, protection
from agent_os.localhub.commits import Commit, FileChange
from agent_os.localhub.git import Git
from agent_os.localhub.protection import Protection
from agent_os.localhub.render import users
from agent_os.localhub.render.view import View, node_id
from agent_os.localhub.repositories import Repository

UNVERIFIED = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def commit(view: View, repo: Repository, shown: Commit) -> dict[str, Any]:
    """As lists show it."""
    root = f"{view.api}/repos/{repo.full_name}"
    html = f"{view.base}/{repo.full_name}/commit"
    parents = [
        {"sha": sha, "url": f"{root}/commits/{sha}", "html_url": f"{html}/{sha}"}
        for sha in shown.parents
    ]
    return {
        "sha": shown.sha,
        "node_id": f"C_{shown.sha}",
        "commit": {
            "author": vars(shown.author),
            "committer": vars(shown.committer),
            "message": shown.message,
            "tree": {"sha": shown.tree, "url": f"{root}/git/trees/{shown.tree}"},
            "url": f"{root}/git/commits/{shown.sha}",
            "comment_count": 0,
            "verification": UNVERIFIED,
        },
        "url": f"{root}/commits/{shown.sha}",
        "html_url": f"{html}/{shown.sha}",
        "comments_url": f"{root}/commits/{shown.sha}/comments",
        "author": _account(view, shown.author.email),
        "committer": _account(view, shown.committer.email),
        "parents": parents,
    }


def _account(view: View, email: str) -> dict[str, Any] | None:
    """The user a commit's address belongs to, known only for addresses the hub gave out."""
    local = email.partition("@")[0].partition("+")[2]
    who = accounts.find(view.hub.db, local) if local else None
    return users.user(view, who) if who is not None and who.email == email else None


def commit_with_files(view: View, repo: Repository, git: Git, shown: Commit) -> dict[str, Any]:
    """As one commit is shown."""
    found = commits.changes_of(git, shown)
    added, removed = sum(f.additions for f in found), sum(f.deletions for f in found)
    return commit(view, repo, shown) | {
        "stats": {"total": added + removed, "additions": added, "deletions": removed},
        "files": [file(view, repo, f, shown.sha) for f in found[: commits.MAX_FILES]],
    }


def file(view: View, repo: Repository, shown: FileChange, sha: str) -> dict[str, Any]:
    """A changed file."""
    path = quote(shown.path)
    body: dict[str, Any] = {
        "sha": shown.sha,
        "filename": shown.path,
        "status": shown.status,
        "additions": shown.additions,
        "deletions": shown.deletions,
        "changes": shown.additions + shown.deletions,
        "blob_url": f"{view.base}/{repo.full_name}/blob/{sha}/{path}",
        "raw_url": f"{view.base}/{repo.full_name}/raw/{sha}/{path}",
        "contents_url": f"{view.api}/repos/{repo.full_name}/contents/{path}?ref={sha}",
    }
    if shown.patch is not None:
        body["patch"] = shown.patch
    if shown.previous is not None:
        body["previous_filename"] = shown.previous
    return body


def ref(view: View, repo: Repository, name: str, sha: str, kind: str) -> dict[str, Any]:
    """A git ref; `name` is full, like refs/heads/main."""
    root = f"{view.api}/repos/{repo.full_name}/git"
    return {
        "ref": name,
        "node_id": node_id("Ref", repo.id) + name,
        "url": f"{root}/{name}",
        "object": {"sha": sha, "type": kind, "url": f"{root}/{kind}s/{sha}"},
    }


def branch(view: View, repo: Repository, name: str, sha: str) -> dict[str, Any]:
    """As lists show it."""
    rules = protection.get(view.hub, repo.id, name)
    root = f"{view.api}/repos/{repo.full_name}"
    checks = [] if rules is None else rules.contexts or []
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{root}/commits/{sha}"},
        "protected": rules is not None,
        "protection": {
            "enabled": rules is not None,
            "required_status_checks": {
                "enforcement_level": "everyone" if checks else "off",
                "contexts": checks,
                "checks": [{"context": name, "app_id": None} for name in checks],
            },
        },
        "protection_url": f"{root}/branches/{name}/protection",
    }


def branch_full(view: View, repo: Repository, git: Git, name: str, sha: str) -> dict[str, Any]:
    """As one branch is shown."""
    drawn = branch(view, repo, name, sha)
    drawn["commit"] = commit(view, repo, commits.one(git, sha))
    root = f"{view.api}/repos/{repo.full_name}/branches/{name}"
    html = f"{view.base}/{repo.full_name}/tree/{name}"
    return drawn | {"_links": {"self": root, "html": html}}


def required_checks(view: View, repo: Repository, name: str, rules: Protection) -> dict[str, Any]:
    """The required status checks of a protected branch."""
    url = f"{view.api}/repos/{repo.full_name}/branches/{name}/protection/required_status_checks"
    contexts = rules.contexts or []
    return {
        "url": url,
        "strict": rules.strict,
        "contexts": contexts,
        "contexts_url": f"{url}/contexts",
        "checks": [{"context": context, "app_id": None} for context in contexts],
    }


def branch_protection(view: View, repo: Repository, name: str, rules: Protection) -> dict[str, Any]:
    """A branch's protection."""
    url = f"{view.api}/repos/{repo.full_name}/branches/{name}/protection"
    body: dict[str, Any] = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": rules.enforce_admins},
        "required_linear_history": {"enabled": False},
        "allow_force_pushes": {"enabled": True},
        "allow_deletions": {"enabled": True},
    }
    if rules.contexts is not None:
        body["required_status_checks"] = required_checks(view, repo, name, rules)
    if rules.approvals:
        body["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": False,
            "require_code_owner_reviews": False,
            "required_approving_review_count": rules.approvals,
        }
    return body


def content(
    view: View, repo: Repository, at: str, path: str, kind: str, sha: str, data: bytes | None
) -> dict[str, Any]:
    """A file (with `data`) or an entry of a directory at the ref `at`."""
    root = f"{view.api}/repos/{repo.full_name}"
    url = f"{root}/contents/{quote(path)}?ref={quote(at)}"
    folder = "tree" if kind == "dir" else "blob"
    git_url = f"{root}/git/{folder}s/{sha}"
    html = f"{view.base}/{repo.full_name}/{folder}/{quote(at)}/{quote(path)}"
    download = f"{view.base}/{repo.full_name}/raw/{quote(at)}/{quote(path)}"
    body: dict[str, Any] = {
        "type": kind,
        "size": len(data or b""),
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": git_url,
        "html_url": html,
        "download_url": None if kind == "dir" else download,
        "_links": {"self": url, "git": git_url, "html": html},
    }
    if data is not None:
        body |= {"encoding": "base64", "content": base64.encodebytes(data).decode()}
    return body
