"""Pull requests: open, list, change, read."""

from agent_os.localhub import commits, issues, pulls, repositories
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import forbidden, invalid
from agent_os.localhub.issues import Issue
from agent_os.localhub.pulls import Pull
from agent_os.localhub.render import git as render_git
from agent_os.localhub.render import pulls as render
from agent_os.localhub.repositories import Repository


def draw(call: Call, repo: Repository, issue: Issue, status: int = 200) -> Reply:
    """The pull request as it is now."""
    fresh = issues.by_id(call.hub, issue.id)
    pull = pulls.of_issue(call.hub, fresh)
    return Reply(status, render.full(call.view, repo, fresh, pull))


def create(call: Call) -> Reply:
    """POST a pull request."""
    repo = call.writable()
    issue, _ = pulls.create(
        call.hub,
        repo,
        call.user,
        title=call.need("title", "PullRequest"),
        body=call.text("body"),
        head=call.need("head", "PullRequest"),
        base=call.need("base", "PullRequest"),
        draft=call.flag("draft"),
    )
    return draw(call, repo, issue, 201)


def list_all(call: Call) -> Reply:
    """GET pull requests: state, head (owner:branch), base, sort, direction."""
    repo, query = call.repo(), call.query
    state, sort = query.get("state", "open"), query.get("sort", "created")
    if state not in ("open", "closed", "all"):
        raise invalid("PullRequest", "state")
    found = pulls.all_of(call.hub, repo.id, state)
    owner, colon, branch = query.get("head", "").partition(":")
    if colon:
        same = owner.lower() == repo.owner.lower()
        found = [pair for pair in found if same and pair[1].head_ref == branch]
    if "base" in query:
        found = [pair for pair in found if pair[1].base_ref == query["base"]]
    default = "desc" if sort == "created" else "asc"
    found.sort(
        key=lambda pair: (
            pair[0].updated_at if sort == "updated" else pair[0].created_at,
            pair[0].number,
        ),
        reverse=query.get("direction", default) == "desc",
    )
    return call.paged(found, lambda pair: render.summary(call.view, repo, *pair))


def show(call: Call) -> Reply:
    """GET a pull request."""
    repo = call.repo()
    issue, _ = pulls.get(call.hub, repo.id, call.number())
    return draw(call, repo, issue)


def update(call: Call) -> Reply:
    """PATCH a pull request: title, body, state, base. Its author may, and writers."""
    repo, body = call.active_repo(), call.body()
    issue, pull = pulls.get(call.hub, repo.id, call.number())
    writes = repositories.can_write(call.hub, repo, call.user)
    if not writes and call.user.id != issue.author_id:
        raise forbidden()
    text = "" if "body" in body and body["body"] is None else call.text("body")
    issues.edit(call.hub, issue, call.user, call.text("title"), text)
    base = call.text("base")
    if base is not None:
        pulls.set_base(call.hub, repo, issue, pull, call.user, base)
    _set_state(call, repo, issue, pull)
    return draw(call, repo, issue)


def _set_state(call: Call, repo: Repository, issue: Issue, pull: Pull) -> None:
    state = call.text("state")
    if state not in (None, "open", "closed"):
        raise invalid("PullRequest", "state")
    issue = issues.by_id(call.hub, issue.id)
    if state == "closed":
        issues.close(call.hub, issue, call.user)
    elif state == "open":
        pulls.reopen(call.hub, repo, issue, pull, call.user)


def files(call: Call) -> Reply:
    """GET the changed files, against the merge base."""
    repo = call.repo()
    _, pull = pulls.get(call.hub, repo.id, call.number())
    git = call.hub.git(repo.id)
    base = git.merge_base(pull.base_sha, pull.head_sha) or commits.EMPTY_TREE
    found = commits.changes(git, base, pull.head_sha)
    return call.paged(found, lambda f: render_git.file(call.view, repo, f, pull.head_sha))


def commits_of(call: Call) -> Reply:
    """GET the commits, oldest first."""
    repo = call.repo()
    _, pull = pulls.get(call.hub, repo.id, call.number())
    span = f"{pull.base_sha}..{pull.head_sha}"
    found = commits.log(call.hub.git(repo.id), "--reverse", span)
    return call.paged(found, lambda each: render_git.commit(call.view, repo, each))


PULLS = "/repos/{owner}/{repo}/pulls"
ROUTES = [
    ("GET", PULLS, list_all),
    ("POST", PULLS, create),
    ("GET", f"{PULLS}/{{number}}", show),
    ("PATCH", f"{PULLS}/{{number}}", update),
    ("GET", f"{PULLS}/{{number}}/files", files),
    ("GET", f"{PULLS}/{{number}}/commits", commits_of),
]
