"""Issues, and their assignees."""

from agent_os.localhub import comments, issues, labels, pulls, repositories
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import forbidden, invalid
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.render import issues as render
from agent_os.localhub.repositories import Repository


def create(call: Call) -> Reply:
    """POST an issue. Readers may; their labels and assignees are dropped silently."""
    repo = call.active_repo()
    title = call.body().get("title")
    text = str(title) if isinstance(title, int) else call.need("title", "Issue")
    issue = issues.create(call.hub, repo.id, call.user, text, call.text("body"))
    if repositories.can_write(call.hub, repo, call.user):
        issues.add_labels(call.hub, issue, call.user, call.texts("labels"))
        issues.assign(call.hub, issue, call.user, _assignees(call))
    return _draw(call, repo, issue, 201)


def _assignees(call: Call) -> list[str]:
    one = call.text("assignee")
    return call.texts("assignees") + ([one] if one else [])


def _draw(call: Call, repo: Repository, issue: Issue, status: int = 200) -> Reply:
    fresh = issues.by_id(call.hub, issue.id)
    return Reply(status, render.issue(call.view, repo, fresh))


def list_all(call: Call) -> Reply:
    """GET issues (pull requests too): state, labels, assignee, creator, since, sort, direction."""
    repo, query = call.repo(), call.query
    state = query.get("state", "open")
    if state not in ("open", "closed", "all"):
        raise invalid("Issue", "state")
    found = issues.all_of(call.hub, repo.id, state)
    since = call.time("since")
    wanted = [name.lower() for name in query.get("labels", "").split(",") if name]
    found = [i for i in found if i.updated_at >= since and _carries(call.hub, i, wanted)]
    found = [i for i in found if _person_fits(call, i)]
    return call.paged(_sorted(call, found), lambda each: render.issue(call.view, repo, each))


def _carries(hub: Hub, issue: Issue, wanted: list[str]) -> bool:
    if not wanted:
        return True
    return set(wanted) <= {label.name.lower() for label in labels.of_issue(hub, issue.id)}


def _person_fits(call: Call, issue: Issue) -> bool:
    creator, assignee = call.query.get("creator"), call.query.get("assignee", "")
    if creator is not None:
        author = call.hub.db.value("SELECT login FROM users WHERE id = ?", issue.author_id)
        if author.lower() != creator.lower():
            return False
    if not assignee:
        return True
    logins = {user.login.lower() for user in issues.assignees(call.hub, issue.id)}
    if assignee in ("*", "none"):
        return bool(logins) == (assignee == "*")
    return assignee.lower() in logins


def _sorted(call: Call, found: list[Issue]) -> list[Issue]:
    keys = {
        "created": lambda i: (i.created_at, i.number),
        "updated": lambda i: (i.updated_at, i.number),
        "comments": lambda i: (str(comments.count(call.hub, i.id)).zfill(9), i.number),
    }
    key = keys.get(call.query.get("sort", "created"))
    if key is None:
        raise invalid("Issue", "sort")
    return sorted(found, key=key, reverse=call.query.get("direction", "desc") != "asc")


def show(call: Call) -> Reply:
    """GET an issue; 410 when it was deleted."""
    repo = call.repo()
    return _draw(call, repo, issues.get(call.hub, repo.id, call.number()))


def update(call: Call) -> Reply:
    """PATCH an issue: title, body, state, state_reason, labels, assignees. The author may change
    text and state; the rest needs write access."""
    repo, body = call.active_repo(), call.body()
    issue = issues.get(call.hub, repo.id, call.number())
    writes = repositories.can_write(call.hub, repo, call.user)
    if not writes and call.user.id != issue.author_id:
        raise forbidden()
    text = "" if "body" in body and body["body"] is None else call.text("body")
    issues.edit(call.hub, issue, call.user, call.text("title"), text)
    if writes and "labels" in body:
        issues.set_labels(call.hub, issue, call.user, call.texts("labels"))
    if writes and ("assignees" in body or "assignee" in body):
        issues.set_assignees(call.hub, issue, call.user, _assignees(call))
    _set_state(call, repo, issue)
    return _draw(call, repo, issue)


def _set_state(call: Call, repo: Repository, issue: Issue) -> None:
    state = call.text("state")
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state")
    issue = issues.by_id(call.hub, issue.id)
    if state == "closed":
        issues.close(call.hub, issue, call.user, call.text("state_reason"))
    elif state == "open" and issue.is_pull:
        pull = pulls.of_issue(call.hub, issue)
        pulls.reopen(call.hub, repo, issue, pull, call.user)
    elif state == "open":
        issues.reopen(call.hub, issue, call.user)


def add_assignees(call: Call) -> Reply:
    """POST assignees."""
    repo = call.writable()
    issue = issues.get(call.hub, repo.id, call.number())
    issues.assign(call.hub, issue, call.user, call.texts("assignees"))
    return _draw(call, repo, issue, 201)


def remove_assignees(call: Call) -> Reply:
    """DELETE assignees."""
    repo = call.writable()
    issue = issues.get(call.hub, repo.id, call.number())
    issues.unassign(call.hub, issue, call.user, call.texts("assignees"))
    return _draw(call, repo, issue)


REPO = "/repos/{owner}/{repo}"
ISSUE = f"{REPO}/issues/{{number}}"
ROUTES = [
    ("GET", f"{REPO}/issues", list_all),
    ("POST", f"{REPO}/issues", create),
    ("GET", ISSUE, show),
    ("PATCH", ISSUE, update),
    ("POST", f"{ISSUE}/assignees", add_assignees),
    ("DELETE", f"{ISSUE}/assignees", remove_assignees),
]
