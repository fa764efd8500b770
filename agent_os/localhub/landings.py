"""What a commit on a base branch brings about: merged pull requests, closed issues."""

from agent_os.localhub import accounts, issues, keywords, pulls, timeline
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal
from agent_os.localhub.git import Git
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.repositories import Repository

MERGE_MARKS = "refs/hub/merged/"


def merge_mark(number: int, actor: User) -> str:
    """The hidden ref that appears together with the merge commit."""
    return f"{MERGE_MARKS}{number}/{actor.id}"


def record_mark(hub: Hub, repo: Repository, ref: str, sha: str) -> None:
    """Record the merge that a mark tells of."""
    number, _, actor_id = ref.removeprefix(MERGE_MARKS).partition("/")
    issue, pull = pulls.get(hub, repo.id, int(number))
    if not pull.merged:
        record(hub, repo, issue, pull, accounts.by_id(hub.db, int(actor_id)), sha)


def record(hub: Hub, repo: Repository, issue: Issue, pull: Pull, actor: User, sha: str) -> None:
    """Mark as merged by `sha`, and close the issues its body names if the base is the default."""
    now = hub.now()
    hub.db.update("pulls", pull.id, merged_at=now, merged_by_id=actor.id, merge_commit_sha=sha)
    timeline.add(hub, repo.id, issue.id, "merged", actor, commit_id=sha)
    issues.close(hub, issue, actor)
    if pull.base_ref == repo.default_branch:
        _close(hub, repo, actor, keywords.closes(issue.body, repo.full_name))


def close_by_commits(
    hub: Hub, git: Git, repo: Repository, actor: User, old: str | None, new: str
) -> None:
    """Close what the messages of the commits new on the default branch name."""
    span = new if old is None else f"{old}..{new}"
    log = git.output("log", "-z", "--reverse", "--format=%H%n%B", span)
    for entry in log.decode(errors="replace").split("\0"):
        sha, _, message = entry.partition("\n")
        numbers = keywords.closes(message, repo.full_name)
        _close(hub, repo, actor, numbers, commit_id=sha)


def _close(
    hub: Hub,
    repo: Repository,
    actor: User,
    numbers: list[int],
    commit_id: str | None = None,
) -> None:
    """Close these open issues; numbers of pull requests or of nothing are passed over."""
    for number in numbers:
        try:
            issue = issues.get(hub, repo.id, number)
        except Refusal:
            continue
        if not issue.is_pull and issue.state == "open":
            issues.close(hub, issue, actor, commit_id=commit_id)
