"""What the groomer may find about an issue, how it says so, and what goes first."""

from __future__ import annotations

from enum import StrEnum

from agent_os.domain.contract import Contract


class Kind(StrEnum):
    """From the most useful to the least."""

    UNBLOCKED = "unblocked"
    CYCLE = "cycle"
    SOLVED = "solved"
    DUPLICATE = "duplicate"
    NO_CRITERIA = "no-criteria"
    OVERSIZED = "oversized"
    WRONG_LABEL = "wrong-label"
    NO_TYPE = "no-type"
    STALE = "stale"


#: Under the week's cap the highest go first.
RANKS = {kind: float(10 * (len(Kind) - place)) for place, kind in enumerate(Kind)}

#: Those that are a label and no comment. They command nothing.
LABELS = {Kind.NO_CRITERIA: "needs criteria", Kind.NO_TYPE: "needs type"}

#: Those after which an issue may be closed, where the owner allows it.
CLOSES = (Kind.DUPLICATE, Kind.STALE)


class Finding(Contract):
    number: int
    kind: Kind
    digest: str
    """Of the issue's text as it was found."""
    title: str
    """The issue's."""
    why: str
    """One clause for the record."""
    body: str = ""
    """The comment; empty where the proposal is a label."""
    rank: float = 0.0
    """Between findings of one kind: 0 to 1."""
    sure: bool = False
    """Of a duplicate: it may be closed as one."""

    @property
    def order(self) -> float:
        return RANKS[self.kind] + self.rank
