"""Files and directories at a ref."""

from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import Refusal, not_found
from agent_os.localhub.git import Git
from agent_os.localhub.render import git as render
from agent_os.localhub.repositories import Repository

KINDS = {"blob": "file", "tree": "dir", "commit": "submodule"}


def show(call: Call) -> Reply:
    """GET a file (base64) or a directory; `ref` is a branch, tag or sha."""
    repo = call.repo()
    git = call.hub.git(repo.id)
    at = call.query.get("ref") or repo.default_branch
    path = call.params.get("path", "").strip("/")
    if ".." in path.split("/"):  # git takes it for a path outside of the repository
        raise not_found()
    sha = git.resolve(at)
    if sha is None:
        raise Refusal(404, f"No commit found for the ref {at}" if path else "Not Found")
    if not path:
        return _directory(call, repo, git, at, sha, "")
    rows = _entries(git, sha, path)
    if not rows:
        raise not_found()
    _, kind, blob, _ = rows[0]
    if kind == "tree":
        return _directory(call, repo, git, at, sha, f"{path}/")
    data = git.output("cat-file", "blob", blob) if kind == "blob" else None
    return Reply(200, render.content(call.view, repo, at, path, KINDS[kind], blob, data))


def _directory(call: Call, repo: Repository, git: Git, at: str, sha: str, path: str) -> Reply:
    drawn: list[object] = []
    for name, kind, entry, size in _entries(git, sha, path):
        body = render.content(call.view, repo, at, name, KINDS[kind], entry, None)
        drawn.append(body | {"size": int(size) if size.isdecimal() else 0})
    return Reply(200, drawn)


def _entries(git: Git, sha: str, path: str) -> list[tuple[str, str, str, str]]:
    """(path, type, object id, size) of the path itself, or of what is in it with a / behind."""
    arguments = ["--", path] if path else []
    out = git.output("ls-tree", "-z", "-l", "--full-tree", sha, *arguments)
    found: list[tuple[str, str, str, str]] = []
    for row in out.decode(errors="replace").split("\0")[:-1]:
        facts, _, name = row.partition("\t")
        _, kind, entry, size = facts.split()
        found.append((name, kind, entry, size))
    return found


def blob(call: Call) -> Reply:
    """GET a blob by id."""
    repo = call.repo()
    git, sha = call.hub.git(repo.id), call.params["sha"]
    found = git.resolve(sha, "blob")
    if found is None:
        raise not_found()
    drawn = render.content(
        call.view, repo, "", "", "file", found, git.output("cat-file", "blob", sha)
    )
    url = f"{call.view.api}/repos/{repo.full_name}/git/blobs/{found}"
    same = ("sha", "size", "content", "encoding")
    return Reply(200, {name: drawn[name] for name in same} | {"url": url, "node_id": found})


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("GET", f"{REPO}/contents", show),
    ("GET", f"{REPO}/contents/{{path:path}}", show),
    ("GET", f"{REPO}/git/blobs/{{sha}}", blob),
]
