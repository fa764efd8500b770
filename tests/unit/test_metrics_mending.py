"""Which merged work may have mended which: by type, by name, and by time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.tasks import Task
from agent_os.policy.mending import mended, suspicions

from .making import NOW, in_review, pull, sha, spec

SURVIVAL = timedelta(days=14)


def merged(number: int, day: float, letter: str, **more: Any) -> Task:
    when = NOW + timedelta(days=day)
    found = pull(letter, number=number + 100, merged_sha=sha(letter), merged_at=when)
    return in_review(number=number, pull=found, spec=spec(**more))


FIRST = merged(1, 0, "a")


@pytest.mark.parametrize(
    ("later", "suspected"),
    [
        (merged(2, 1, "b", type="debugging"), True),
        (merged(2, 13, "b", type="debugging"), True),
        (merged(2, 15, "b", type="debugging"), False),  # it has survived by then
        (merged(2, -1, "b", type="debugging"), False),  # merged before
        (merged(2, 1, "b"), False),
        (merged(2, 1, "b", title="Mend #1"), True),
        (merged(2, 1, "b", body="As #101 left it."), True),  # by its pull request
        (merged(2, 1, "b", body="Depends on #1", depends_on=(1,)), False),  # builds on it
        (merged(2, 1, "b", body="See #11 and #10."), False),
    ],
)
def test_who_is_suspected(later: Task, suspected: bool) -> None:
    found = suspicions([later, FIRST], set(), SURVIVAL)
    assert [(one.number, list(one.commits)) for one in found] == ([(2, [1])] if suspected else [])
    assert suspicions([later, FIRST], {sha("b")}, SURVIVAL) == []  # looked at before


def test_work_that_is_not_merged_is_left_alone() -> None:
    open_, never = in_review(number=3), merged(4, 1, "c").model_copy(update={"pull": None})
    assert suspicions([open_, never, FIRST], set(), SURVIVAL) == []


def test_it_was_mended_whose_commit_git_names() -> None:
    """Squashed work has the merge's commit, other work the branch's."""
    branch = merged(5, 0.5, "e")
    assert branch.pull is not None
    other = branch.model_copy(update={"pull": branch.pull.model_copy(update={"head": sha("f")})})
    [one] = suspicions([FIRST, other, merged(2, 1, "b", type="debugging")], set(), SURVIVAL)
    assert list(one.commits) == [1, 5]  # the oldest first: blame ends there
    assert mended(one, {sha("f"), sha("9")}) == [5]
    assert mended(one, {sha("a"), sha("e")}) == [1, 5]
    assert mended(one, set()) == []
