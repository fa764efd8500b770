"""Repositories and who may write to them."""

from collections.abc import Iterable

from agent_os.localhub import accounts, repositories
from agent_os.localhub.calls import Call, Reply, no_content
from agent_os.localhub.errors import Refusal, forbidden, invalid
from agent_os.localhub.render import repositories as render
from agent_os.localhub.render import users
from agent_os.localhub.repositories import Repository
from agent_os.localhub.webhooks import notices

MERGE_SWITCHES = (
    "delete_branch_on_merge",
    "allow_merge_commit",
    "allow_squash_merge",
    "allow_rebase_merge",
)
LEVELS = {"pull": "read", "triage": "write", "push": "write", "maintain": "write", "admin": "admin"}


def _draw(call: Call, repo: Repository, status: int = 200) -> Reply:
    return Reply(status, render.repository(call.view, repo, call.user))


def _create(call: Call, owner: accounts.User) -> Reply:
    repo = repositories.create(
        call.hub,
        call.user,
        owner,
        call.need("name", "Repository"),
        description=call.text("description"),
        private=call.flag("private"),
        auto_init=call.flag("auto_init"),
    )
    _switch(call, repo, MERGE_SWITCHES)
    return _draw(call, repositories.by_id(call.hub, repo.id), 201)


def _switch(call: Call, repo: Repository, names: Iterable[str]) -> None:
    for name in names:
        if call.body().get(name) is not None:
            call.hub.db.update("repositories", repo.id, **{name: call.flag(name)})


def create_for_user(call: Call) -> Reply:
    """POST /user/repos."""
    return _create(call, call.user)


def create_for_organization(call: Call) -> Reply:
    """POST /orgs/{org}/repos; the organization is made when new."""
    return _create(call, accounts.owner(call.hub.db, call.params["org"], call.hub.now()))


def _list(call: Call, owner: str | None) -> Reply:
    found = repositories.all_of(call.hub, owner)
    return call.paged(found, lambda repo: render.repository(call.view, repo, call.user))


def list_mine(call: Call) -> Reply:
    """GET /user/repos: everything the user may see, which is all."""
    return _list(call, None)


def list_of_owner(call: Call) -> Reply:
    """GET /users/{login}/repos and /orgs/{org}/repos."""
    login = call.params.get("login") or call.params["org"]
    return _list(call, accounts.get(call.hub.db, login).login)


def show(call: Call) -> Reply:
    """GET a repository."""
    return _draw(call, call.repo())


def update(call: Call) -> Reply:
    """PATCH a repository: name, description, default_branch, archived and merge settings."""
    repo, body = call.admin_repo(), call.body()
    if repo.archived and body.get("archived") is not False:
        repositories.require_active(repo)
    _switch(call, repo, (*MERGE_SWITCHES, "archived", "private"))
    if "description" in body:
        call.hub.db.update("repositories", repo.id, description=call.text("description"))
    branch, name = call.text("default_branch"), call.text("name")
    if branch is not None:
        repositories.set_default_branch(call.hub, repo, branch)
    if name is not None and name != repo.name:
        repositories.rename(call.hub, repo, name)
    changed = repositories.by_id(call.hub, repo.id)
    _tell(call, repo, changed)
    return _draw(call, changed)


def _tell(call: Call, old: Repository, new: Repository) -> None:
    if old.archived != new.archived:
        action = "archived" if new.archived else "unarchived"
        notices.add(call.hub, "repository", action, new.id, call.user.id)
    if old.name != new.name:
        changes = {"repository": {"name": {"from": old.name}}}
        notices.add(call.hub, "repository", "renamed", new.id, call.user.id, changes=changes)


def delete(call: Call) -> Reply:
    """DELETE a repository."""
    repositories.delete(call.hub, call.admin_repo())
    return no_content()


def collaborators(call: Call) -> Reply:
    """GET the collaborators: everybody who can sign in."""
    found = repositories.collaborators(call.hub, call.repo())
    return call.paged(found, lambda pair: users.user(call.view, pair[0]) | {"role_name": pair[1]})


def is_collaborator(call: Call) -> Reply:
    """GET one collaborator: 204, or 404."""
    call.repo()
    accounts.get(call.hub.db, call.params["login"])
    return no_content()


def add_collaborator(call: Call) -> Reply:
    """PUT a collaborator: `permission` pull makes a reader, push or admin a writer."""
    repo = call.repo()
    if not repositories.can_write(call.hub, repo, call.user):
        raise forbidden()
    user = accounts.get(call.hub.db, call.params["login"])
    level = LEVELS.get(call.text("permission") or "push")
    if level is None:
        raise invalid("Repository", "permission")
    repositories.grant(call.hub, repo, user, level)
    return no_content()


def remove_collaborator(call: Call) -> Reply:
    """DELETE a collaborator: back to the default, which is write on this hub."""
    repo = call.repo()
    if not repositories.can_write(call.hub, repo, call.user):
        raise forbidden()
    user = accounts.get(call.hub.db, call.params["login"])
    repositories.grant(call.hub, repo, user, None)
    return no_content()


def permission(call: Call) -> Reply:
    """GET a collaborator's permission; 404 for somebody unknown."""
    repo = call.repo()
    user = accounts.find(call.hub.db, call.params["login"])
    if user is None:
        raise Refusal(404, f"{call.params['login']} is not a user")
    level = repositories.permission(call.hub, repo, user)
    drawn = users.user(call.view, user) | {"role_name": level}
    return Reply(200, {"permission": level, "role_name": level, "user": drawn})


def assignable(call: Call) -> Reply:
    """GET who may be assigned: everybody who can sign in."""
    call.repo()
    return call.paged(accounts.people(call.hub.db), lambda who: users.user(call.view, who))


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("POST", "/user/repos", create_for_user),
    ("GET", "/user/repos", list_mine),
    ("POST", "/orgs/{org}/repos", create_for_organization),
    ("GET", "/orgs/{org}/repos", list_of_owner),
    ("GET", "/users/{login}/repos", list_of_owner),
    ("GET", REPO, show),
    ("PATCH", REPO, update),
    ("DELETE", REPO, delete),
    ("GET", f"{REPO}/assignees", assignable),
    ("GET", f"{REPO}/collaborators", collaborators),
    ("GET", f"{REPO}/collaborators/{{login}}/permission", permission),
    ("GET", f"{REPO}/collaborators/{{login}}", is_collaborator),
    ("PUT", f"{REPO}/collaborators/{{login}}", add_collaborator),
    ("DELETE", f"{REPO}/collaborators/{{login}}", remove_collaborator),
]
