"""Workflow runs and the logs of their jobs."""

from dataclasses import dataclass

from starlette.responses import Response

from agent_os.localhub import checks, jobs, repositories, runs
from agent_os.localhub.hub import Hub
from agent_os.localhub.jobs import Job
from agent_os.localhub.pages import logs, verdicts, visits
from agent_os.localhub.pages.logs import Section
from agent_os.localhub.pages.names import Names
from agent_os.localhub.pages.site import Site
from agent_os.localhub.pages.visits import Visit
from agent_os.localhub.repositories import Repository
from agent_os.localhub.runs import Run

MAX_ROWS = 200


@dataclass(frozen=True)
class Step:
    """A step and its part of the log, None when it wrote none."""

    name: str
    state: str
    log: Section | None


@dataclass(frozen=True)
class JobView:
    """A job as its run's page shows it; `rest` is log text that belongs to no step."""

    job: Job
    state: str
    summary: str
    steps: list[Step]
    rest: list[Section]


def listing(site: Site, visit: Visit) -> Response:
    """The newest runs."""
    hub = site.hub
    with hub.db.transaction():
        repo = visit.repo()
        names = Names(hub)
        flows = {flow.id: flow.name for flow in runs.workflows(hub, repo.id)}
        found = [
            (run, flows[run.workflow_id], _state(run), names.login(run.actor_id))
            for run in runs.of_repository(hub, repo.id)[:MAX_ROWS]
        ]
    return site.page(
        visit,
        "actions.html",
        repo=repo,
        tab="actions",
        rows=found,
        refresh=any(run.status != "completed" for run, *_ in found),
    )


def show(site: Site, visit: Visit) -> Response:
    """One run: its jobs, their steps and logs."""
    hub = site.hub
    with hub.db.transaction():
        repo = visit.repo()
        run = runs.get(hub, repo.id, visit.number("run"))
        names = {flow.id: flow.name for flow in runs.workflows(hub, repo.id)}
        actor = Names(hub).login(run.actor_id)
        found = [(job, _summary(hub, repo, job)) for job in jobs.of_run(hub, run.id, run.attempt)]
        writer = visit.user is not None and repositories.can_write(hub, repo, visit.user)
    return site.page(
        visit,
        "run.html",
        repo=repo,
        tab="actions",
        run=run,
        workflow=names[run.workflow_id],
        state=_state(run),
        actor=actor,
        jobs=[_view(job, summary) for job, summary in found],
        writer=writer,
        refresh=run.status != "completed",
    )


def job(site: Site, visit: Visit) -> Response:
    """A job's own address leads to its place on the run's page."""
    with site.hub.db.transaction():
        repo = visit.repo()
        found = jobs.get(site.hub, repo.id, visit.number("job"))
    return visits.back(f"/{repo.full_name}/actions/runs/{found.run_id}#job-{found.id}")


def check(site: Site, visit: Visit) -> Response:
    """A check run's address: its job, or the checks of its commit."""
    with site.hub.db.transaction():
        repo = visit.repo()
        run = checks.get(site.hub, repo.id, visit.number("check"))
        found = jobs.of_check(site.hub, run.id)
    if found is None:
        return visits.back(f"/{repo.full_name}/commit/{run.sha}")
    return visits.back(f"/{repo.full_name}/actions/runs/{found.run_id}#job-{found.id}")


def _state(run: Run) -> str:
    return verdicts.state(run.status, run.conclusion)


def _summary(hub: Hub, repo: Repository, job: Job) -> str:
    return checks.get(hub, repo.id, job.check_run_id).summary or ""


def _view(job: Job, summary: str) -> JobView:
    left = logs.sections(job.log())
    listed = [
        (one["name"], verdicts.state(one["status"], one["conclusion"])) for one in job.step_list()
    ]
    found: list[Step] = []
    for number, (name, state) in enumerate(listed):
        log = None
        if left and left[0].title == name and state not in ("skipped", "pending"):
            log = left.pop(0)
            # A step's own output may look like the start of a step.
            later = {title for title, _ in listed[number + 1 :]}
            while left and left[0].title not in later:
                log.take(left.pop(0))
        found.append(Step(name, state, log))
    return JobView(job, verdicts.state(job.status, job.conclusion), summary, found, left)
