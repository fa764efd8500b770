"""Repositories: creation, names, settings, and who may do what."""

import re
import shutil
from dataclasses import dataclass

from agent_os.localhub import accounts, git
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal, archived, custom, forbidden, not_found
from agent_os.localhub.hub import Hub

NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class Repository:
    """A repository; `owner` is a login, `name` has no `.git`."""

    id: int
    owner_id: int
    owner: str
    name: str
    description: str | None
    private: bool
    archived: bool
    default_branch: str
    delete_branch_on_merge: bool
    allow_merge_commit: bool
    allow_squash_merge: bool
    allow_rebase_merge: bool
    pushing_user_id: int | None
    created_at: str
    updated_at: str
    pushed_at: str | None

    @property
    def full_name(self) -> str:
        """owner/name."""
        return f"{self.owner}/{self.name}"


class Moved(Exception):
    """The repository has another name now; its id is in `repo_id`."""

    def __init__(self, repo_id: int) -> None:
        super().__init__(f"moved to repository {repo_id}")
        self.repo_id = repo_id


def get(hub: Hub, owner: str, name: str) -> Repository:
    """By names, any case; `Moved` for a former name, 404 otherwise."""
    repo = hub.db.one(
        Repository, "SELECT * FROM repositories WHERE owner = ? AND name = ?", owner, name
    )
    if repo is not None:
        return repo
    moved = hub.db.value("SELECT repo_id FROM redirects WHERE owner = ? AND name = ?", owner, name)
    if moved is not None:
        raise Moved(moved)
    raise not_found()


def follow(hub: Hub, owner: str, name: str) -> Repository:
    """By names, former ones too; 404."""
    try:
        return get(hub, owner, name)
    except Moved as moved:
        return by_id(hub, moved.repo_id)


def by_id(hub: Hub, repo_id: int) -> Repository:
    """By id; 404."""
    repo = hub.db.one(Repository, "SELECT * FROM repositories WHERE id = ?", repo_id)
    if repo is None:
        raise not_found()
    return repo


def all_of(hub: Hub, owner: str | None = None) -> list[Repository]:
    """Every repository (of one owner), by name."""
    return hub.db.all(
        Repository,
        "SELECT * FROM repositories WHERE ?1 IS NULL OR owner = ?1 ORDER BY owner, name",
        owner,
    )


def create(
    hub: Hub,
    actor: User,
    owner: User,
    name: str,
    *,
    description: str | None = None,
    private: bool = False,
    auto_init: bool = False,
    default_branch: str = "main",
) -> Repository:
    """A new repository; 422 for a bad or taken name. `auto_init` commits a README."""
    _check_new_name(hub, owner.login, name)
    hub.db.run("DELETE FROM redirects WHERE owner = ? AND name = ?", owner.login, name)
    now = hub.now()
    repo_id = hub.db.insert(
        "repositories",
        owner_id=owner.id,
        owner=owner.login,
        name=name,
        description=description,
        private=private,
        default_branch=default_branch,
        created_at=now,
        updated_at=now,
    )
    shutil.rmtree(hub.git_dir(repo_id), ignore_errors=True)
    bare = git.create(hub.git_dir(repo_id), default_branch)
    if auto_init:
        _first_commit(hub, bare, actor, name, default_branch, repo_id)
    return by_id(hub, repo_id)


def _check_new_name(hub: Hub, owner: str, name: str) -> None:
    if not NAME.fullmatch(name) or name in (".", "..") or name.endswith(".git"):
        raise custom("Repository", f"name is not valid: {name!r}")
    taken = "SELECT 1 FROM repositories WHERE owner = ? AND name = ?"
    if hub.db.value(taken, owner, name):
        entry = {
            "resource": "Repository",
            "code": "custom",
            "field": "name",
            "message": "name already exists on this account",
        }
        raise Refusal(422, "Repository creation failed.", [entry])


def _first_commit(
    hub: Hub, bare: git.Git, actor: User, name: str, branch: str, repo_id: int
) -> None:
    blob = bare.output("hash-object", "-w", "--stdin", stdin=f"# {name}\n".encode()).decode()
    tree = bare.output("mktree", stdin=f"100644 blob {blob.strip()}\tREADME.md\n".encode())
    person = git.Person(actor.login, actor.email, hub.now())
    sha = bare.commit_tree(tree.decode().strip(), [], "Initial commit", person, person)
    bare.update_ref(f"refs/heads/{branch}", sha)
    hub.db.insert("known_refs", repo_id=repo_id, ref=f"refs/heads/{branch}", sha=sha)
    hub.db.update("repositories", repo_id, pushed_at=hub.now())


def rename(hub: Hub, repo: Repository, name: str) -> Repository:
    """A new name; the old one leads to it from now on."""
    if name.lower() != repo.name.lower():
        _check_new_name(hub, repo.owner, name)
        hub.db.run("DELETE FROM redirects WHERE owner = ? AND name = ?", repo.owner, name)
        hub.db.run("INSERT INTO redirects VALUES (?, ?, ?)", repo.owner, repo.name, repo.id)
    hub.db.update("repositories", repo.id, name=name, updated_at=hub.now())
    return by_id(hub, repo.id)


def set_default_branch(hub: Hub, repo: Repository, branch: str) -> None:
    """Move HEAD; 422 when there is no such branch."""
    if hub.git(repo.id).branch(branch) is None:
        raise custom("Repository", f"The branch {branch} was not found.")
    hub.git(repo.id).output("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    hub.db.update("repositories", repo.id, default_branch=branch)


def delete(hub: Hub, repo: Repository) -> None:
    """Remove the repository with all that belongs to it."""
    hub.db.run("DELETE FROM repositories WHERE id = ?", repo.id)
    shutil.rmtree(hub.git_dir(repo.id), ignore_errors=True)


def permission(hub: Hub, repo: Repository, user: User) -> str:
    """admin, write or read. Everybody may write who was not made a reader."""
    if user.id == repo.owner_id:
        return "admin"
    granted = hub.db.value(
        "SELECT permission FROM collaborators WHERE repo_id = ? AND user_id = ?", repo.id, user.id
    )
    return granted or "write"


def grant(hub: Hub, repo: Repository, user: User, level: str | None) -> None:
    """Set the level (admin, write or read); None goes back to the default, write."""
    hub.db.run("DELETE FROM collaborators WHERE repo_id = ? AND user_id = ?", repo.id, user.id)
    if level is not None:
        hub.db.run("INSERT INTO collaborators VALUES (?, ?, ?)", repo.id, user.id, level)


def collaborators(hub: Hub, repo: Repository) -> list[tuple[User, str]]:
    """Everybody who may sign in, with the level."""
    return [(user, permission(hub, repo, user)) for user in accounts.people(hub.db)]


def can_write(hub: Hub, repo: Repository, user: User) -> bool:
    """Whether the user may push, label and merge."""
    return permission(hub, repo, user) != "read"


def require_write(hub: Hub, repo: Repository, user: User) -> None:
    """403 for readers, and for everybody when the repository is archived."""
    if not can_write(hub, repo, user):
        raise forbidden()
    require_active(repo)


def require_active(repo: Repository) -> None:
    """403 when the repository is archived."""
    if repo.archived:
        raise archived()
