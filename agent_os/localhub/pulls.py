"""Pull requests: the branch half of an issue."""

from dataclasses import dataclass
from functools import lru_cache

from agent_os.localhub import issues, runs, timeline
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal, custom, invalid, not_found
from agent_os.localhub.git import Git
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.repositories import Repository
from agent_os.localhub.runs import Cause
from agent_os.localhub.webhooks import notices


@dataclass(frozen=True)
class Pull:
    """`base_sha` follows the base branch while the pull request is open."""

    id: int
    issue_id: int
    repo_id: int
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool
    merged_at: str | None
    merged_by_id: int | None
    merge_commit_sha: str | None

    @property
    def merged(self) -> bool:
        """Whether it was merged."""
        return self.merged_at is not None


@dataclass(frozen=True)
class Size:
    """How much a pull request changes."""

    commits: int
    additions: int
    deletions: int
    changed_files: int


def of_issue(hub: Hub, issue: Issue) -> Pull:
    """The pull request of an issue; 404 when it is none."""
    pull = hub.db.one(Pull, "SELECT * FROM pulls WHERE issue_id = ?", issue.id)
    if pull is None:
        raise not_found()
    return pull


def get(hub: Hub, repo_id: int, number: int) -> tuple[Issue, Pull]:
    """By number; 404."""
    issue = issues.get(hub, repo_id, number)
    return issue, of_issue(hub, issue)


def numbered(hub: Hub, repo_id: int, number: int) -> Pull | None:
    """By number, also when its issue was deleted; None when there is none."""
    sql = (
        "SELECT pulls.* FROM pulls JOIN issues ON issues.id = issue_id"
        " WHERE pulls.repo_id = ? AND number = ?"
    )
    return hub.db.one(Pull, sql, repo_id, number)


def all_of(hub: Hub, repo_id: int, state: str = "all") -> list[tuple[Issue, Pull]]:
    """Newest first."""
    found = {
        pull.issue_id: pull
        for pull in hub.db.all(Pull, "SELECT * FROM pulls WHERE repo_id = ?", repo_id)
    }
    every = issues.all_of(hub, repo_id, state) if found else []
    return [(issue, found[issue.id]) for issue in every if issue.is_pull]


def open_with_head(hub: Hub, repo_id: int, branch: str) -> list[tuple[Issue, Pull]]:
    """Open pull requests from this branch."""
    return [(i, p) for i, p in all_of(hub, repo_id, "open") if p.head_ref == branch]


def open_with_base(hub: Hub, repo_id: int, branch: str) -> list[tuple[Issue, Pull]]:
    """Open pull requests into this branch."""
    return [(i, p) for i, p in all_of(hub, repo_id, "open") if p.base_ref == branch]


def create(
    hub: Hub,
    repo: Repository,
    actor: User,
    *,
    title: str,
    body: str | None,
    head: str,
    base: str,
    draft: bool = False,
) -> tuple[Issue, Pull]:
    """Open a pull request from `branch` or `owner:branch`; 422 as GitHub refuses."""
    head_ref, head_sha, base_sha = _ends(hub, repo, head, base)
    issue = issues.create(hub, repo.id, actor, title, body, is_pull=True)
    pull_id = hub.db.insert(
        "pulls",
        issue_id=issue.id,
        repo_id=repo.id,
        head_ref=head_ref,
        head_sha=head_sha,
        base_ref=base,
        base_sha=base_sha,
        draft=draft,
    )
    show_head(hub, repo.id, issue.number, head_sha)
    cause = Cause("pull_request", head_ref, head_sha, base, issue.number)
    runs.start(hub, repo, actor, cause)
    return issue, by_id(hub, pull_id)


def _ends(hub: Hub, repo: Repository, head: str, base: str) -> tuple[str, str, str]:
    owner, colon, branch = head.partition(":")
    head_ref = branch if colon else head
    git = hub.git(repo.id)
    base_sha = git.branch(base)
    if base_sha is None:
        raise invalid("PullRequest", "base")
    head_sha = git.branch(head_ref)
    if head_sha is None or (colon and owner.lower() != repo.owner.lower()):
        raise invalid("PullRequest", "head")
    _refuse_second(hub, repo, head_ref, base)
    if git.is_ancestor(head_sha, base_sha):
        raise custom("PullRequest", f"No commits between {base} and {head_ref}")
    if git.merge_base(head_sha, base_sha) is None:
        message = f"The {head_ref} branch has no history in common with {base}"
        raise custom("PullRequest", message)
    return head_ref, head_sha, base_sha


