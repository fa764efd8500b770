"""Issues and labels, as they are read."""

from dataclasses import dataclass

from starlette.responses import Response

from agent_os.localhub import comments, edits, issues, labels, repositories
from agent_os.localhub.issues import Issue
from agent_os.localhub.labels import Label
from agent_os.localhub.pages import conversation, visits
from agent_os.localhub.pages.names import Names
from agent_os.localhub.pages.site import Site
from agent_os.localhub.pages.visits import Visit

MAX_ROWS = 500


@dataclass(frozen=True)
class Row:
    """An issue in a list."""

    issue: Issue
    author: str
    labels: list[Label]
    comments: int


def listing(site: Site, visit: Visit) -> Response:
    """Open or closed issues, perhaps of one label."""
    state = "closed" if visit.query("state") == "closed" else "open"
    wanted = visit.query("label")
    with site.hub.db.transaction():
        repo = visit.repo()
        every = [one for one in issues.all_of(site.hub, repo.id) if not one.is_pull]
        found = rows(site, [one for one in every if one.state == state][:MAX_ROWS])
    if wanted:
        found = [one for one in found if wanted.lower() in {la.name.lower() for la in one.labels}]
    return site.page(
        visit,
        "issues.html",
        repo=repo,
        tab="issues",
        state=state,
        wanted=wanted,
        rows=found,
        open=sum(one.state == "open" for one in every),
        closed=sum(one.state == "closed" for one in every),
    )


def rows(site: Site, found: list[Issue]) -> list[Row]:
    """With what a list shows of each. Only inside a transaction."""
    names = Names(site.hub)
    return [
        Row(
            one,
            names.login(one.author_id),
            labels.of_issue(site.hub, one.id),
            comments.count(site.hub, one.id),
        )
        for one in found
    ]


def show(site: Site, visit: Visit) -> Response:
    """One issue; a pull request's number leads to the pull request."""
    hub = site.hub
    with hub.db.transaction():
        repo = visit.repo()
        issue = issues.get(hub, repo.id, visit.number())
        if issue.is_pull:
            return visits.back(f"/{repo.full_name}/pull/{issue.number}")
        names = Names(hub)
        return site.page(
            visit,
            "issue.html",
            repo=repo,
            tab="issues",
            issue=issue,
            author=names.login(issue.author_id),
            edits=edits.of_issue(hub, issue.id),
            entries=conversation.entries(hub, issue, None, names),
            carried=labels.of_issue(hub, issue.id),
            labels=labels.all_of(hub, repo.id),
            assignees=issues.assignees(hub, issue.id),
            writer=visit.user is not None and repositories.can_write(hub, repo, visit.user),
        )


def new(site: Site, visit: Visit) -> Response:
    """The form for an issue."""
    with site.hub.db.transaction():
        repo = visit.repo()
        known = labels.all_of(site.hub, repo.id)
    if visit.user is None:
        raise visits.SignInNeeded
    return site.page(visit, "new_issue.html", repo=repo, tab="issues", labels=known)


def all_labels(site: Site, visit: Visit) -> Response:
    """The labels of a repository."""
    with site.hub.db.transaction():
        repo = visit.repo()
        known = labels.all_of(site.hub, repo.id)
        writer = visit.user is not None and repositories.can_write(site.hub, repo, visit.user)
    return site.page(visit, "labels.html", repo=repo, tab="labels", labels=known, writer=writer)
