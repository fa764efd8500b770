"""Who may give commands, and which version of a text counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from agent_os.domain.observed import Act, Edits, IssueSeen
from agent_os.domain.rules import PeopleRules

_MAY_WRITE = frozenset({"admin", "maintain", "write"})

#: Every comment of ours carries it, so that our own words are never taken for a person's.
MARKER = "<!-- agent-os"


def trusted(login: str, permission: str, people: PeopleRules) -> bool:
    """Whether this person may command, by the permission they have at this time."""
    name = login.lower()
    if name in {p.lower() for p in people.deny}:
        return False
    return permission in _MAY_WRITE or name in {p.lower() for p in people.allow}


def text_at(
    issue: IssueSeen, edits: Edits, acts: Sequence[Act], at: datetime, may: Mapping[str, bool]
) -> tuple[str, str]:
    """(title, body) as they stood at `at`, with later changes by trusted people only.

    GitHub's times have whole seconds. A change by a stranger in the very second counts as later.
    """
    body = _version_at(issue.body, edits, at, may)
    title = _title_at(issue.title, acts, at, may)
    return title, body


def _version_at(current: str, edits: Edits, at: datetime, may: Mapping[str, bool]) -> str:
    if not edits.versions:
        return current
    oldest_first = edits.versions[::-1]
    chosen = oldest_first[0][2]
    for index, (when, editor, text) in enumerate(oldest_first):
        before = when < at or index == 0
        if before or may.get(editor, False):
            chosen = text
    return chosen


def _title_at(current: str, acts: Sequence[Act], at: datetime, may: Mapping[str, bool]) -> str:
    renames = sorted((a for a in acts if a.kind == "renamed"), key=lambda a: a.id)
    if not renames:
        return current
    chosen = renames[0].was
    for rename in renames:
        if rename.at < at or may.get(rename.actor, False):
            chosen = rename.text
    return chosen


def trusted_comments(acts: Sequence[Act], may: Mapping[str, bool]) -> list[str]:
    """`login (may write), time: text` of comments by trusted people, without our own.

    One that somebody else changed last counts only if that person is trusted, too. Whoever quotes
    a text makes it their own.
    """
    return [
        f"{act.actor} (may write), {act.at:%Y-%m-%d %H:%M} UTC: {act.text}"
        for act in acts
        if act.kind == "commented" and MARKER not in act.text and heard(act.actor, act.editor, may)
    ]


def heard(author: str, editor: str, may: Mapping[str, bool]) -> bool:
    """Whether a text counts as its author's word. `editor`: who changed it last, or empty.

    People with write permission can change each other's texts; so can apps, which need none.
    """
    return may.get(author, False) and (editor in ("", author) or may.get(editor, False))
