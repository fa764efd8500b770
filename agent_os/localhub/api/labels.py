"""Labels of a repository and of an issue."""

from agent_os.localhub import issues, labels
from agent_os.localhub.calls import Call, Reply, no_content, texts_of
from agent_os.localhub.render import issues as render
from agent_os.localhub.repositories import Repository
from agent_os.localhub.webhooks import notices


def list_all(call: Call) -> Reply:
    """GET the labels of a repository."""
    repo = call.repo()
    found = labels.all_of(call.hub, repo.id)
    return call.paged(found, lambda each: render.label(call.view, repo, each))


def create(call: Call) -> Reply:
    """POST a label."""
    repo = call.writable()
    name, color = call.need("name", "Label"), call.text("color")
    label = labels.create(call.hub, repo.id, name, color, call.text("description"))
    notices.add(call.hub, "label", "created", repo.id, call.user.id, label)
    return Reply(201, render.label(call.view, repo, label))


def show(call: Call) -> Reply:
    """GET a label."""
    repo = call.repo()
    label = labels.get(call.hub, repo.id, call.params["name"])
    return Reply(200, render.label(call.view, repo, label))


def update(call: Call) -> Reply:
    """PATCH a label."""
    repo = call.writable()
    label = labels.get(call.hub, repo.id, call.params["name"])
    before, label = (
        label,
        labels.update(
            call.hub, label, call.text("new_name"), call.text("color"), call.text("description")
        ),
    )
    names = ("name", "color", "description")
    pairs = ((name, getattr(before, name), getattr(label, name)) for name in names)
    changes = {name: {"from": old or ""} for name, old, new in pairs if old != new}
    notices.add(call.hub, "label", "edited", repo.id, call.user.id, label, changes=changes)
    return Reply(200, render.label(call.view, repo, label))


def delete(call: Call) -> Reply:
    """DELETE a label."""
    repo = call.writable()
    label = labels.get(call.hub, repo.id, call.params["name"])
    labels.delete(call.hub, label)
    notices.add(call.hub, "label", "deleted", repo.id, call.user.id, label)
    return no_content()


def _of_issue(call: Call, repo: Repository, issue_id: int) -> Reply:
    found = labels.of_issue(call.hub, issue_id)
    return call.paged(found, lambda each: render.label(call.view, repo, each))


def list_of_issue(call: Call) -> Reply:
    """GET the labels of an issue."""
    repo = call.repo()
    return _of_issue(call, repo, issues.get(call.hub, repo.id, call.number()).id)


def _names(call: Call) -> list[str]:
    data = call.json()
    if isinstance(data, dict):
        data = data.get("labels", [])
    return texts_of(data, "labels")


def add(call: Call) -> Reply:
    """POST labels to an issue."""
    repo = call.writable()
    issue = issues.get(call.hub, repo.id, call.number())
    issues.add_labels(call.hub, issue, call.user, _names(call))
    return _of_issue(call, repo, issue.id)


def replace(call: Call) -> Reply:
    """PUT the labels of an issue."""
    repo = call.writable()
    issue = issues.get(call.hub, repo.id, call.number())
    issues.set_labels(call.hub, issue, call.user, _names(call))
    return _of_issue(call, repo, issue.id)


def clear(call: Call) -> Reply:
    """DELETE all labels of an issue."""
    repo = call.writable()
    issue = issues.get(call.hub, repo.id, call.number())
    issues.set_labels(call.hub, issue, call.user, [])
    return no_content()


def remove(call: Call) -> Reply:
    """DELETE one label of an issue; 404 when it does not carry it."""
    repo = call.writable()
    issue = issues.get(call.hub, repo.id, call.number())
    issues.remove_label(call.hub, issue, call.user, call.params["name"])
    return _of_issue(call, repo, issue.id)


REPO = "/repos/{owner}/{repo}"
ISSUE = f"{REPO}/issues/{{number}}"
ROUTES = [
    ("GET", f"{REPO}/labels", list_all),
    ("POST", f"{REPO}/labels", create),
    ("GET", f"{REPO}/labels/{{name:path}}", show),
    ("PATCH", f"{REPO}/labels/{{name:path}}", update),
    ("DELETE", f"{REPO}/labels/{{name:path}}", delete),
    ("GET", f"{ISSUE}/labels", list_of_issue),
    ("POST", f"{ISSUE}/labels", add),
    ("PUT", f"{ISSUE}/labels", replace),
    ("DELETE", f"{ISSUE}/labels", clear),
    ("DELETE", f"{ISSUE}/labels/{{name:path}}", remove),
]
