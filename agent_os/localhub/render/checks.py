"""Check suites, check runs and commit statuses."""

from typing import Any

from agent_os.localhub import accounts, checks, commits, jobs
from agent_os.localhub.checks import CheckRun, CheckSuite
from agent_os.localhub.render import actions, repositories, users
from agent_os.localhub.render.view import View, node_id
from agent_os.localhub.repositories import Repository
from agent_os.localhub.statuses import Status


def app(view: View, repo: Repository, slug: str) -> dict[str, Any]:
    """Whose checks they are."""
    number = 15368 if slug == checks.ACTIONS_APP else 1
    return {
        "id": number,
        "slug": slug,
        "node_id": node_id("App", number),
        "owner": users.by_id(view, repo.owner_id),
        "name": "GitHub Actions" if slug == checks.ACTIONS_APP else slug,
        "description": "",
        "external_url": view.base,
        "html_url": f"{view.base}/apps/{slug}",
        "created_at": "2018-07-30T09:30:17Z",
        "updated_at": "2018-07-30T09:30:17Z",
        "permissions": {"checks": "write", "metadata": "read"},
        "events": [],
    }


def run(view: View, repo: Repository, shown: CheckRun) -> dict[str, Any]:
    """A check run; one that is a job leads to its page."""
    root = f"{view.api}/repos/{repo.full_name}"
    job = jobs.of_check(view.hub, shown.id)
    html = f"{view.base}/{repo.full_name}/runs/{shown.id}"
    if job is not None:
        html = f"{view.base}/{repo.full_name}/actions/runs/{job.run_id}/job/{job.id}"
    slug = checks.suite(view.hub, repo.id, shown.suite_id).app
    return {
        "id": shown.id,
        "name": shown.name,
        "node_id": node_id("CheckRun", shown.id),
        "head_sha": shown.sha,
        "external_id": shown.external_id or "",
        "url": f"{root}/check-runs/{shown.id}",
        "html_url": html,
        "details_url": shown.details_url or html,
        "status": shown.status,
        "conclusion": shown.conclusion,
        "started_at": shown.started_at,
        "completed_at": shown.completed_at,
        "output": {
            "title": shown.title,
            "summary": shown.summary,
            "text": shown.text,
            "annotations_count": 0,
            "annotations_url": f"{root}/check-runs/{shown.id}/annotations",
        },
        "check_suite": {"id": shown.suite_id},
        "app": app(view, repo, slug),
        "pull_requests": [],
    }


def suite(view: View, repo: Repository, shown: CheckSuite) -> dict[str, Any]:
    """A check suite; its state comes from its runs."""
    found = checks.in_suite(view.hub, shown.id)
    status, conclusion = checks.suite_state(found)
    url = f"{view.api}/repos/{repo.full_name}/check-suites/{shown.id}"
    return {
        "id": shown.id,
        "node_id": node_id("CheckSuite", shown.id),
        "head_branch": shown.branch,
        "head_sha": shown.sha,
        "head_commit": actions.head(commits.one(view.hub.git(repo.id), shown.sha)),
        "status": status,
        "conclusion": conclusion,
        "url": url,
        "before": None,
        "after": shown.sha,
        "pull_requests": [],
        "app": app(view, repo, shown.app),
        "repository": repositories.repository(view, repo),
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "latest_check_runs_count": len(found),
        "check_runs_url": f"{url}/check-runs",
    }


def run_told(view: View, repo: Repository, shown: CheckRun, of: CheckSuite) -> dict[str, Any]:
    """A check run as webhooks have it: with its suite."""
    drawn = suite(view, repo, of)
    same = ("id", "node_id", "head_branch", "head_sha", "status", "conclusion", "url", "before",
            "after", "pull_requests", "app", "created_at", "updated_at")  # fmt: skip
    return run(view, repo, shown) | {"check_suite": {name: drawn[name] for name in same}}


def suite_told(view: View, repo: Repository, shown: CheckSuite) -> dict[str, Any]:
    """A check suite as webhooks have it."""
    drawn = suite(view, repo, shown)
    del drawn["repository"]
    return drawn


def status(view: View, repo: Repository, shown: Status) -> dict[str, Any]:
    """A commit status."""
    creator = accounts.by_id(view.hub.db, shown.creator_id)
    return {
        "url": f"{view.api}/repos/{repo.full_name}/statuses/{shown.sha}",
        "avatar_url": users.avatar(view, creator.login),
        "id": shown.id,
        "node_id": node_id("StatusContext", shown.id),
        "state": shown.state,
        "description": shown.description,
        "target_url": shown.target_url,
        "context": shown.context,
        "created_at": shown.created_at,
        "updated_at": shown.created_at,
        "creator": users.user(view, creator),
    }
