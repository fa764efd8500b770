"""What happened on an issue or pull request, in order, in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent_os.localhub import comments, reviews, timeline
from agent_os.localhub.hub import Hub
from agent_os.localhub.issues import Issue
from agent_os.localhub.pages.names import Names
from agent_os.localhub.pulls import Pull
from agent_os.localhub.reviews import ReviewComment
from agent_os.localhub.timeline import Event

Fields = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One entry: kind is comment, review or event; `number` orders those of one second.

    words -- what the actor did; label -- (name, color) when it was about a label;
    icon -- the style of its mark; commit -- a commit id to link.
    """

    kind: str
    actor: str
    at: str
    number: int
    words: str = ""
    body: str = ""
    icon: str = ""
    anchor: str = ""
    edited: bool = False
    label: tuple[str, str] | None = None
    commit: str | None = None
    notes: list[ReviewComment] = field(default_factory=list[ReviewComment])


def entries(hub: Hub, issue: Issue, pull: Pull | None, names: Names) -> list[Entry]:
    """Oldest first. Only inside a transaction."""
    found = [
        Entry(
            "comment",
            names.login(one.author_id),
            one.created_at,
            one.id,
            body=one.body,
            anchor=f"issuecomment-{one.id}",
            edited=one.updated_at != one.created_at,
        )
        for one in comments.of_issue(hub, issue.id)
    ]
    found += [_event(one, names) for one in timeline.of_issue(hub, issue.id)]
    if pull is not None:
        found += _reviews(hub, pull, names)
    return sorted(found, key=lambda one: (one.at, one.number))


REVIEW_WORDS = {
    "APPROVED": ("approved these changes", "success"),
    "CHANGES_REQUESTED": ("requested changes", "failure"),
    "COMMENTED": ("reviewed", "plain"),
    "DISMISSED": ("gave a review that was dismissed", "plain"),
}


def _reviews(hub: Hub, pull: Pull, names: Names) -> list[Entry]:
    found: list[Entry] = []
    for one in reviews.of_pull(hub, pull.id):
        if one.submitted_at is None:
            continue
        words, icon = REVIEW_WORDS.get(one.state, ("reviewed", "plain"))
        found.append(
            Entry(
                "review",
                names.login(one.author_id),
                one.submitted_at,
                one.id,
                words,
                one.body,
                icon,
                f"pullrequestreview-{one.id}",
                notes=reviews.comments_of_review(hub, one.id),
            )
        )
    return found


def _closed(fields: Fields) -> str:
    reason = str(fields.get("state_reason") or "completed").replace("_", " ")
    return "closed this" if reason == "completed" else f"closed this as {reason}"


def _renamed(fields: Fields) -> str:
    change = fields.get("rename") or {}
    return f"changed the title from “{change.get('from')}” to “{change.get('to')}”"


def _assignee(fields: Fields) -> str:
    return _login(fields.get("assignee"))


def _login(value: Any) -> str:
    return str(value.get("login") if isinstance(value, dict) else value)


def _reviewer(fields: Fields) -> str:
    return _login(fields.get("requested_reviewer"))


# By kind: the style of the mark, and the words, fixed or made from the event's fields.
WORDS: dict[str, tuple[str, str | Callable[[Fields], str]]] = {
    "labeled": ("plain", "added the label"),
    "unlabeled": ("plain", "removed the label"),
    "closed": ("closed", _closed),
    "reopened": ("open", "reopened this"),
    "renamed": ("plain", _renamed),
    "assigned": ("plain", lambda fields: f"assigned {_assignee(fields)}"),
    "unassigned": ("plain", lambda fields: f"unassigned {_assignee(fields)}"),
    "merged": ("merged", "merged this as"),
    "review_requested": ("plain", lambda fields: f"asked {_reviewer(fields)} for a review"),
    "review_request_removed": (
        "plain",
        lambda fields: f"no longer asks {_reviewer(fields)} for a review",
    ),
    "review_dismissed": ("plain", "dismissed a review"),
    "head_ref_deleted": ("plain", "deleted the head branch"),
    "head_ref_force_pushed": ("plain", "force-pushed the head branch"),
    "head_ref_restored": ("plain", "restored the head branch"),
    "convert_to_draft": ("plain", "marked this as a draft"),
    "ready_for_review": ("plain", "marked this as ready for review"),
    "base_ref_changed": ("plain", "changed the base branch"),
    "referenced": ("plain", "referred to this in"),
}


def _event(event: Event, names: Names) -> Entry:
    fields = event.fields()
    icon, words = WORDS.get(event.kind, ("plain", event.kind.replace("_", " ")))
    label = fields.get("label")
    return Entry(
        "event",
        names.login(event.actor_id),
        event.created_at,
        event.id,
        words if isinstance(words, str) else words(fields),
        icon=icon,
        label=(str(label["name"]), str(label["color"])) if isinstance(label, dict) else None,
        commit=event.commit_id,
    )
