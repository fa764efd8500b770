"""Check suites and check runs."""

from typing import Any

from agent_os.localhub import checks
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.checks import CheckRun
from agent_os.localhub.errors import Refusal, invalid
from agent_os.localhub.render import checks as render
from agent_os.localhub.repositories import Repository

COLUMNS = ("status", "conclusion", "details_url", "external_id", "started_at", "completed_at")


def _commit(call: Call, repo: Repository) -> str:
    sha = call.hub.git(repo.id).resolve(call.params["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.params['ref']}")
    return sha


def _values(call: Call) -> dict[str, Any]:
    values: dict[str, Any] = {name: call.text(name) for name in COLUMNS}
    output = call.section("output") or {}
    for name in ("title", "summary", "text"):
        text = output.get(name)
        if text is not None and not isinstance(text, str):
            raise invalid("CheckRun", f"output.{name}")
        values[name] = text
    return values


def create(call: Call) -> Reply:
    """POST a check run. On GitHub only Apps may; here any writer, as the app of his name."""
    repo = call.writable()
    sha = call.hub.git(repo.id).resolve(call.need("head_sha", "CheckRun"))
    if sha is None:
        raise invalid("CheckRun", "head_sha")
    suite = checks.suite_of_app(call.hub, repo.id, sha, call.user.login)
    run = checks.create(call.hub, suite, call.need("name", "CheckRun"), **_values(call))
    return Reply(201, render.run(call.view, repo, run))


def update(call: Call) -> Reply:
    """PATCH a check run."""
    repo = call.writable()
    run = checks.update(call.hub, repo.id, call.number(), name=call.text("name"), **_values(call))
    return Reply(200, render.run(call.view, repo, run))


def show(call: Call) -> Reply:
    """GET a check run."""
    repo = call.repo()
    return Reply(200, render.run(call.view, repo, checks.get(call.hub, repo.id, call.number())))


def _runs(call: Call, repo: Repository, found: list[CheckRun]) -> Reply:
    for name, field in (("check_name", "name"), ("status", "status")):
        if name in call.query:
            found = [run for run in found if getattr(run, field) == call.query[name]]
    return call.wrapped("check_runs", found, lambda run: render.run(call.view, repo, run))


def runs_of_commit(call: Call) -> Reply:
    """GET the check runs of a ref: check_name, status, filter (latest, all)."""
    repo = call.repo()
    sha = _commit(call, repo)
    every = call.query.get("filter") == "all"
    found = (checks.of_commit if every else checks.latest)(call.hub, repo.id, sha)
    return _runs(call, repo, found)


def suites_of_commit(call: Call) -> Reply:
    """GET the check suites of a ref."""
    repo = call.repo()
    found = checks.suites(call.hub, repo.id, _commit(call, repo))
    return call.wrapped("check_suites", found, lambda s: render.suite(call.view, repo, s))


def suite(call: Call) -> Reply:
    """GET a check suite."""
    repo = call.repo()
    found = checks.suite(call.hub, repo.id, call.number())
    return Reply(200, render.suite(call.view, repo, found))


def runs_of_suite(call: Call) -> Reply:
    """GET the check runs of a suite."""
    repo = call.repo()
    found = checks.suite(call.hub, repo.id, call.number())
    return _runs(call, repo, checks.in_suite(call.hub, found.id)[::-1])


def annotations(call: Call) -> Reply:
    """GET the annotations: the hub keeps none."""
    checks.get(call.hub, call.repo().id, call.number())
    return Reply(200, [])


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("POST", f"{REPO}/check-runs", create),
    ("GET", f"{REPO}/check-runs/{{number}}/annotations", annotations),
    ("GET", f"{REPO}/check-runs/{{number}}", show),
    ("PATCH", f"{REPO}/check-runs/{{number}}", update),
    ("GET", f"{REPO}/commits/{{ref:path}}/check-runs", runs_of_commit),
    ("GET", f"{REPO}/commits/{{ref:path}}/check-suites", suites_of_commit),
    ("GET", f"{REPO}/check-suites/{{number}}/check-runs", runs_of_suite),
    ("GET", f"{REPO}/check-suites/{{number}}", suite),
]
