"""Labels of a repository, and which of them an issue carries."""

import re
import zlib
from dataclasses import dataclass

from agent_os.localhub.errors import custom, invalid, not_found
from agent_os.localhub.hub import Hub

COLOR = re.compile(r"[0-9a-fA-F]{6}")
MAX_NAME = 50
MAX_DESCRIPTION = 100
PALETTE = ("b60205", "d93f0b", "fbca04", "0e8a16", "006b75", "1d76db", "0052cc", "5319e7")


@dataclass(frozen=True)
class Label:
    """A label; `color` is six hex digits."""

    id: int
    repo_id: int
    name: str
    color: str
    description: str | None


def all_of(hub: Hub, repo_id: int) -> list[Label]:
    """By name."""
    return hub.db.all(Label, "SELECT * FROM labels WHERE repo_id = ? ORDER BY name", repo_id)


def find(hub: Hub, repo_id: int, name: str) -> Label | None:
    """By name, any case."""
    return hub.db.one(Label, "SELECT * FROM labels WHERE repo_id = ? AND name = ?", repo_id, name)


def get(hub: Hub, repo_id: int, name: str) -> Label:
    """By name; 404."""
    label = find(hub, repo_id, name)
    if label is None:
        raise not_found()
    return label


def by_id(hub: Hub, label_id: int) -> Label:
    """By id; 404."""
    label = hub.db.one(Label, "SELECT * FROM labels WHERE id = ?", label_id)
    if label is None:
        raise not_found()
    return label


def create(
    hub: Hub, repo_id: int, name: str, color: str | None = None, description: str | None = None
) -> Label:
    """A new label; 422 when it exists or is malformed. Without a color one is chosen."""
    _check(name, color, description)
    if find(hub, repo_id, name) is not None:
        raise invalid("Label", "name", "already_exists")
    chosen = color or PALETTE[zlib.crc32(name.lower().encode()) % len(PALETTE)]
    hub.db.insert(
        "labels", repo_id=repo_id, name=name, color=chosen.lower(), description=description
    )
    return get(hub, repo_id, name)


def update(
    hub: Hub, label: Label, name: str | None, color: str | None, description: str | None
) -> Label:
    """Change what is given; 422 when the new name is taken."""
    name = label.name if name is None else name
    color = label.color if color is None else color
    description = label.description if description is None else description
    _check(name, color, description)
    other = find(hub, label.repo_id, name)
    if other is not None and other.id != label.id:
        raise invalid("Label", "name", "already_exists")
    hub.db.update("labels", label.id, name=name, color=color.lower(), description=description)
    return get(hub, label.repo_id, name)


def delete(hub: Hub, label: Label) -> None:
    """Remove the label, from issues too (without events, as GitHub does)."""
    hub.db.run("DELETE FROM labels WHERE id = ?", label.id)


def of_issue(hub: Hub, issue_id: int) -> list[Label]:
    """The labels an issue carries, by name."""
    return hub.db.all(
        Label,
        "SELECT labels.* FROM labels JOIN issue_labels ON label_id = labels.id"
        " WHERE issue_id = ? ORDER BY name",
        issue_id,
    )


def named(hub: Hub, repo_id: int, name: str) -> Label:
    """The label of this name, made when there is none (as when an issue is labelled)."""
    return find(hub, repo_id, name) or create(hub, repo_id, name, "ededed")


def _check(name: str, color: str | None, description: str | None) -> None:
    if not name.strip() or len(name) > MAX_NAME:
        raise invalid("Label", "name", "missing_field" if not name.strip() else "invalid")
    if color is not None and not COLOR.fullmatch(color):
        raise invalid("Label", "color")
    if description is not None and len(description) > MAX_DESCRIPTION:
        raise custom("Label", f"description is too long (maximum is {MAX_DESCRIPTION} characters)")
