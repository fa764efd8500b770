"""Check suites and check runs."""

from dataclasses import dataclass
from typing import Any

from agent_os.localhub.errors import invalid, not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks import notices

STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "stale",
    "timed_out",
)
PASSING = ("success", "neutral", "skipped")
ACTIONS_APP = "github-actions"


@dataclass(frozen=True)
class CheckSuite:
    """The check runs of one app for one push."""

    id: int
    repo_id: int
    sha: str
    branch: str | None
    app: str
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class CheckRun:
    """One check; `title`, `summary` and `text` are its output."""

    id: int
    repo_id: int
    suite_id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    details_url: str | None
    external_id: str | None
    title: str | None
    summary: str | None
    text: str | None
    started_at: str | None
    completed_at: str | None


def new_suite(hub: Hub, repo_id: int, sha: str, branch: str | None, app: str) -> CheckSuite:
    """A new, empty suite."""
    now = hub.now()
    suite_id = hub.db.insert(
        "check_suites",
        repo_id=repo_id,
        sha=sha,
        branch=branch,
        app=app,
        created_at=now,
        updated_at=now,
    )
    return suite(hub, repo_id, suite_id)


def suite(hub: Hub, repo_id: int, suite_id: int) -> CheckSuite:
    """By id; 404."""
    sql = "SELECT * FROM check_suites WHERE repo_id = ? AND id = ?"
    found = hub.db.one(CheckSuite, sql, repo_id, suite_id)
    if found is None:
        raise not_found()
    return found


def suites(hub: Hub, repo_id: int, sha: str) -> list[CheckSuite]:
    """Every suite of a commit, oldest first."""
    sql = "SELECT * FROM check_suites WHERE repo_id = ? AND sha = ? ORDER BY id"
    return hub.db.all(CheckSuite, sql, repo_id, sha)


def suite_of_app(hub: Hub, repo_id: int, sha: str, app: str) -> CheckSuite:
    """The app's suite for the commit, made when there is none."""
    for found in suites(hub, repo_id, sha):
        if found.app == app:
            return found
    return new_suite(hub, repo_id, sha, None, app)


def in_suite(hub: Hub, suite_id: int) -> list[CheckRun]:
    """The runs of a suite, oldest first."""
    return hub.db.all(CheckRun, "SELECT * FROM check_runs WHERE suite_id = ? ORDER BY id", suite_id)


def of_commit(hub: Hub, repo_id: int, sha: str) -> list[CheckRun]:
    """Every run for a commit, newest first."""
    sql = "SELECT * FROM check_runs WHERE repo_id = ? AND sha = ? ORDER BY id DESC"
    return hub.db.all(CheckRun, sql, repo_id, sha)


def latest(hub: Hub, repo_id: int, sha: str) -> list[CheckRun]:
    """The newest run of each suite and name."""
    newest: dict[tuple[int, str], CheckRun] = {}
    for run in of_commit(hub, repo_id, sha):
        newest.setdefault((run.suite_id, run.name), run)
    return list(newest.values())


def get(hub: Hub, repo_id: int, run_id: int) -> CheckRun:
    """By id; 404."""
    sql = "SELECT * FROM check_runs WHERE repo_id = ? AND id = ?"
    found = hub.db.one(CheckRun, sql, repo_id, run_id)
    if found is None:
        raise not_found()
    return found


def by_id(hub: Hub, run_id: int) -> CheckRun:
    """By id, in any repository; 404."""
    found = hub.db.one(CheckRun, "SELECT * FROM check_runs WHERE id = ?", run_id)
    if found is None:
        raise not_found()
    return found


def create(hub: Hub, in_: CheckSuite, name: str, **values: Any) -> CheckRun:
    """A new run; `values` are columns. 422 for an unknown status or conclusion."""
    if not name.strip():
        raise invalid("CheckRun", "name", "missing_field")
    run_id = hub.db.insert(
        "check_runs",
        repo_id=in_.repo_id,
        suite_id=in_.id,
        sha=in_.sha,
        name=name,
        status="queued",
        started_at=hub.now(),
    )
    notices.add(hub, "check_run", "created", in_.repo_id, None, run_id)
    update(hub, in_.repo_id, run_id, **values)
    return get(hub, in_.repo_id, run_id)


def update(hub: Hub, repo_id: int, run_id: int, **values: Any) -> CheckRun:
    """Change columns. A conclusion completes the run, as on GitHub."""
    run = get(hub, repo_id, run_id)
    values = {key: value for key, value in values.items() if value is not None}
    if values.get("conclusion"):
        values.setdefault("status", "completed")
    status = values.get("status", run.status)
    if status not in STATUSES:
        raise invalid("CheckRun", "status")
    if status == "completed":
        if values.get("conclusion", run.conclusion) not in CONCLUSIONS:
            raise invalid("CheckRun", "conclusion")
        values.setdefault("completed_at", hub.now())
    elif run.status == "completed" and "status" in values:
        values |= {"conclusion": None, "completed_at": None}
    if values:
        hub.db.update("check_runs", run_id, **values)
    hub.db.update("check_suites", run.suite_id, updated_at=hub.now())
    if status == "completed" and run.status != "completed":
        _tell_end(hub, run)
    return get(hub, repo_id, run_id)


def _tell_end(hub: Hub, run: CheckRun) -> None:
    notices.add(hub, "check_run", "completed", run.repo_id, None, run.id)
    if suite_state(in_suite(hub, run.suite_id))[0] == "completed":
        notices.add(hub, "check_suite", "completed", run.repo_id, None, run.suite_id)


def suite_state(found: list[CheckRun]) -> tuple[str, str | None]:
    """(status, conclusion) of a suite from its runs."""
    if not found or all(run.status == "queued" for run in found):
        return "queued", None
    if any(run.status != "completed" for run in found):
        return "in_progress", None
    conclusions = {run.conclusion for run in found}
    for worst in ("failure", "timed_out", "cancelled", "action_required", "stale", "success"):
        if worst in conclusions:
            return "completed", worst
    return "completed", "skipped" if conclusions == {"skipped"} else "neutral"
