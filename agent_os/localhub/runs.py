"""Workflows and their runs."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agent_os.localhub import checks, jobs
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal, not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.repositories import Repository
from agent_os.localhub.workflows import plan
from agent_os.localhub.workflows.plan import WorkflowFile
from agent_os.localhub.workflows.reports import JobReport


@dataclass(frozen=True)
class Workflow:
    """A workflow file the repository has had."""

    id: int
    repo_id: int
    path: str
    name: str
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Run:
    """One run of a workflow; `attempt` counts from 1."""

    id: int
    repo_id: int
    workflow_id: int
    suite_id: int
    event: str
    branch: str
    sha: str
    title: str
    status: str
    conclusion: str | None
    run_number: int
    attempt: int
    pull_number: int | None
    actor_id: int
    created_at: str
    updated_at: str
    started_at: str


@dataclass(frozen=True)
class Cause:
    """Why runs start. `target` is matched against a workflow's branch filters: the pushed
    branch, or the branch a pull request is to be merged into."""

    event: str
    branch: str
    sha: str
    target: str
    pull_number: int | None = None


# Safe to keep: a commit's files never change.
@lru_cache(maxsize=512)
def workflow_files(git_dir: Path, sha: str) -> tuple[WorkflowFile, ...]:
    """The workflow files at a commit."""
    return tuple(plan.workflows_at(git_dir, sha))


def start(hub: Hub, repo: Repository, actor: User, cause: Cause) -> None:
    """Queue a run of every workflow at the commit that listens to the cause."""
    if not hub.workflows:
        return
    for file in workflow_files(hub.git_dir(repo.id), cause.sha):
        if file.matches(cause.event, cause.target):
            _queue(hub, repo, actor, cause, file)
            hub.ci_wake.set()


def _queue(hub: Hub, repo: Repository, actor: User, cause: Cause, file: WorkflowFile) -> None:
    flow = _workflow(hub, repo.id, file)
    suite = checks.new_suite(hub, repo.id, cause.sha, cause.branch, checks.ACTIONS_APP)
    now = hub.now()
    count = "SELECT count(*) FROM runs WHERE workflow_id = ?"
    run_id = hub.db.insert(
        "runs",
        repo_id=repo.id,
        workflow_id=flow.id,
        suite_id=suite.id,
        event=cause.event,
        branch=cause.branch,
        sha=cause.sha,
        title=hub.git(repo.id).text("show", "-s", "--format=%s", cause.sha),
        status="queued",
        run_number=hub.db.value(count, flow.id) + 1,
        pull_number=cause.pull_number,
        actor_id=actor.id,
        created_at=now,
        updated_at=now,
        started_at=now,
    )
    jobs.queue(hub, suite, run_id, 1, file)


def _workflow(hub: Hub, repo_id: int, file: WorkflowFile) -> Workflow:
    sql = "SELECT * FROM workflows WHERE repo_id = ? AND path = ?"
    found = hub.db.one(Workflow, sql, repo_id, file.path)
    now = hub.now()
    if found is None:
        hub.db.insert(
            "workflows",
            repo_id=repo_id,
            path=file.path,
            name=file.name,
            created_at=now,
            updated_at=now,
        )
    elif found.name != file.name:
        hub.db.update("workflows", found.id, name=file.name, updated_at=now)
    flow = hub.db.one(Workflow, sql, repo_id, file.path)
    if flow is None:
        raise not_found()
    return flow


def workflows(hub: Hub, repo_id: int) -> list[Workflow]:
    """By id."""
    return hub.db.all(Workflow, "SELECT * FROM workflows WHERE repo_id = ? ORDER BY id", repo_id)


def workflow(hub: Hub, repo_id: int, name: str) -> Workflow:
    """By id or file name; 404."""
    for found in workflows(hub, repo_id):
        if name in (str(found.id), found.path, Path(found.path).name):
            return found
    raise not_found()


def of_repository(hub: Hub, repo_id: int) -> list[Run]:
    """Newest first."""
    return hub.db.all(Run, "SELECT * FROM runs WHERE repo_id = ? ORDER BY id DESC", repo_id)


def get(hub: Hub, repo_id: int, run_id: int) -> Run:
    """By id; 404."""
    run = hub.db.one(Run, "SELECT * FROM runs WHERE repo_id = ? AND id = ?", repo_id, run_id)
    if run is None:
        raise not_found()
    return run


def file_of(hub: Hub, run: Run) -> WorkflowFile | None:
    """The workflow file as it was at the run's commit."""
    sql = "SELECT path FROM workflows WHERE id = ?"
    path = hub.db.value(sql, run.workflow_id)
    found = workflow_files(hub.git_dir(run.repo_id), run.sha)
    return next((file for file in found if file.path == path), None)


def rerun(hub: Hub, run: Run, actor: User) -> None:
    """Another attempt of a completed run; 403 while it is running."""
    if run.status != "completed":
        raise Refusal(403, "The workflow run is already running")
    file = file_of(hub, run)
    if file is None:
        raise not_found()
    now = hub.now()
    hub.db.update(
        "runs",
        run.id,
        status="queued",
        conclusion=None,
        attempt=run.attempt + 1,
        actor_id=actor.id,
        started_at=now,
        updated_at=now,
    )
    suite = checks.suite(hub, run.repo_id, run.suite_id)
    jobs.queue(hub, suite, run.id, run.attempt + 1, file)
    hub.ci_wake.set()


def cancel(hub: Hub, run: Run) -> None:
    """Stop it: at once when it has not begun, else as soon as possible. 409 when it is
    completed."""
    if run.status == "completed":
        raise Refusal(409, "Cannot cancel a workflow run that is completed")
    if run.status == "queued":
        conclude(hub, run, "cancelled")
        return
    hub.db.update("runs", run.id, status="cancelling", updated_at=hub.now())
    hub.ci_wake.set()


def conclude(hub: Hub, run: Run, conclusion: str) -> None:
    """Complete the run, and those of its jobs that are not."""
    for job in jobs.of_run(hub, run.id, run.attempt):
        if job.status != "completed":
            report = JobReport(job.key, job.name, "completed", conclusion)
            jobs.record(hub, run.repo_id, run.id, run.attempt, report)
    now = hub.now()
    hub.db.update("runs", run.id, status="completed", conclusion=conclusion, updated_at=now)
