"""What follows when branches move: pull requests, closed issues, continuous integration.

The refs of a repository are compared with those last seen (`known_refs`), so a push that
landed just before a crash has its consequences at the next start.
"""

from dataclasses import dataclass

from agent_os.localhub import issues, landings, pulls, runs, timeline
from agent_os.localhub.accounts import User
from agent_os.localhub.git import Git
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.repositories import Repository
from agent_os.localhub.runs import Cause
from agent_os.localhub.webhooks import notices

BRANCHES = "refs/heads/"
TOLD = (BRANCHES, "refs/tags/")


@dataclass(frozen=True)
class Change:
    """A ref that moved; None is absent."""

    ref: str
    old: str | None
    new: str | None

    @property
    def branch(self) -> str:
        """The branch's name."""
        return self.ref.removeprefix(BRANCHES)


def sync(hub: Hub, repo: Repository, actor: User) -> list[Change]:
    """Act on every ref that moved since the last look. The repository's lock must be held."""
    git = hub.git(repo.id)
    changes = _changes(hub, git, repo.id)
    for change in changes:
        _remember(hub, repo.id, change)
    for change in changes:
        if change.ref.startswith(landings.MERGE_MARKS) and change.new is not None:
            landings.record_mark(hub, repo, change.ref, change.new)
    branches = [change for change in changes if change.ref.startswith(BRANCHES)]
    for change in changes:
        if change.ref.startswith(TOLD):
            moved = {"ref": change.ref, "before": change.old, "after": change.new}
            notices.add(hub, "push", "", repo.id, actor.id, **moved)
    for change in branches:
        _branch_moved(hub, git, repo, actor, change)
    if branches:
        hub.db.update("repositories", repo.id, pushed_at=hub.now(), updated_at=hub.now())
    return changes


def _changes(hub: Hub, git: Git, repo_id: int) -> list[Change]:
    known_sql = "SELECT ref || ' ' || sha FROM known_refs WHERE repo_id = ?"
    known = dict(row.split(" ", 1) for row in hub.db.column(known_sql, repo_id))
    actual = git.refs()
    names = sorted(known.keys() | actual.keys())
    pairs = (Change(name, known.get(name), actual.get(name)) for name in names)
    return [change for change in pairs if change.old != change.new]


def _remember(hub: Hub, repo_id: int, change: Change) -> None:
    if change.new is None:
        hub.db.run("DELETE FROM known_refs WHERE repo_id = ? AND ref = ?", repo_id, change.ref)
    else:
        sql = "INSERT OR REPLACE INTO known_refs VALUES (?, ?, ?)"
        hub.db.run(sql, repo_id, change.ref, change.new)


def _branch_moved(hub: Hub, git: Git, repo: Repository, actor: User, change: Change) -> None:
    if change.new is None:
        _head_deleted(hub, repo, actor, change)
        return
    moved = _heads_moved(hub, git, repo, actor, change.branch, change.old, change.new)
    _bases_moved(hub, git, repo, actor, change.branch, change.new)
    if change.branch == repo.default_branch:
        landings.close_by_commits(hub, git, repo, actor, change.old, change.new)
    branch, sha = change.branch, change.new
    runs.start(hub, repo, actor, Cause("push", branch, sha, branch))
    for issue, pull in moved:
        cause = Cause("pull_request", branch, sha, pull.base_ref, issue.number)
        runs.start(hub, repo, actor, cause)


def _head_deleted(hub: Hub, repo: Repository, actor: User, change: Change) -> None:
    for issue, pull in pulls.all_of(hub, repo.id):
        if pull.head_ref == change.branch and pull.head_sha == change.old:
            timeline.add(hub, repo.id, issue.id, "head_ref_deleted", actor)
            issues.close(hub, issue, actor)
    for issue, _ in pulls.open_with_base(hub, repo.id, change.branch):
        issues.close(hub, issue, actor)


def _heads_moved(
    hub: Hub,
    git: Git,
    repo: Repository,
    actor: User,
    branch: str,
    old: str | None,
    new: str,
) -> list[tuple[Issue, Pull]]:
    """Take up the new head; answers the pull requests."""
    moved: list[tuple[Issue, Pull]] = []
    for issue, pull in pulls.open_with_head(hub, repo.id, branch):
        if pull.head_sha == new:
            continue
        hub.db.update("pulls", pull.id, head_sha=new)
        pulls.show_head(hub, repo.id, issue.number, new)
        if old is not None and not git.is_ancestor(old, new):
            kind = "head_ref_force_pushed"
            timeline.add(hub, repo.id, issue.id, kind, actor, commit_id=new)
        issues.touch(hub, issue.id)
        ends = {"before": pull.head_sha, "after": new}
        notices.of_issue(hub, repo.id, issue.id, "synchronize", actor.id, **ends)
        if git.is_ancestor(new, pull.base_sha):  # nothing is left to merge: GitHub closes it
            issues.close(hub, issue, actor)
        else:
            moved.append((issue, pull))
    return moved


def _bases_moved(hub: Hub, git: Git, repo: Repository, actor: User, branch: str, new: str) -> None:
    for issue, pull in pulls.open_with_base(hub, repo.id, branch):
        if git.is_ancestor(pull.head_sha, new):
            landings.record(hub, repo, issue, pull, actor, new)
        elif pull.base_sha != new:
            hub.db.update("pulls", pull.id, base_sha=new)
