"""Reactions to comments. They move no time, neither the comment's nor the issue's."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent_os.localhub.accounts import User
from agent_os.localhub.comments import Comment
from agent_os.localhub.errors import invalid
from agent_os.localhub.hub import Hub

CONTENTS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


@dataclass(frozen=True)
class Reaction:
    """What somebody thinks of a comment; each of a kind once."""

    id: int
    comment_id: int
    user_id: int
    content: str
    created_at: str


def add(hub: Hub, comment: Comment, actor: User, content: str) -> Reaction:
    """The reaction, new or as it was; 422 for another word."""
    if content not in CONTENTS:
        raise invalid("Reaction", "content", "invalid")
    hub.db.run(
        "INSERT OR IGNORE INTO reactions (comment_id, user_id, content, created_at)"
        " VALUES (?, ?, ?, ?)",
        comment.id,
        actor.id,
        content,
        hub.now(),
    )
    sql = "SELECT * FROM reactions WHERE comment_id = ? AND user_id = ? AND content = ?"
    found = hub.db.one(Reaction, sql, comment.id, actor.id, content)
    assert found is not None  # just written
    return found


def counts(hub: Hub, comment_id: int) -> Mapping[str, int]:
    """How many of each kind, and of all."""
    found = hub.db.all(Reaction, "SELECT * FROM reactions WHERE comment_id = ?", comment_id)
    kinds = {kind: sum(one.content == kind for one in found) for kind in CONTENTS}
    return {"total_count": len(found), **kinds}
