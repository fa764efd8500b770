"""Whether a pull request may be merged now, and GitHub's word for its state."""

from collections.abc import Iterable

from agent_os.localhub import checks, issues, protection, reviews, statuses
from agent_os.localhub.git import Git
from agent_os.localhub.hub import Hub
from agent_os.localhub.pulls import Pull
from agent_os.localhub.repositories import Repository


def unmet(hub: Hub, repo: Repository, pull: Pull) -> str | None:
    """The first requirement of the base branch that is not met, in GitHub's words."""
    rules = protection.get(hub, repo.id, pull.base_ref)
    if rules is None:
        return None
    states = results(hub, repo.id, pull.head_sha)
    for context in rules.contexts or []:
        if states.get(context) != "success":
            word = {"pending": "is expected", None: "is expected"}
            state = states.get(context)
            return f'Required status check "{context}" {word.get(state, "is failing")}.'
    if rules.strict and not up_to_date(hub.git(repo.id), pull):
        return "Head branch is out of date with the base branch."
    if reviews.approvals(hub, pull) < rules.approvals:
        return f"At least {rules.approvals} approving review is required."
    if rules.approvals and reviews.changes_requested(hub, pull):
        return "Changes were requested."
    return None


def results(hub: Hub, repo_id: int, sha: str) -> dict[str, str]:
    """success, failure or pending of every check run and status context at a commit."""
    found: dict[str, str] = {}
    for run in checks.latest(hub, repo_id, sha):
        state = "pending"
        if run.status == "completed":
            state = "success" if run.conclusion in checks.PASSING else "failure"
        # Two suites (push and pull_request) may have a run of the same name: the worse counts.
        found[run.name] = worst((found.get(run.name, "success"), state))
    for status in statuses.latest(hub, repo_id, sha):
        state = "failure" if status.state == "error" else status.state
        found[status.context] = worst((found.get(status.context, "success"), state))
    return found


def worst(states: Iterable[str]) -> str:
    """Of success, pending and failure the one that counts when several are reported."""
    order = ("success", "pending", "failure")
    return max(states, key=order.index)


def up_to_date(git: Git, pull: Pull) -> bool:
    """Whether the head contains the tip of the base branch."""
    return git.is_ancestor(pull.base_sha, pull.head_sha)


def mergeable_state(hub: Hub, repo: Repository, pull: Pull, *, mergeable: bool) -> str:
    """draft, dirty, blocked, behind, unstable or clean; unknown when it is not open."""
    if pull.merged or issues.by_id(hub, pull.issue_id).state != "open":
        return "unknown"
    if not mergeable:
        return "dirty"
    if pull.draft:
        return "draft"
    reason = unmet(hub, repo, pull)
    if reason is not None:
        return "behind" if reason.startswith("Head branch") else "blocked"
    states = results(hub, repo.id, pull.head_sha).values()
    return "clean" if all(state == "success" for state in states) else "unstable"
