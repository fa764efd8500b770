"""Comments on issues and pull requests."""

from agent_os.localhub import comments, issues, reactions, repositories
from agent_os.localhub.calls import Call, Reply, no_content
from agent_os.localhub.comments import Comment
from agent_os.localhub.errors import forbidden
from agent_os.localhub.render import issues as render
from agent_os.localhub.repositories import Repository


def _draw(call: Call, repo: Repository, comment: Comment, status: int = 200) -> Reply:
    fresh = comments.get(call.hub, repo.id, comment.id)
    return Reply(status, render.comment(call.view, repo, fresh))


def create(call: Call) -> Reply:
    """POST a comment; readers may."""
    repo = call.active_repo()
    issue = issues.get(call.hub, repo.id, call.number())
    text = call.need("body", "IssueComment")
    return _draw(call, repo, comments.create(call.hub, issue, call.user, text), 201)


def list_of_issue(call: Call) -> Reply:
    """GET the comments of an issue, oldest first; `since` by updated_at."""
    repo = call.repo()
    issue = issues.get(call.hub, repo.id, call.number())
    found = comments.of_issue(call.hub, issue.id, call.time("since"))
    return call.paged(found, lambda each: render.comment(call.view, repo, each))


def list_of_repository(call: Call) -> Reply:
    """GET the comments of a repository: since, sort (created, updated), direction."""
    repo = call.repo()
    found = comments.of_repository(call.hub, repo.id, call.time("since"))
    if call.query.get("sort") == "updated":
        found = sorted(found, key=lambda each: (each.updated_at, each.id))
    if "sort" in call.query and call.query.get("direction", "desc") == "desc":
        found = found[::-1]
    return call.paged(found, lambda each: render.comment(call.view, repo, each))


def show(call: Call) -> Reply:
    """GET a comment."""
    repo = call.repo()
    return _draw(call, repo, comments.get(call.hub, repo.id, call.number()))


def _own(call: Call) -> tuple[Repository, Comment]:
    repo = call.active_repo()
    comment = comments.get(call.hub, repo.id, call.number())
    writes = repositories.can_write(call.hub, repo, call.user)
    if not writes and comment.author_id != call.user.id:
        raise forbidden()
    return repo, comment


def update(call: Call) -> Reply:
    """PATCH a comment: its author or a writer."""
    repo, comment = _own(call)
    comments.edit(call.hub, comment, call.user, call.need("body", "IssueComment"))
    return _draw(call, repo, comment)


def delete(call: Call) -> Reply:
    """DELETE a comment: its author or a writer."""
    _, comment = _own(call)
    comments.delete(call.hub, comment, call.user)
    return no_content()


def react(call: Call) -> Reply:
    """POST a reaction to a comment; readers may."""
    repo = call.active_repo()
    comment = comments.get(call.hub, repo.id, call.number())
    made = reactions.add(call.hub, comment, call.user, call.need("content", "Reaction"))
    return Reply(201, render.reaction(call.view, made))


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("GET", f"{REPO}/issues/comments", list_of_repository),
    ("GET", f"{REPO}/issues/comments/{{number}}", show),
    ("PATCH", f"{REPO}/issues/comments/{{number}}", update),
    ("DELETE", f"{REPO}/issues/comments/{{number}}", delete),
    ("POST", f"{REPO}/issues/comments/{{number}}/reactions", react),
    ("GET", f"{REPO}/issues/{{number}}/comments", list_of_issue),
    ("POST", f"{REPO}/issues/{{number}}/comments", create),
]
