"""Repositories, files and commits."""

from starlette.responses import Response

from agent_os.localhub import issues, repositories
from agent_os.localhub.errors import not_found
from agent_os.localhub.pages import sources, verdicts
from agent_os.localhub.pages.site import Site
from agent_os.localhub.pages.visits import Visit

LATEST_COMMITS = 10
COMMITS = 100


def index(site: Site, visit: Visit) -> Response:
    """Every repository."""
    with site.hub.db.transaction():
        found = [
            (repo, issues_open(site, repo.id), pulls_open(site, repo.id))
            for repo in repositories.all_of(site.hub)
        ]
    return site.page(visit, "index.html", found=found)


def issues_open(site: Site, repo_id: int) -> int:
    """How many issues (not pull requests) are open."""
    return sum(not one.is_pull for one in issues.all_of(site.hub, repo_id, "open"))


def pulls_open(site: Site, repo_id: int) -> int:
    """How many pull requests are open."""
    return sum(one.is_pull for one in issues.all_of(site.hub, repo_id, "open"))


def repository(site: Site, visit: Visit) -> Response:
    """Files of the default branch, latest commits, README, state of the checks."""
    with site.hub.db.transaction():
        repo = visit.repo()
        counts = (issues_open(site, repo.id), pulls_open(site, repo.id))
    git = site.hub.git(repo.id)
    head = git.branch(repo.default_branch)
    branches = sorted(ref.removeprefix("refs/heads/") for ref in git.refs("refs/heads/"))
    listed = sources.entries(git, head) if head else []
    with site.hub.db.transaction():
        found = verdicts.of_commit(site.hub, repo, head) if head else []
    return site.page(
        visit,
        "repository.html",
        repo=repo,
        tab="code",
        counts=counts,
        ref=repo.default_branch,
        branches=branches,
        files=listed,
        commits=sources.commits(git, head, LATEST_COMMITS) if head else [],
        readme=sources.readme(git, head, listed) if head else None,
        state=verdicts.overall(found),
        refresh=verdicts.unfinished(found),
    )


def tree(site: Site, visit: Visit) -> Response:
    """A folder at a ref."""
    return _at(site, visit, "tree")


def blob(site: Site, visit: Visit) -> Response:
    """A file at a ref."""
    return _at(site, visit, "blob")


def _at(site: Site, visit: Visit, kind: str) -> Response:
    with site.hub.db.transaction():
        repo = visit.repo()
    git = site.hub.git(repo.id)
    # A branch name may hold slashes: the longest start that names a commit is the ref.
    parts = visit.text("rest").strip("/").split("/")
    for length in range(len(parts), 0, -1):
        ref, path = "/".join(parts[:length]), "/".join(parts[length:])
        commit = git.branch(ref) or git.resolve(ref)
        if commit is not None:
            break
    else:
        raise not_found()
    folder = kind == "tree"
    return site.page(
        visit,
        "files.html",
        repo=repo,
        tab="code",
        ref=ref,
        at=path,
        files=sources.entries(git, commit, path) if folder else [],
        text=None if folder else sources.file(git, commit, path),
    )


def commits(site: Site, visit: Visit) -> Response:
    """The commits of a branch, newest first."""
    with site.hub.db.transaction():
        repo = visit.repo()
    git = site.hub.git(repo.id)
    ref = visit.request.path_params.get("rest") or repo.default_branch
    head = git.branch(ref) or git.resolve(ref)
    found = sources.commits(git, head, COMMITS) if head else []
    return site.page(visit, "commits.html", repo=repo, tab="code", ref=ref, commits=found)


def commit(site: Site, visit: Visit) -> Response:
    """One commit with its changes and checks."""
    with site.hub.db.transaction():
        repo = visit.repo()
    git = site.hub.git(repo.id)
    sha = git.resolve(visit.text("sha"))
    if sha is None:
        raise not_found()
    with site.hub.db.transaction():
        found = verdicts.of_commit(site.hub, repo, sha)
    return site.page(
        visit,
        "commit.html",
        repo=repo,
        tab="code",
        commit=sources.commits(git, sha, 1)[0],
        diff=sources.diff(git, sha),
        checks=found,
    )
