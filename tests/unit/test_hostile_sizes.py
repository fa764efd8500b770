"""Texts of strangers that are made to take long: each is read once, not once for each place."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from agent_os.config.improvement import ImprovementSettings
from agent_os.policy.grooming import likeness, repeated
from agent_os.policy.grooming.backlog import Backlog, Item, Landed
from agent_os.policy.memory import relevance
from agent_os.policy.sprints import objectives
from agent_os.policy.sprints.objectives import Aim

NOW = datetime(2026, 11, 20, tzinfo=UTC)
#: Ten times what it takes on a slow machine; the quadratic ones took ten times as long as this.
SECONDS = 1.0
AIM = Aim(name="a", target=1, paths=("src/**",))
TEXTS = {"letters": "a" * 100_000, "hyphens": "-" * 100_000, "dots": "a." * 50_000}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    "read",
    [lambda text: objectives.served([AIM], "t", text, ()), relevance.paths_in],
    ids=["objectives", "lessons"],
)
def test_paths_in_a_long_word(read: Callable[[str], object], text: str) -> None:
    began = time.process_time()
    read(text)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("text", ["#" * 60_000, "<!--" * 15_000])
def test_twenty_issues_of_marks(text: str) -> None:
    began = time.process_time()
    for _ in range(20):
        likeness.words("title", text)
    assert time.process_time() - began < SECONDS


def test_what_an_open_comment_hides_is_not_compared() -> None:
    assert likeness.words("a title", "shown <!-- hidden").text == ("shown",)


def test_commits_that_revert_a_great_many() -> None:
    shas = [f"{n:040x}" for n in range(60_000, 120_000)]
    landed = tuple(
        Landed(
            sha=f"{n:040x}",
            at=NOW,
            message="x\n"
            + "\n".join(f"This reverts commit {sha}." for sha in shas[60 * n : 60 * n + 60]),
        )
        for n in range(1_000)
    )
    item = Item(number=1, title="Mend the sum of all", created_at=NOW, updated_at=NOW)
    began = time.process_time()
    assert repeated.solved(Backlog(repo="a/b", items=(item,), landed=landed, now=NOW)) == []
    assert time.process_time() - began < 2 * SECONDS


@pytest.mark.parametrize(
    "written",
    [
        {"watch_hours": float("inf")},
        {"sprint": {"approval_hours": float("inf")}},
        {"groomer": {"stale_days": 10**12}},
        {"memory": {"lesson_days": 10**12}},
    ],
)
def test_times_that_no_clock_can_count_are_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="less than or equal"):
        ImprovementSettings.model_validate(written)
