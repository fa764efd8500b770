"""What a delivery says, by event. The shapes are GitHub's."""

from typing import Any

from agent_os.localhub import accounts, checks, issues, labels, pulls, repositories
from agent_os.localhub.accounts import User
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.render import checks as render_checks
from agent_os.localhub.render import issues as render_issues
from agent_os.localhub.render import pulls as render_pulls
from agent_os.localhub.render import repositories as render_repositories
from agent_os.localhub.render import reviews as render_reviews
from agent_os.localhub.render import users
from agent_os.localhub.render.view import View
from agent_os.localhub.repositories import Repository
from agent_os.localhub.webhooks import pushed
from agent_os.localhub.webhooks.notices import Notice

Json = dict[str, Any]


def event_of(hub: Hub, notice: Notice) -> str:
    """The event's name: what happens to the issue half of a pull request is its own."""
    if notice.event == "issues" and _issue(hub, notice).is_pull:
        return "pull_request"
    return notice.event


def payload(hub: Hub, notice: Notice) -> Json:
    """The body of the deliveries of a notice."""
    view = View(hub, hub.url)
    repo = repositories.by_id(hub, notice.repo_id)
    event = event_of(hub, notice)
    body: Json = {"action": notice.action} if notice.action else {}
    body |= _DRAWN[event](view, repo, notice) | common(view, repo, notice.actor_id)
    if event == "push":
        body["repository"] = pushed.repository(view, repo)
    return body


def common(view: View, repo: Repository, actor_id: int | None) -> Json:
    """What every payload has: repository, sender, and the organization if it belongs to one."""
    owner = accounts.by_id(view.hub.db, repo.owner_id)
    sender = owner if actor_id is None else accounts.by_id(view.hub.db, actor_id)
    body: Json = {
        "repository": render_repositories.repository(view, repo),
        "sender": users.user(view, sender),
    }
    if owner.type == "Organization":
        body["organization"] = users.short_organization(view, owner)
    return body


def _issue(hub: Hub, notice: Notice) -> Issue:
    # Deleted ones too: that is told as well.
    found = hub.db.one(Issue, "SELECT * FROM issues WHERE id = ?", notice.subject)
    if found is None:
        raise LookupError(f"there is no issue with the id {notice.subject}")
    return found


def _extra(view: View, repo: Repository, notice: Notice) -> Json:
    """The label, person, or change that the action is about."""
    drawn: Json = {}
    for name, value in notice.extra.items():
        if name == "label":
            known = labels.find(view.hub, repo.id, value["name"])
            drawn[name] = value if known is None else render_issues.label(view, repo, known)
        elif name in ("assignee", "requested_reviewer"):
            who = accounts.find(view.hub.db, str(value))
            drawn[name] = None if who is None else users.user(view, who)
        elif name in ("changes", "before", "after"):
            drawn[name] = value
    return drawn


def _issues(view: View, repo: Repository, notice: Notice) -> Json:
    shown = _issue(view.hub, notice)
    return {"issue": render_issues.issue(view, repo, shown)} | _extra(view, repo, notice)


def _pull_request(view: View, repo: Repository, notice: Notice) -> Json:
    shown = _issue(view.hub, notice)
    drawn = render_pulls.full(view, repo, shown, pulls.of_issue(view.hub, shown))
    return {"number": shown.number, "pull_request": drawn} | _extra(view, repo, notice)


def _issue_comment(view: View, repo: Repository, notice: Notice) -> Json:
    parent = issues.by_id(view.hub, notice.subject.issue_id)
    drawn = {
        "issue": render_issues.issue(view, repo, parent),
        "comment": render_issues.comment(view, repo, notice.subject),
    }
    return drawn | _extra(view, repo, notice)


def _review(view: View, repo: Repository, notice: Notice) -> Json:
    pull = pulls.by_id(view.hub, notice.subject.pull_id)
    parent = issues.by_id(view.hub, pull.issue_id)
    drawn = render_reviews.review(view, repo, parent, notice.subject)
    drawn["state"] = drawn["state"].lower()
    drawn["updated_at"] = drawn["submitted_at"]
    return {"review": drawn, "pull_request": render_pulls.summary(view, repo, parent, pull)}


def _review_comment(view: View, repo: Repository, notice: Notice) -> Json:
    pull = pulls.by_id(view.hub, notice.subject.pull_id)
    parent = issues.by_id(view.hub, pull.issue_id)
    return {
        "comment": render_reviews.comment(view, repo, parent, notice.subject),
        "pull_request": render_pulls.summary(view, repo, parent, pull),
    }


def _check_run(view: View, repo: Repository, notice: Notice) -> Json:
    run = checks.get(view.hub, repo.id, notice.subject)
    suite = checks.suite(view.hub, repo.id, run.suite_id)
    return {"check_run": render_checks.run_told(view, repo, run, suite)}


def _check_suite(view: View, repo: Repository, notice: Notice) -> Json:
    suite = checks.suite(view.hub, repo.id, notice.subject)
    return {"check_suite": render_checks.suite_told(view, repo, suite)}


def _label(view: View, repo: Repository, notice: Notice) -> Json:
    drawn = {"label": render_issues.label(view, repo, notice.subject)}
    return drawn | _extra(view, repo, notice)


def _repository(view: View, repo: Repository, notice: Notice) -> Json:
    return _extra(view, repo, notice)


def ping(view: View, repo: Repository, hook: Json, actor: User) -> Json:
    """What a new hook is greeted with."""
    body: Json = {"zen": "Keep it logically awesome.", "hook_id": hook["id"], "hook": hook}
    return body | common(view, repo, actor.id)


_DRAWN = {
    "issues": _issues,
    "pull_request": _pull_request,
    "issue_comment": _issue_comment,
    "pull_request_review": _review,
    "pull_request_review_comment": _review_comment,
    "check_run": _check_run,
    "check_suite": _check_suite,
    "label": _label,
    "repository": _repository,
    "push": pushed.push,
    "status": pushed.status,
}
