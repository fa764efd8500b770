"""What speaks for merging without people is said, by the lower bound of an interval."""

from __future__ import annotations

import pytest

from agent_os.policy.lasting import Lasting, lower_bound, needed, suggestion


def test_sixteen_of_sixteen_are_enough_and_fifteen_are_not() -> None:
    assert round(lower_bound(16, 0), 3) == 0.806
    assert lower_bound(15, 0) < 0.8 and lower_bound(0, 0) == 0
    assert needed(0) == 16


@pytest.mark.parametrize(
    ("lasted", "failed", "words"),
    [
        (0, 0, "to suggest auto-merge: 0 of 16 needed were merged by people and lasted"),
        (4, 0, "to suggest auto-merge: 4 of 16 needed were merged by people and lasted"),
        (16, 0, "16 of 16 pull requests were merged by people and lasted (at least 81% of all"),
        (16, 1, f"16 of {needed(1)} needed were merged by people and lasted; 1 did not"),
        (needed(1), 1, "`mode: auto-merge` could be chosen"),
    ],
)
def test_what_is_said(lasted: int, failed: int, words: str) -> None:
    assert words in suggestion(Lasting(lasted=lasted, failed=failed))


def test_each_failure_takes_more_to_outweigh() -> None:
    steps = [needed(bad) for bad in range(5)]
    assert steps == sorted(set(steps))
