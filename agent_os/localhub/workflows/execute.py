"""Running one workflow: its jobs in order, each told to the hub as it goes."""

from collections.abc import Callable
from pathlib import Path

from agent_os.localhub.workflows import jobruns, reports
from agent_os.localhub.workflows.jobruns import Commit, Reporting
from agent_os.localhub.workflows.jobs import Job
from agent_os.localhub.workflows.plan import WorkflowFile
from agent_os.localhub.workflows.reports import JobReport

__all__ = ["JobReport", "run_workflow"]

PROBLEM_KEY = "workflow"


def run_workflow(
    git_dir: Path,
    sha: str,
    workflow: WorkflowFile,
    work_root: Path,
    log_dir: Path,
    env: dict[str, str],
    report: Callable[[JobReport], None],
    cancelled: Callable[[], bool],
    now: reports.Now = reports.utc_now,
) -> str:
    """Run the workflow in the caller's thread and return its conclusion.

    env -- GITHUB_REF, GITHUB_REPOSITORY, GITHUB_EVENT_NAME and other facts about the event.
    report -- called with each job when it is queued, at every change, and when it is completed.
    cancelled -- asked a few times a second; when true everything is killed.
    Jobs run one after the other. Returns success, failure, cancelled, skipped, or
    action_required when the workflow can't be run here; that reason is the report's summary.
    """
    reporting = Reporting(log_dir, report, cancelled, now)
    if workflow.problem is not None or not workflow.jobs:
        _report_problem(workflow, workflow.problem or f"{workflow.path}: no jobs", reporting)
        return reports.ACTION_REQUIRED
    commit = Commit(git_dir, sha, {**env, "GITHUB_WORKFLOW": workflow.name})
    for job in workflow.jobs:
        report(JobReport(job.key, job.name, reports.QUEUED))
    conclusions: dict[str, str] = {}
    for job in workflow.jobs:
        if cancelled():
            conclusions[job.key] = _without_running(job, reports.CANCELLED, reporting)
        elif not _runs(job, workflow.jobs, conclusions):
            conclusions[job.key] = _without_running(job, reports.SKIPPED, reporting)
        else:
            conclusions[job.key] = jobruns.run(job, commit, work_root, reporting)
    return _overall(set(conclusions.values()))


def _runs(job: Job, jobs: tuple[Job, ...], conclusions: dict[str, str]) -> bool:
    """Whether the job's condition holds over all jobs it needs, near and far, as on GitHub."""
    needs = {one.key: one.needs for one in jobs}
    before: set[str] = set()
    waiting = list(job.needs)
    while waiting:
        key = waiting.pop()
        if key not in before:
            before.add(key)
            waiting.extend(needs[key])
    results = {conclusions[key] for key in before}
    return job.condition.holds(
        failed=bool(results & {reports.FAILURE, reports.TIMED_OUT}),
        complete=results <= {reports.SUCCESS},
    )


def _without_running(job: Job, conclusion: str, reporting: Reporting) -> str:
    now = reporting.now()
    reporting.report(
        JobReport(
            job.key, job.name, reports.COMPLETED, conclusion, started_at=now, completed_at=now
        )
    )
    return conclusion


def _report_problem(workflow: WorkflowFile, reason: str, reporting: Reporting) -> None:
    now = reporting.now()
    reporting.report(
        JobReport(
            PROBLEM_KEY,
            workflow.name,
            reports.COMPLETED,
            reports.ACTION_REQUIRED,
            summary=reason,
            started_at=now,
            completed_at=now,
        )
    )


def _overall(conclusions: set[str]) -> str:
    if conclusions & {reports.FAILURE, reports.TIMED_OUT}:
        return reports.FAILURE
    if reports.CANCELLED in conclusions:
        return reports.CANCELLED
    return reports.SKIPPED if conclusions == {reports.SKIPPED} else reports.SUCCESS
