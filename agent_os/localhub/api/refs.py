"""Branches and git refs."""

import re

from agent_os.localhub import pushes
from agent_os.localhub.calls import Call, Reply, no_content
from agent_os.localhub.errors import Refusal
from agent_os.localhub.git import NO_OBJECT, Git
from agent_os.localhub.render import git as render
from agent_os.localhub.repositories import Repository

OBJECT_ID = re.compile(r"[0-9a-fA-F]{40}")


def branches(call: Call) -> Reply:
    """GET the branches, by name; `protected` filters."""
    repo = call.repo()
    found = call.hub.git(repo.id).refs("refs/heads/")
    names = [(ref.removeprefix("refs/heads/"), sha) for ref, sha in sorted(found.items())]
    drawn = [render.branch(call.view, repo, *pair) for pair in names]
    if "protected" in call.query:
        wanted = call.query["protected"] == "true"
        drawn = [each for each in drawn if each["protected"] == wanted]
    return call.paged(drawn, lambda each: each)


def branch(call: Call) -> Reply:
    """GET a branch."""
    repo, name = call.repo(), call.params["branch"]
    git = call.hub.git(repo.id)
    sha = git.branch(name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    return Reply(200, render.branch_full(call.view, repo, git, name, sha))


def _full(call: Call) -> str:
    return f"refs/{call.params['ref'].removeprefix('refs/')}"


def _draw(call: Call, repo: Repository, ref: str, status: int = 200) -> Reply:
    git = call.hub.git(repo.id)
    code, out, _ = git.run("rev-parse", "--verify", "--quiet", ref)
    if code != 0:
        raise Refusal(404, "Not Found")
    sha = out.decode().strip()
    kind = git.text("cat-file", "-t", sha)
    return Reply(status, render.ref(call.view, repo, ref, sha, kind))


def show(call: Call) -> Reply:
    """GET a ref."""
    return _draw(call, call.repo(), _full(call))


def matching(call: Call) -> Reply:
    """GET the refs that start with a text, or all."""
    repo, git = call.repo(), call.hub.git(call.repo().id)
    start = _full(call) if "ref" in call.params else "refs/"
    line = "%(refname) %(objectname) %(objecttype)"
    rows = git.text("for-each-ref", f"--format={line}").splitlines()
    found = [row.split(" ") for row in rows if row.startswith(start)]
    found = [row for row in found if not row[0].startswith("refs/hub/")]
    return call.paged(found, lambda row: render.ref(call.view, repo, row[0], row[1], row[2]))


def create(call: Call) -> Reply:
    """POST a ref; 422 when it exists, is malformed or names no object."""
    repo = call.writable()
    git = call.hub.git(repo.id)
    ref, sha = call.need("ref", "Reference"), _object(call, git)
    _check_name(repo, call, ref)
    if git.run("rev-parse", "--verify", "--quiet", ref)[0] == 0:
        raise Refusal(422, "Reference already exists")
    if _has_rival(git, ref):
        raise Refusal(422, "Reference update failed")
    git.update_ref(ref, sha, NO_OBJECT)
    pushes.sync(call.hub, repo, call.user)
    return _draw(call, repo, ref, 201)


def _object(call: Call, git: Git) -> str:
    """The `sha` of the body: the full id of an object that is there; 422 else."""
    sha = call.need("sha", "Reference")
    if not OBJECT_ID.fullmatch(sha):
        raise Refusal(422, f"The SHA must be 40 hexadecimal characters; got {sha!r}.")
    if git.run("cat-file", "-e", sha)[0] != 0:
        raise Refusal(422, "Object does not exist")
    return sha.lower()


def _has_rival(git: Git, ref: str) -> bool:
    """Whether another ref stands in the way: a/b and a can't both be there."""
    known = git.refs()
    parents = {"/".join(ref.split("/")[:n]) for n in range(3, ref.count("/") + 1)}
    return bool(parents & known.keys()) or any(name.startswith(f"{ref}/") for name in known)


def _check_name(repo: Repository, call: Call, ref: str) -> None:
    valid = call.hub.git(repo.id).run("check-ref-format", ref)[0] == 0
    if not valid or not ref.startswith("refs/") or ref.count("/") < 2:
        raise Refusal(422, "Reference name is not valid")
    _refuse_hidden(ref)


def _refuse_hidden(ref: str) -> None:
    if ref.startswith(("refs/pull/", "refs/hub/")):
        raise Refusal(422, "Reference cannot be changed: it is read-only")


def update(call: Call) -> Reply:
    """PATCH a ref; 422 for what is no fast-forward without `force`."""
    repo, ref = call.writable(), _full(call)
    git = call.hub.git(repo.id)
    _refuse_hidden(ref)
    sha = _object(call, git)
    code, old, _ = git.run("rev-parse", "--verify", "--quiet", ref)
    if code != 0:
        raise Refusal(422, "Reference does not exist")
    before = old.decode().strip()
    if not call.flag("force") and not git.is_ancestor(before, sha):
        raise Refusal(422, "Update is not a fast forward")
    git.update_ref(ref, sha, before)
    pushes.sync(call.hub, repo, call.user)
    return _draw(call, repo, ref)


def delete(call: Call) -> Reply:
    """DELETE a ref; 422 when there is none, or for the default branch."""
    repo, ref = call.writable(), _full(call)
    git = call.hub.git(repo.id)
    _refuse_hidden(ref)
    if git.run("rev-parse", "--verify", "--quiet", ref)[0] != 0:
        raise Refusal(422, "Reference does not exist")
    if ref == f"refs/heads/{repo.default_branch}":
        raise Refusal(422, "Cannot delete the default branch")
    git.delete_ref(ref)
    pushes.sync(call.hub, repo, call.user)
    return no_content()


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("GET", f"{REPO}/branches", branches),
    ("GET", f"{REPO}/branches/{{branch:path}}", branch),
    ("GET", f"{REPO}/git/ref/{{ref:path}}", show),
    ("GET", f"{REPO}/git/matching-refs/{{ref:path}}", matching),
    ("GET", f"{REPO}/git/refs", matching),
    ("POST", f"{REPO}/git/refs", create),
    ("GET", f"{REPO}/git/refs/{{ref:path}}", show),
    ("PATCH", f"{REPO}/git/refs/{{ref:path}}", update),
    ("DELETE", f"{REPO}/git/refs/{{ref:path}}", delete),
]
