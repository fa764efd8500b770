"""Pull requests, as they are read."""

from dataclasses import dataclass

from starlette.responses import Response

from agent_os.localhub import gates, issues, labels, merges, pulls, repositories, reviews
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.pages import conversation, issue_pages, sources, verdicts, visits
from agent_os.localhub.pages.issue_pages import Row
from agent_os.localhub.pages.names import Names
from agent_os.localhub.pages.site import Site
from agent_os.localhub.pages.visits import Visit
from agent_os.localhub.pulls import Pull
from agent_os.localhub.repositories import Repository

MAX_COMMITS = 250


@dataclass(frozen=True)
class MergeBox:
    """Whether and how it can be merged: state as in the API, reason in words."""

    state: str
    reason: str
    methods: list[tuple[str, str]]

    @property
    def possible(self) -> bool:
        """Whether the button works."""
        return self.state in ("clean", "unstable")


def word(issue: Issue, pull: Pull) -> str:
    """open, draft, merged or closed."""
    if pull.merged:
        return "merged"
    return "draft" if issue.state == "open" and pull.draft else issue.state


def listing(site: Site, visit: Visit) -> Response:
    """Open or closed pull requests."""
    state = "closed" if visit.query("state") == "closed" else "open"
    with site.hub.db.transaction():
        repo = visit.repo()
        every = pulls.all_of(site.hub, repo.id)
        found: list[tuple[Row, str, str]] = []
        for issue, pull in every:
            if issue.state == state and len(found) < issue_pages.MAX_ROWS:
                [row] = issue_pages.rows(site, [issue])
                checks = verdicts.of_commit(site.hub, repo, pull.head_sha)
                found.append((row, word(issue, pull), verdicts.overall(checks)))
    return site.page(
        visit,
        "pulls.html",
        repo=repo,
        tab="pulls",
        state=state,
        rows=found,
        open=sum(issue.state == "open" for issue, _ in every),
        closed=sum(issue.state == "closed" for issue, _ in every),
    )


def show(site: Site, visit: Visit) -> Response:
    """Conversation, checks, commits, changes and the merge box on one page."""
    hub = site.hub
    with hub.db.transaction():
        repo = visit.repo()
        issue = issues.get(hub, repo.id, visit.number())
        if not issue.is_pull:
            return visits.back(f"/{repo.full_name}/issues/{issue.number}")
        pull = pulls.of_issue(hub, issue)
    git = hub.git(repo.id)
    diff = sources.diff(git, f"{pull.base_sha}...{pull.head_sha}")
    commits = sources.commits(git, f"{pull.base_sha}..{pull.head_sha}", MAX_COMMITS)
    with hub.db.transaction():
        names = Names(hub)
        checks = verdicts.of_commit(hub, repo, pull.head_sha)
        return site.page(
            visit,
            "pull.html",
            repo=repo,
            tab="pulls",
            issue=issue,
            pull=pull,
            word=word(issue, pull),
            author=names.login(issue.author_id),
            merger=names.login(pull.merged_by_id),
            entries=conversation.entries(hub, issue, pull, names),
            carried=labels.of_issue(hub, issue.id),
            labels=labels.all_of(hub, repo.id),
            assignees=issues.assignees(hub, issue.id),
            requested=reviews.requested(hub, pull.id),
            reviewers=reviewers(hub, pull, names),
            checks=checks,
            checks_state=verdicts.overall(checks),
            diff=diff,
            commits=commits[::-1],
            box=merge_box(hub, repo, issue, pull),
            writer=visit.user is not None and repositories.can_write(hub, repo, visit.user),
            running=issue.state == "open" and verdicts.unfinished(checks),
            # A reload would take away a comment that somebody is writing.
            refresh=visit.user is None and verdicts.unfinished(checks),
        )


STANDING = {
    "APPROVED": ("success", "approved"),
    "CHANGES_REQUESTED": ("failure", "requested changes"),
    "DISMISSED": ("skipped", "dismissed"),
}


def reviewers(hub: Hub, pull: Pull, names: Names) -> list[tuple[str, str, str]]:
    """Login, mark and words of everybody whose review counts. Only inside a transaction."""
    found = reviews.decisive(hub, pull).items()
    return sorted((names.login(user_id), *STANDING[state]) for user_id, state in found)


REASONS = {
    "clean": "This branch has no conflicts with the base branch.",
    "unstable": "This branch can be merged, but not all checks have passed.",
    "dirty": "This branch has conflicts that must be resolved.",
    "draft": "This pull request is still a draft.",
}


def merge_box(hub: Hub, repo: Repository, issue: Issue, pull: Pull) -> MergeBox | None:
    """None unless the pull request is open. Only inside a transaction."""
    if issue.state != "open":
        return None
    mergeable = merges.merged_tree(hub.git(repo.id), pull.base_sha, pull.head_sha) is not None
    state = gates.mergeable_state(hub, repo, pull, mergeable=mergeable)
    reason = REASONS.get(state) or gates.unmet(hub, repo, pull) or ""
    allowed = [
        ("merge", "Merge", repo.allow_merge_commit),
        ("squash", "Squash and merge", repo.allow_squash_merge),
        ("rebase", "Rebase and merge", repo.allow_rebase_merge),
    ]
    return MergeBox(state, reason, [(method, text) for method, text, on in allowed if on])
