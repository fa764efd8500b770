"""Lessons: what earlier work taught, with where it comes from, what it is about, and its record."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from enum import StrEnum

from agent_os.domain.contract import Contract


class Cause(StrEnum):
    """What taught it."""

    MERGED = "merged"
    """What a task changed, when it was done."""
    MENDED = "mended"
    """An attempt failed, and the next one did not."""
    CI = "ci"
    """CI refused a result that had passed every gate."""
    REVIEW = "review"
    """A person with permission asked for a change."""
    FAILED = "failed"
    """The task ended without a result."""


class Ending(StrEnum):
    """Why a lesson is no longer told."""

    EXPIRED = "expired"
    PATH_GONE = "path_gone"
    CROWDED_OUT = "crowded_out"
    CONTRADICTED = "contradicted"
    FORGOTTEN = "forgotten"


#: Those come back when the same is learned again; a person's word and a bad record stay.
REVIVED = frozenset({Ending.EXPIRED, Ending.PATH_GONE, Ending.CROWDED_OUT})


class Lesson(Contract):
    """One line; the same words of the same repository are the same lesson."""

    id: str
    repo_id: int
    seq: int
    """Of the event that it was born by."""
    text: str
    """Of agents and programs: outside text."""
    advice: str = ""
    """How it was mended last: outside text."""
    cause: Cause = Cause.MERGED
    number: int
    """The task that taught it first; `seen_number`: last."""
    seen_number: int
    round: int = 0
    attempt: int = 0
    commit: str = ""
    """With the work that it comes from; empty: none was kept."""
    type: str = ""
    """The task's type."""
    paths: tuple[str, ...] = ()
    """Files and folders (with a slash at the end) that it is about."""
    evidence: int = 1
    """How often it was learned."""
    born_at: datetime
    seen_at: datetime
    used: int = 0
    """To how many attempts it was told."""
    last_used: datetime | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    ended_why: str = ""

    @property
    def touched_at(self) -> datetime:
        """When it was last learned or told."""
        return max(self.seen_at, self.last_used or self.seen_at)


class Record(Contract):
    """Of attempts that say something about who worked: how many passed and failed."""

    won: int = 0
    lost: int = 0

    @property
    def trials(self) -> int:
        return self.won + self.lost

    @property
    def share(self) -> float:
        """Of success, drawn to one half while little is known."""
        return (self.won + 1) / (self.trials + 2)


_CHANGING = re.compile(
    r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"  # commits and digests
    r"|#\d+"
    r"|(?<=:)\d+\b"  # lines and columns
    r"|\b\d+(?:\.\d+)?(?= ?(?:ms|s|seconds|minutes)\b)"
)


def normalized(text: str) -> str:
    """Equal for texts that differ in case, blanks, commits, issues, lines and durations."""
    return _CHANGING.sub("#", " ".join(text.lower().split()))


def lesson_id(repo_id: int, text: str) -> str:
    """Twelve hexadecimal digits."""
    said = f"{repo_id}\0{normalized(text)}"
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:12]
