"""Workflows, runs, jobs and logs."""

from agent_os.localhub import jobs, runs, signed
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import not_found
from agent_os.localhub.render import actions as render
from agent_os.localhub.repositories import Repository
from agent_os.localhub.runs import Run

FILTERS = {"branch": "branch", "event": "event", "head_sha": "sha"}


def workflows(call: Call) -> Reply:
    """GET the workflows."""
    repo = call.repo()
    found = runs.workflows(call.hub, repo.id)
    return call.wrapped("workflows", found, lambda w: render.workflow(call.view, repo, w))


def workflow(call: Call) -> Reply:
    """GET a workflow by id or file name."""
    repo = call.repo()
    found = runs.workflow(call.hub, repo.id, call.params["workflow"])
    return Reply(200, render.workflow(call.view, repo, found))


def _list(call: Call, repo: Repository, found: list[Run]) -> Reply:
    flows = {flow.id: flow for flow in runs.workflows(call.hub, repo.id)}
    for name, field in FILTERS.items():
        if name in call.query:
            found = [run for run in found if getattr(run, field) == call.query[name]]
    status = call.query.get("status")
    if status is not None:
        found = [r for r in found if status in (render.api_status(r.status), r.conclusion)]
    return call.wrapped(
        "workflow_runs",
        found,
        lambda run: render.run(call.view, repo, run, flows[run.workflow_id]),
    )


def list_all(call: Call) -> Reply:
    """GET the runs, newest first: branch, event, head_sha, status (or conclusion)."""
    repo = call.repo()
    return _list(call, repo, runs.of_repository(call.hub, repo.id))


def of_workflow(call: Call) -> Reply:
    """GET the runs of a workflow."""
    repo = call.repo()
    flow = runs.workflow(call.hub, repo.id, call.params["workflow"])
    found = [r for r in runs.of_repository(call.hub, repo.id) if r.workflow_id == flow.id]
    return _list(call, repo, found)


def show(call: Call) -> Reply:
    """GET a run."""
    repo = call.repo()
    run = runs.get(call.hub, repo.id, call.number())
    flow = runs.workflow(call.hub, repo.id, str(run.workflow_id))
    return Reply(200, render.run(call.view, repo, run, flow))


def jobs_of_run(call: Call) -> Reply:
    """GET the jobs of a run: filter latest (attempt) or all."""
    repo = call.repo()
    run = runs.get(call.hub, repo.id, call.number())
    flow = runs.workflow(call.hub, repo.id, str(run.workflow_id))
    attempt = None if call.query.get("filter") == "all" else run.attempt
    if "attempt" in call.params:
        attempt = call.number("attempt")
    found = jobs.of_run(call.hub, run.id, attempt)
    return call.wrapped("jobs", found, lambda job: render.job(call.view, repo, job, run, flow))


def job(call: Call) -> Reply:
    """GET a job."""
    repo = call.repo()
    found = jobs.get(call.hub, repo.id, call.number())
    run = runs.get(call.hub, repo.id, found.run_id)
    flow = runs.workflow(call.hub, repo.id, str(run.workflow_id))
    return Reply(200, render.job(call.view, repo, found, run, flow))


def job_log(call: Call) -> Reply:
    """GET the log of a job: a redirect to its text, which wants no token."""
    repo = call.repo()
    found = jobs.get(call.hub, repo.id, call.number())
    if not found.log():
        raise not_found()
    url = signed.address(call.hub, call.view.base, signed.JOB, repo.id, found.id)
    return Reply(302, b"", {"Location": url})


def run_log(call: Call) -> Reply:
    """GET the logs of a run's last attempt: a redirect to a zip archive."""
    repo = call.repo()
    run = runs.get(call.hub, repo.id, call.number())
    url = signed.address(call.hub, call.view.base, signed.RUN, repo.id, run.id)
    return Reply(302, b"", {"Location": url})


def rerun(call: Call) -> Reply:
    """POST another attempt."""
    repo = call.writable()
    runs.rerun(call.hub, runs.get(call.hub, repo.id, call.number()), call.user)
    return Reply(201, {})


def cancel(call: Call) -> Reply:
    """POST the end of a run."""
    repo = call.writable()
    runs.cancel(call.hub, runs.get(call.hub, repo.id, call.number()))
    return Reply(202, {})


ACTIONS = "/repos/{owner}/{repo}/actions"
ROUTES = [
    ("GET", f"{ACTIONS}/workflows", workflows),
    ("GET", f"{ACTIONS}/workflows/{{workflow}}/runs", of_workflow),
    ("GET", f"{ACTIONS}/workflows/{{workflow:path}}", workflow),
    ("GET", f"{ACTIONS}/runs", list_all),
    ("GET", f"{ACTIONS}/runs/{{number}}", show),
    ("GET", f"{ACTIONS}/runs/{{number}}/jobs", jobs_of_run),
    ("GET", f"{ACTIONS}/runs/{{number}}/attempts/{{attempt}}/jobs", jobs_of_run),
    ("GET", f"{ACTIONS}/runs/{{number}}/logs", run_log),
    ("POST", f"{ACTIONS}/runs/{{number}}/rerun", rerun),
    ("POST", f"{ACTIONS}/runs/{{number}}/rerun-failed-jobs", rerun),
    ("POST", f"{ACTIONS}/runs/{{number}}/cancel", cancel),
    ("GET", f"{ACTIONS}/jobs/{{number}}", job),
    ("GET", f"{ACTIONS}/jobs/{{number}}/logs", job_log),
]
