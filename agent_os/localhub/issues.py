"""Issues: creation, lists, changes. A pull request is an issue too."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent_os.localhub import accounts, edits, labels, timeline
from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal, invalid, not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks import notices

MAX_TITLE = 256
MAX_BODY = 65_536
CLOSE_REASONS = ("completed", "not_planned", "duplicate")


@dataclass(frozen=True)
class Issue:
    """An issue, or the issue half of a pull request (`is_pull`)."""

    id: int
    repo_id: int
    number: int
    title: str
    body: str | None
    state: str
    state_reason: str | None
    author_id: int
    is_pull: bool
    deleted: bool
    created_at: str
    updated_at: str
    closed_at: str | None
    closed_by_id: int | None


def get(hub: Hub, repo_id: int, number: int) -> Issue:
    """By number; 404, or 410 when it was deleted."""
    issue = hub.db.one(
        Issue, "SELECT * FROM issues WHERE repo_id = ? AND number = ?", repo_id, number
    )
    if issue is None:
        raise not_found()
    if issue.deleted:
        raise Refusal(410, "This issue was deleted")
    return issue


def by_id(hub: Hub, issue_id: int) -> Issue:
    """By id; 404."""
    issue = hub.db.one(Issue, "SELECT * FROM issues WHERE id = ? AND NOT deleted", issue_id)
    if issue is None:
        raise not_found()
    return issue


def all_of(hub: Hub, repo_id: int, state: str = "all") -> list[Issue]:
    """Issues and pull requests (open, closed or all), newest first."""
    return hub.db.all(
        Issue,
        "SELECT * FROM issues WHERE repo_id = ?1 AND NOT deleted"
        " AND (?2 = 'all' OR state = ?2) ORDER BY number DESC",
        repo_id,
        state,
    )


def create(
    hub: Hub, repo_id: int, actor: User, title: str, body: str | None, *, is_pull: bool = False
) -> Issue:
    """A new issue with the next number; 422 for a missing or overlong title or body."""
    _check(title, body)
    last = hub.db.value("SELECT max(number) FROM issues WHERE repo_id = ?", repo_id)
    now = hub.now()
    issue_id = hub.db.insert(
        "issues",
        repo_id=repo_id,
        number=(last or 0) + 1,
        title=title,
        body=body,
        author_id=actor.id,
        is_pull=is_pull,
        created_at=now,
        updated_at=now,
    )
    notices.of_issue(hub, repo_id, issue_id, "opened", actor.id)
    return by_id(hub, issue_id)


def touch(hub: Hub, issue_id: int) -> None:
    """Something about the issue changed just now."""
    hub.db.update("issues", issue_id, updated_at=hub.now())


def edit(hub: Hub, issue: Issue, actor: User, title: str | None, body: str | None) -> None:
    """Change title or body; None leaves as it is."""
    _check(issue.title if title is None else title, body)
    changes: dict[str, dict[str, str]] = {}
    if title is not None and title != issue.title:
        hub.db.update("issues", issue.id, title=title)
        timeline.add(
            hub,
            issue.repo_id,
            issue.id,
            "renamed",
            actor,
            rename={"from": issue.title, "to": title},
        )
        touch(hub, issue.id)
        changes["title"] = {"from": issue.title}
    if body is not None and body != issue.body:
        original = (issue.author_id, issue.body, issue.created_at)
        edits.record(hub, issue.id, actor, body, original=original)
        hub.db.update("issues", issue.id, body=body)
        touch(hub, issue.id)
        changes["body"] = {"from": issue.body or ""}
    if changes:
        notices.of_issue(hub, issue.repo_id, issue.id, "edited", actor.id, changes=changes)


def close(
    hub: Hub, issue: Issue, actor: User, reason: str | None = None, commit_id: str | None = None
) -> None:
    """Close; on a closed one only the reason changes. 422 for an unknown reason."""
    if reason is not None and reason not in CLOSE_REASONS:
        raise invalid("Issue", "state_reason")
    reason = None if issue.is_pull else reason or "completed"
    if issue.state == "closed":
        if reason != issue.state_reason:
            hub.db.update("issues", issue.id, state_reason=reason, updated_at=hub.now())
        return
    now = hub.now()
    hub.db.update(
        "issues",
        issue.id,
        state="closed",
        state_reason=reason,
        closed_at=now,
        closed_by_id=actor.id,
        updated_at=now,
    )
    fields = {"state_reason": reason}
    timeline.add(hub, issue.repo_id, issue.id, "closed", actor, commit_id=commit_id, **fields)


def reopen(hub: Hub, issue: Issue, actor: User) -> None:
    """Open again; nothing on an open one."""
    if issue.state == "open":
        return
    hub.db.update(
        "issues",
        issue.id,
        state="open",
        state_reason=None if issue.is_pull else "reopened",
        closed_at=None,
        closed_by_id=None,
        updated_at=hub.now(),
    )
    fields = {"state_reason": "reopened"}
    timeline.add(hub, issue.repo_id, issue.id, "reopened", actor, **fields)


def add_labels(hub: Hub, issue: Issue, actor: User, names: Iterable[str]) -> None:
    """Add labels, made when missing; an event for each that was not there."""
    for name in names:
        label = labels.named(hub, issue.repo_id, name)
        added = hub.db.changed(
            "INSERT OR IGNORE INTO issue_labels VALUES (?, ?)", issue.id, label.id
        )
        if added:
            _label_event(hub, issue, actor, "labeled", label)


def remove_label(hub: Hub, issue: Issue, actor: User, name: str) -> None:
    """Take one label off; 404 when the issue does not carry it."""
    label = labels.find(hub, issue.repo_id, name)
    removed = label is not None and hub.db.changed(
        "DELETE FROM issue_labels WHERE issue_id = ? AND label_id = ?", issue.id, label.id
    )
    if label is None or not removed:
        raise Refusal(404, "Label does not exist")
    _label_event(hub, issue, actor, "unlabeled", label)


def set_labels(hub: Hub, issue: Issue, actor: User, names: Iterable[str]) -> None:
    """Make these the labels of the issue."""
    wanted = list(names)
    keep = {name.lower() for name in wanted}
    for label in labels.of_issue(hub, issue.id):
        if label.name.lower() not in keep:
            remove_label(hub, issue, actor, label.name)
    add_labels(hub, issue, actor, wanted)


def _label_event(hub: Hub, issue: Issue, actor: User, kind: str, label: labels.Label) -> None:
    shown = {"name": label.name, "color": label.color}
    timeline.add(hub, issue.repo_id, issue.id, kind, actor, label=shown)
    touch(hub, issue.id)


def assignees(hub: Hub, issue_id: int) -> list[User]:
    """By login."""
    return hub.db.all(
        User,
        "SELECT users.* FROM users JOIN assignees ON user_id = users.id"
        " WHERE issue_id = ? ORDER BY login",
        issue_id,
    )


def assign(hub: Hub, issue: Issue, actor: User, logins: Iterable[str]) -> None:
    """Add assignees; unknown logins are left out, as on GitHub."""
    for login in logins:
        user = accounts.find(hub.db, login)
        if user is not None and hub.db.changed(
            "INSERT OR IGNORE INTO assignees VALUES (?, ?)", issue.id, user.id
        ):
            _assign_event(hub, issue, actor, "assigned", user)


def unassign(hub: Hub, issue: Issue, actor: User, logins: Iterable[str]) -> None:
    """Remove assignees."""
    for login in logins:
        user = accounts.find(hub.db, login)
        if user is not None and hub.db.changed(
            "DELETE FROM assignees WHERE issue_id = ? AND user_id = ?", issue.id, user.id
        ):
            _assign_event(hub, issue, actor, "unassigned", user)


def set_assignees(hub: Hub, issue: Issue, actor: User, logins: Iterable[str]) -> None:
    """Make these the assignees."""
    wanted = list(logins)
    keep = {login.lower() for login in wanted}
    gone = [u.login for u in assignees(hub, issue.id) if u.login.lower() not in keep]
    unassign(hub, issue, actor, gone)
    assign(hub, issue, actor, wanted)


def _assign_event(hub: Hub, issue: Issue, actor: User, kind: str, user: User) -> None:
    timeline.add(hub, issue.repo_id, issue.id, kind, actor, assignee=user.login)
    touch(hub, issue.id)


def delete(hub: Hub, issue: Issue) -> None:
    """Gone for everybody; its number answers 410 from now on."""
    hub.db.update("issues", issue.id, deleted=1)
    notices.of_issue(hub, issue.repo_id, issue.id, "deleted", issue.author_id)


def _check(title: str, body: str | None) -> None:
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    if len(title) > MAX_TITLE:
        message = f"title is too long (maximum is {MAX_TITLE} characters)"
        raise invalid("Issue", "title", "custom", message)
    if body is not None and len(body) > MAX_BODY:
        message = f"body is too long (maximum is {MAX_BODY} characters)"
        raise invalid("Issue", "body", "custom", message)
