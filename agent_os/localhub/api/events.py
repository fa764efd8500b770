"""Issue events and timelines."""

from typing import Any

from agent_os.localhub import comments, issues, pulls, reviews, timeline
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.issues import Issue
from agent_os.localhub.render import issues as render
from agent_os.localhub.render import reviews as render_reviews
from agent_os.localhub.repositories import Repository


def of_issue(call: Call) -> Reply:
    """GET the events of an issue, oldest first."""
    repo = call.repo()
    issue = issues.get(call.hub, repo.id, call.number())
    found = timeline.of_issue(call.hub, issue.id)
    return call.paged(found, lambda each: render.event(call.view, repo, each))


def of_repository(call: Call) -> Reply:
    """GET the events of a repository, newest first."""
    repo = call.repo()
    found = timeline.of_repository(call.hub, repo.id)
    return call.paged(found, lambda each: render.event_with_issue(call.view, repo, each))


def show(call: Call) -> Reply:
    """GET an event."""
    repo = call.repo()
    event = timeline.get(call.hub, repo.id, call.number())
    return Reply(200, render.event_with_issue(call.view, repo, event))


def timeline_of_issue(call: Call) -> Reply:
    """GET the timeline: events, comments and reviews by time."""
    repo = call.repo()
    issue = issues.get(call.hub, repo.id, call.number())
    view = call.view
    entries: list[tuple[str, int, dict[str, Any]]] = [
        (event.created_at, event.id, render.event(view, repo, event))
        for event in timeline.of_issue(call.hub, issue.id)
    ]
    for comment in comments.of_issue(call.hub, issue.id):
        drawn = render.comment(view, repo, comment)
        drawn |= {"event": "commented", "actor": drawn["user"]}
        entries.append((comment.created_at, comment.id, drawn))
    entries += _reviews(call, repo, issue)
    entries.sort(key=lambda entry: entry[:2])
    return call.paged([drawn for _, _, drawn in entries], lambda drawn: drawn)


def _reviews(call: Call, repo: Repository, issue: Issue) -> list[tuple[str, int, dict[str, Any]]]:
    if not issue.is_pull:
        return []
    pull = pulls.of_issue(call.hub, issue)
    found: list[tuple[str, int, dict[str, Any]]] = []
    for review in reviews.of_pull(call.hub, pull.id):
        if review.submitted_at is not None:
            drawn = render_reviews.review(call.view, repo, issue, review)
            drawn |= {"event": "reviewed", "state": review.state.lower(), "actor": drawn["user"]}
            found.append((review.submitted_at, review.id, drawn))
    return found


REPO = "/repos/{owner}/{repo}"
ROUTES = [
    ("GET", f"{REPO}/issues/events", of_repository),
    ("GET", f"{REPO}/issues/events/{{number}}", show),
    ("GET", f"{REPO}/issues/{{number}}/events", of_issue),
    ("GET", f"{REPO}/issues/{{number}}/timeline", timeline_of_issue),
]
