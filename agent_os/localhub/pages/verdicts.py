"""The checks of a commit, as one list and one word."""

from dataclasses import dataclass

from agent_os.localhub import checks, jobs, runs, statuses
from agent_os.localhub.checks import CheckRun
from agent_os.localhub.hub import Hub
from agent_os.localhub.repositories import Repository

# From the one that decides the whole to the one that matters least.
ORDER = ("failure", "timed_out", "action_required", "cancelled", "running", "pending", "success")


@dataclass(frozen=True)
class Verdict:
    """One check or status. `state` is a conclusion, or running, or pending."""

    name: str
    state: str
    note: str
    link: str | None


def of_commit(hub: Hub, repo: Repository, sha: str) -> list[Verdict]:
    """The newest of each name, by name. Only inside a transaction."""
    found = [_of_run(hub, repo, run) for run in checks.latest(hub, repo.id, sha)]
    found += [
        Verdict(
            one.context,
            "failure" if one.state == "error" else one.state,
            one.description or "",
            one.target_url,
        )
        for one in statuses.latest(hub, repo.id, sha)
    ]
    return sorted(found, key=lambda one: (one.name, one.link or ""))


def _of_run(hub: Hub, repo: Repository, run: CheckRun) -> Verdict:
    word = state(run.status, run.conclusion)
    job = jobs.of_check(hub, run.id)
    if job is None:
        return Verdict(run.name, word, run.title or "", run.details_url)
    event = runs.get(hub, repo.id, job.run_id).event
    note = f"{word} ({event})".replace("_", " ")
    return Verdict(
        run.name, word, note, f"/{repo.full_name}/actions/runs/{job.run_id}#job-{job.id}"
    )


def state(status: str, conclusion: str | None) -> str:
    """One word for a status and a conclusion."""
    if status == "completed":
        return conclusion or "neutral"
    return "running" if status == "in_progress" else "pending"


def overall(found: list[Verdict]) -> str:
    """The worst state; "" when there are no checks, success when all pass or are skipped."""
    if not found:
        return ""
    states = {one.state for one in found}
    return next((one for one in ORDER if one in states), "success")


def unfinished(found: list[Verdict]) -> bool:
    """Whether anything still runs or waits."""
    return any(one.state in ("running", "pending") for one in found)
