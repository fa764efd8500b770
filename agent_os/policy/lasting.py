"""Whether what people merged of ours has lasted: enough to suggest merging without them.

It is said and never done: the mode is the owner's word in the config.
"""

from __future__ import annotations

from datetime import timedelta

from agent_os.domain.contract import Contract
from agent_os.policy import statistics

#: The true share is above the lower bound in 39 of 40 cases.
_Z = 1.96
ENOUGH = 0.8
#: A merge has lasted when nobody reverted it for so long.
LASTS = timedelta(days=3)


class Lasting(Contract):
    """Of the pull requests of a repository that people decided about. One that was merged less
    than `LASTS` ago counts for nothing yet."""

    lasted: int = 0
    """Merged, and not reverted."""
    failed: int = 0
    """Closed unmerged, or reverted."""


def lower_bound(good: int, bad: int) -> float:
    """Of the share of good ones: Wilson's interval; 0 when nothing is known."""
    return statistics.wilson(good, good + bad, _Z)[0]


def needed(bad: int) -> int:
    """How many good ones it takes, with so many bad ones."""
    good = 0
    while lower_bound(good, bad) < ENOUGH:
        good += 1
    return good


def suggestion(lasting: Lasting) -> str:
    """For people: what speaks for `auto-merge`, or how much more has to be seen."""
    total = lasting.lasted + lasting.failed
    bound = lower_bound(lasting.lasted, lasting.failed)
    if bound >= ENOUGH:
        return (
            f"{lasting.lasted} of {total} pull requests were merged by people and lasted (at least "
            f"{bound:.0%} of all would): `mode: auto-merge` could be chosen"
        )
    failed = f"; {lasting.failed} did not" if lasting.failed else ""
    seen = f"{lasting.lasted} of {needed(lasting.failed)} needed"
    return f"to suggest auto-merge: {seen} were merged by people and lasted{failed}"
