"""Commit statuses."""

from agent_os.localhub import statuses
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import Refusal
from agent_os.localhub.render import checks as render
from agent_os.localhub.render import repositories
from agent_os.localhub.repositories import Repository


def _commit(call: Call, repo: Repository) -> str:
    sha = call.hub.git(repo.id).resolve(call.params["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.params['ref']}")
    return sha


def create(call: Call) -> Reply:
    """POST a status: state, context, description, target_url."""
    repo = call.writable()
    status = statuses.create(
        call.hub,
        repo.id,
        call.user,
        _commit(call, repo),
        state=call.need("state", "Status"),
        context=call.text("context") or "default",
        description=call.text("description"),
        target_url=call.text("target_url"),
    )
    return Reply(201, render.status(call.view, repo, status))


def list_all(call: Call) -> Reply:
    """GET every status of a ref, newest first."""
    repo = call.repo()
    found = statuses.of_commit(call.hub, repo.id, _commit(call, repo))
    return call.paged(found, lambda each: render.status(call.view, repo, each))


def combined(call: Call) -> Reply:
    """GET the combined status of a ref; the page holds the newest of each context."""
    repo = call.repo()
    sha = _commit(call, repo)
    found = statuses.latest(call.hub, repo.id, sha)
    chosen, headers = call.page(found)
    root = f"{call.view.api}/repos/{repo.full_name}"
    body = {
        "state": statuses.combined(found),
        "statuses": [render.status(call.view, repo, each) for each in chosen],
        "sha": sha,
        "total_count": len(found),
        "repository": repositories.repository(call.view, repo),
        "commit_url": f"{root}/commits/{sha}",
        "url": f"{root}/commits/{sha}/status",
    }
    return Reply(200, body, headers)


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("POST", f"{REPO}/statuses/{{ref}}", create),
    ("GET", f"{REPO}/statuses/{{ref}}", list_all),
    ("GET", f"{REPO}/commits/{{ref:path}}/statuses", list_all),
    ("GET", f"{REPO}/commits/{{ref:path}}/status", combined),
]