def _refuse_second(hub: Hub, repo: Repository, head_ref: str, base: str) -> None:
    if any(p.base_ref == base for _, p in open_with_head(hub, repo.id, head_ref)):
        message = f"A pull request already exists for {repo.owner}:{head_ref}."
        raise custom("PullRequest", message)


def show_head(hub: Hub, repo_id: int, number: int, sha: str) -> None:
    """Keep refs/pull/N/head at the head, so that its commits outlive the branch."""
    git = hub.git(repo_id)
    git.update_ref(f"refs/pull/{number}/head", sha)
    hub.db.run(
        "INSERT OR REPLACE INTO known_refs VALUES (?, ?, ?)",
        repo_id,
        f"refs/pull/{number}/head",
        sha,
    )


def by_id(hub: Hub, pull_id: int) -> Pull:
    """By row id; 404."""
    pull = hub.db.one(Pull, "SELECT * FROM pulls WHERE id = ?", pull_id)
    if pull is None:
        raise not_found()
    return pull


def reopen(hub: Hub, repo: Repository, issue: Issue, pull: Pull, actor: User) -> None:
    """Open again; 422 when merged or the branch is gone. Takes up the branch's present head."""
    if issue.state == "open":
        return
    head_sha = hub.git(repo.id).branch(pull.head_ref)
    base_sha = hub.git(repo.id).branch(pull.base_ref)
    if pull.merged or head_sha is None or base_sha is None:
        branch = pull.head_ref if head_sha is None else pull.base_ref
        reason = "it was merged" if pull.merged else f"the {branch} branch was deleted"
        raise invalid("PullRequest", "state", "invalid", f"state cannot be changed: {reason}.")
    _refuse_second(hub, repo, pull.head_ref, pull.base_ref)
    issues.reopen(hub, issue, actor)
    hub.db.update("pulls", pull.id, head_sha=head_sha, base_sha=base_sha)
    show_head(hub, repo.id, issue.number, head_sha)
    cause = Cause("pull_request", pull.head_ref, head_sha, pull.base_ref, issue.number)
    runs.start(hub, repo, actor, cause)


def set_base(hub: Hub, repo: Repository, issue: Issue, pull: Pull, actor: User, base: str) -> None:
    """Another base branch; 422 when there is none or nothing would be left to merge."""
    if base == pull.base_ref:
        return
    git = hub.git(repo.id)
    base_sha = git.branch(base)
    if base_sha is None or issue.state != "open":
        raise invalid("PullRequest", "base")
    _refuse_second(hub, repo, pull.head_ref, base)
    if git.is_ancestor(pull.head_sha, base_sha):
        raise custom("PullRequest", f"There are no new commits between {base} and the head")
    hub.db.update("pulls", pull.id, base_ref=base, base_sha=base_sha)
    changes = {"base": {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}}
    notices.of_issue(hub, repo.id, issue.id, "edited", actor.id, changes=changes)
    timeline.add(hub, repo.id, issue.id, "base_ref_changed", actor)
    issues.touch(hub, issue.id)


def set_draft(hub: Hub, repo: Repository, issue: Issue, pull: Pull, actor: User, on: bool) -> None:
    """Draft or ready for review."""
    if pull.draft == on:
        return
    if issue.state != "open":
        raise Refusal(422, "The pull request is closed")
    hub.db.update("pulls", pull.id, draft=on)
    kind = "convert_to_draft" if on else "ready_for_review"
    timeline.add(hub, repo.id, issue.id, kind, actor)
    issues.touch(hub, issue.id)


def size(git: Git, pull: Pull) -> Size:
    """Counted between the merge base and the head."""
    return _size(git, pull.base_sha, pull.head_sha)


# Safe to keep: two commits always differ in the same way.
@lru_cache(maxsize=4096)
def _size(git: Git, base_sha: str, head_sha: str) -> Size:
    commits = int(git.text("rev-list", "--count", f"{base_sha}..{head_sha}"))
    rows = git.text("diff", "--numstat", f"{base_sha}...{head_sha}").splitlines()
    counts = [row.split("\t") for row in rows]
    added = sum(int(c[0]) for c in counts if c[0].isdecimal())
    removed = sum(int(c[1]) for c in counts if c[1].isdecimal())
    return Size(commits, added, removed, len(rows))
