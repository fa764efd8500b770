"""What people ticked and unticked in a sprint's issue: read from the history of its text.

The history, not the text: where our own drawing came over a person's edit, that edit still counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from agent_os.domain.contract import Contract
from agent_os.domain.observed import Edits
from agent_os.policy.trust import MARKER

_BOX = re.compile(r"^\s*[-*+]\s+\[( |x|X)\]\s+#(\d{1,9})\b")
_OURS = re.compile(rf"(?m)^{re.escape(MARKER)} effect=(\S+) -->\s*$")
NOTES = "## Notes"
_LONGEST = 70_000


class Choice(Contract):
    """A person's last word on an issue."""

    number: int
    chosen: bool
    by: str
    at: datetime


def boxes(body: str) -> dict[int, bool]:
    """Issue to whether its box is ticked, above the notes."""
    drawn = body[:_LONGEST].partition(f"\n{NOTES}")[0]
    found = [_BOX.match(line) for line in drawn.splitlines()]
    return {int(box[2]): box[1] != " " for box in found if box}


def choices(edits: Edits, may: Mapping[str, bool]) -> list[Choice]:
    """The last choice of people with permission on each issue.

    A version of ours has a new mark of ours below; people's carry the mark of the one before.
    """
    known: set[str] = set()
    before: dict[int, bool] | None = None
    found: dict[int, Choice] = {}
    for at, editor, body in reversed(edits.versions):
        mark = _mark(body)
        ours = bool(mark) and mark not in known
        known.add(mark)
        now = boxes(body)
        if before is not None and not ours and may.get(editor, False):
            for number in sorted({*before, *now}):
                is_on, was_on = now.get(number, False), before.get(number, False)
                if is_on is not was_on:
                    found[number] = Choice(number=number, chosen=is_on, by=editor, at=at)
        before = now
    return list(found.values())


def edited_since_drawn(edits: Edits) -> bool:
    """Whether somebody else changed the text after our last drawing."""
    marks = [_mark(body) for _, _, body in edits.versions]
    return len(marks) > 1 and (not marks[0] or marks[0] in marks[1:])


def _mark(body: str) -> str:
    """The last one: people may write below it."""
    found = _OURS.findall(body[:_LONGEST])
    return found[-1] if found else ""
