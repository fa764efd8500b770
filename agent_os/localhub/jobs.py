"""Jobs of workflow runs; each has a check run that shows how it stands."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent_os.localhub import checks
from agent_os.localhub.checks import CheckSuite
from agent_os.localhub.errors import not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.workflows.plan import WorkflowFile
from agent_os.localhub.workflows.reports import JobReport

PROBLEM_KEY = "workflow"


@dataclass(frozen=True)
class Job:
    """A job in one attempt; `steps` is JSON, `log_path` a file on this machine."""

    id: int
    run_id: int
    check_run_id: int
    key: str
    name: str
    attempt: int
    status: str
    conclusion: str | None
    steps: str
    log_path: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None

    def step_list(self) -> list[dict[str, Any]]:
        """The steps: number, name, status, conclusion, started_at, completed_at."""
        return json.loads(self.steps)

    def log(self) -> str:
        """The log so far, empty when it never ran."""
        path = Path(self.log_path) if self.log_path else None
        if path is None or not path.is_file():
            return ""
        return path.read_text(encoding="utf-8", errors="replace")


def queue(hub: Hub, suite: CheckSuite, run_id: int, attempt: int, file: WorkflowFile) -> None:
    """The jobs of a new attempt. A file that can't be run has one that will say why."""
    named = [(job.key, job.name) for job in file.jobs] or [(PROBLEM_KEY, file.name)]
    for key, name in named:
        check = checks.create(hub, suite, name)
        hub.db.insert(
            "jobs",
            run_id=run_id,
            check_run_id=check.id,
            key=key,
            name=name,
            attempt=attempt,
            status="queued",
            created_at=hub.now(),
        )


def of_run(hub: Hub, run_id: int, attempt: int | None = None) -> list[Job]:
    """The jobs of a run, of one attempt or of all."""
    sql = "SELECT * FROM jobs WHERE run_id = ?1 AND (?2 IS NULL OR attempt = ?2) ORDER BY id"
    return hub.db.all(Job, sql, run_id, attempt)


def get(hub: Hub, repo_id: int, job_id: int) -> Job:
    """By id; 404."""
    sql = "SELECT jobs.* FROM jobs JOIN runs ON runs.id = run_id WHERE repo_id = ? AND jobs.id = ?"
    job = hub.db.one(Job, sql, repo_id, job_id)
    if job is None:
        raise not_found()
    return job


def of_check(hub: Hub, check_run_id: int) -> Job | None:
    """The job behind a check run, None for checks of other apps."""
    return hub.db.one(Job, "SELECT * FROM jobs WHERE check_run_id = ?", check_run_id)


def record(hub: Hub, repo_id: int, run_id: int, attempt: int, report: JobReport) -> None:
    """Take over how a job stands."""
    sql = "SELECT * FROM jobs WHERE run_id = ? AND attempt = ? AND key = ?"
    job = hub.db.one(Job, sql, run_id, attempt, report.job_key)
    if job is None:
        return
    hub.db.update(
        "jobs",
        job.id,
        status=report.status,
        conclusion=report.conclusion,
        steps=json.dumps([asdict(step) for step in report.steps]),
        log_path=str(report.log_path) if report.log_path else None,
        started_at=report.started_at,
        completed_at=report.completed_at,
    )
    title = f"{job.name}: {report.conclusion or report.status}".replace("_", " ")
    checks.update(
        hub,
        repo_id,
        job.check_run_id,
        status=report.status,
        conclusion=report.conclusion,
        title=title,
        summary=report.summary or None,
        started_at=report.started_at,
        completed_at=report.completed_at,
    )
