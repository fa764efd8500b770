"""The history of an issue's body."""

from dataclasses import dataclass

from agent_os.localhub.accounts import User
from agent_os.localhub.hub import Hub


@dataclass(frozen=True)
class Edit:
    """A full body after one edit; the oldest is the body it was created with."""

    id: int
    issue_id: int
    editor_id: int
    body: str | None
    edited_at: str


def of_issue(hub: Hub, issue_id: int) -> list[Edit]:
    """Newest first; empty when the body was never edited."""
    return hub.db.all(Edit, "SELECT * FROM edits WHERE issue_id = ? ORDER BY id DESC", issue_id)


def record(
    hub: Hub,
    issue_id: int,
    editor: User,
    body: str | None,
    *,
    original: tuple[int, str | None, str],
) -> None:
    """Remember an edit. `original` is (author id, body, created at), kept on the first edit."""
    if not of_issue(hub, issue_id):
        author_id, first_body, created_at = original
        hub.db.insert(
            "edits",
            issue_id=issue_id,
            editor_id=author_id,
            body=first_body,
            edited_at=created_at,
        )
    hub.db.insert("edits", issue_id=issue_id, editor_id=editor.id, body=body, edited_at=hub.now())
