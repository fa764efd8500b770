"""Workflows, runs and jobs."""

from pathlib import Path
from typing import Any

from agent_os.localhub import commits, pulls
from agent_os.localhub.commits import Commit
from agent_os.localhub.jobs import Job
from agent_os.localhub.pulls import Pull
from agent_os.localhub.render import repositories, users
from agent_os.localhub.render.view import View, node_id
from agent_os.localhub.repositories import Repository
from agent_os.localhub.runs import Run, Workflow


def api_status(status: str) -> str:
    """GitHub has no word for a run about to be cancelled."""
    return "in_progress" if status == "cancelling" else status


def workflow(view: View, repo: Repository, shown: Workflow) -> dict[str, Any]:
    """A workflow file."""
    html = f"{view.base}/{repo.full_name}"
    name = Path(shown.path).name
    return {
        "id": shown.id,
        "node_id": node_id("Workflow", shown.id),
        "name": shown.name,
        "path": shown.path,
        "state": "active",
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "url": f"{view.api}/repos/{repo.full_name}/actions/workflows/{shown.id}",
        "html_url": f"{html}/blob/{repo.default_branch}/{shown.path}",
        "badge_url": f"{html}/actions/workflows/{name}/badge.svg",
    }


def run(view: View, repo: Repository, shown: Run, flow: Workflow) -> dict[str, Any]:
    """A workflow run."""
    root = f"{view.api}/repos/{repo.full_name}"
    actor = users.by_id(view, shown.actor_id)
    drawn = repositories.repository(view, repo)
    number = shown.pull_number
    pull = None if number is None else pulls.numbered(view.hub, repo.id, number)
    return _run_urls(root, shown) | {
        "id": shown.id,
        "name": flow.name,
        "node_id": node_id("WorkflowRun", shown.id),
        "head_branch": shown.branch,
        "head_sha": shown.sha,
        "path": flow.path,
        "display_title": shown.title,
        "run_number": shown.run_number,
        "event": shown.event,
        "status": api_status(shown.status),
        "conclusion": shown.conclusion,
        "workflow_id": shown.workflow_id,
        "check_suite_id": shown.suite_id,
        "check_suite_node_id": node_id("CheckSuite", shown.suite_id),
        "html_url": f"{view.base}/{repo.full_name}/actions/runs/{shown.id}",
        "pull_requests": [] if pull is None else [_pull(root, repo, shown, pull)],
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "actor": actor,
        "run_attempt": shown.attempt,
        "referenced_workflows": [],
        "run_started_at": shown.started_at,
        "triggering_actor": actor,
        "head_commit": head(commits.one(view.hub.git(repo.id), shown.sha)),
        "repository": drawn,
        "head_repository": drawn,
    }


def _run_urls(root: str, shown: Run) -> dict[str, Any]:
    url = f"{root}/actions/runs/{shown.id}"
    return {
        "url": url,
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{root}/check-suites/{shown.suite_id}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": None,
        "workflow_url": f"{root}/actions/workflows/{shown.workflow_id}",
    }


def head(shown: Commit) -> dict[str, Any]:
    """The commit as runs and suites show it."""
    return {
        "id": shown.sha,
        "tree_id": shown.tree,
        "message": shown.message,
        "timestamp": shown.committer.date,
        "author": {"name": shown.author.name, "email": shown.author.email},
        "committer": {"name": shown.committer.name, "email": shown.committer.email},
    }


def _pull(root: str, repo: Repository, shown: Run, pull: Pull) -> dict[str, Any]:
    end = {"id": repo.id, "url": root, "name": repo.name}
    return {
        "id": pull.id,
        "number": shown.pull_number,
        "url": f"{root}/pulls/{shown.pull_number}",
        "head": {"ref": shown.branch, "sha": shown.sha, "repo": end},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": end},
    }


def job(view: View, repo: Repository, shown: Job, of: Run, flow: Workflow) -> dict[str, Any]:
    """A job of a run, with its steps."""
    root = f"{view.api}/repos/{repo.full_name}"
    page = f"{view.base}/{repo.full_name}/actions/runs/{shown.run_id}/job/{shown.id}"
    return {
        "id": shown.id,
        "run_id": shown.run_id,
        "run_url": f"{root}/actions/runs/{shown.run_id}",
        "run_attempt": shown.attempt,
        "node_id": node_id("Job", shown.id),
        "head_sha": of.sha,
        "head_branch": of.branch,
        "workflow_name": flow.name,
        "url": f"{root}/actions/jobs/{shown.id}",
        "html_url": page,
        "status": shown.status,
        "conclusion": shown.conclusion,
        "created_at": shown.created_at,
        "started_at": shown.started_at or shown.created_at,
        "completed_at": shown.completed_at,
        "name": shown.name,
        "steps": shown.step_list(),
        "check_run_url": f"{root}/check-runs/{shown.check_run_id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "localhub",
        "runner_group_id": 1,
        "runner_group_name": "Default",
    }
