"""Commits and comparisons."""

from agent_os.localhub import commits, pulls
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import Refusal, not_found
from agent_os.localhub.git import Git
from agent_os.localhub.render import git as render
from agent_os.localhub.render import pulls as render_pulls

MAX_COMPARED = 250


def list_all(call: Call) -> Reply:
    """GET the commits: sha (a ref), path, since, until. 409 when the repository is empty."""
    repo, query = call.repo(), call.query
    git = call.hub.git(repo.id)
    start = git.resolve(query.get("sha") or repo.default_branch)
    if start is None:
        if "sha" not in query:
            raise Refusal(409, "Git Repository is empty.")
        raise not_found()
    arguments = [start]
    for name, option in (("since", "--since"), ("until", "--until")):
        if name in query:
            arguments.insert(0, f"{option}={call.time(name)}")
    if "path" in query:
        if ".." in query["path"].split("/"):  # git takes it for a path outside of the repository
            return Reply(200, [])
        arguments += ["--", query["path"].lstrip("/")]
    shas = git.text("rev-list", *arguments).split()
    chosen, headers = call.page(shas)
    found = commits.many(git, chosen)
    return Reply(200, [render.commit(call.view, repo, each) for each in found], headers)


def show(call: Call) -> Reply:
    """GET a commit with its files; 422 when there is none."""
    repo = call.repo()
    git = call.hub.git(repo.id)
    sha = git.resolve(call.params["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.params['ref']}")
    return Reply(200, render.commit_with_files(call.view, repo, git, commits.one(git, sha)))


def pulls_of_commit(call: Call) -> Reply:
    """GET the pull requests whose head, merge commit or branch holds the commit."""
    repo = call.repo()
    git = call.hub.git(repo.id)
    sha = git.resolve(call.params["ref"])
    found = [
        pair
        for pair in pulls.all_of(call.hub, repo.id)
        if sha is not None and _holds(git, pair[1], sha)
    ]
    return call.paged(found, lambda pair: render_pulls.summary(call.view, repo, *pair))


def _holds(git: Git, pull: pulls.Pull, sha: str) -> bool:
    if sha in (pull.merge_commit_sha, pull.head_sha):
        return True
    return sha in git.text("rev-list", f"{pull.base_sha}..{pull.head_sha}").split()


def _end(git: Git, owner: str, name: str) -> str:
    prefix, colon, branch = name.partition(":")
    if colon and prefix.lower() != owner.lower():
        raise not_found()
    sha = git.resolve(branch if colon else name)
    if sha is None:
        raise not_found()
    return sha


def compare(call: Call) -> Reply:
    """GET base...head: status, ahead_by, behind_by, commits (oldest first), files."""
    repo = call.repo()
    git, view = call.hub.git(repo.id), call.view
    left, dots, right = call.params["span"].partition("...")
    if not dots:
        raise not_found()
    base, head = _end(git, repo.owner, left), _end(git, repo.owner, right)
    middle = git.merge_base(base, head)
    if middle is None:
        raise Refusal(404, f"No common ancestor between {left} and {right}.")
    behind, ahead = (
        int(n) for n in git.text("rev-list", "--left-right", "--count", f"{base}...{head}").split()
    )
    words = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    shas = git.text("rev-list", "--reverse", f"{base}..{head}").split()
    chosen, headers = call.page(shas) if "page" in call.query else (shas[:MAX_COMPARED], {})
    files = commits.changes(git, middle, head)[: commits.MAX_FILES]
    root, html = f"{view.api}/repos/{repo.full_name}", f"{view.base}/{repo.full_name}"
    span = f"{left}...{right}"
    body = {
        "url": f"{root}/compare/{span}",
        "html_url": f"{html}/compare/{span}",
        "permalink_url": f"{html}/compare/{base}...{head}",
        "diff_url": f"{html}/compare/{span}.diff",
        "patch_url": f"{html}/compare/{span}.patch",
        "base_commit": render.commit(view, repo, commits.one(git, base)),
        "merge_base_commit": render.commit(view, repo, commits.one(git, middle)),
        "status": words.get((ahead > 0, behind > 0), "diverged"),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [render.commit(view, repo, each) for each in commits.many(git, chosen)],
        "files": [render.file(view, repo, each, head) for each in files],
    }
    return Reply(200, body, headers)


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("GET", f"{REPO}/commits", list_all),
    ("GET", f"{REPO}/commits/{{ref}}/pulls", pulls_of_commit),
    ("GET", f"{REPO}/commits/{{ref:path}}", show),
    ("GET", f"{REPO}/compare/{{span:path}}", compare),
]
