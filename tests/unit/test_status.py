"""The status is derived: the first line that holds."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from agent_os.domain.records import Cancelled, Hold
from agent_os.domain.tasks import ACTIVE, Status

from .making import NOW, pull, running, task

#: From the strongest to the weakest.
FACTS: list[tuple[Status, dict[str, Any]]] = [
    (Status.DONE, {"finished_at": NOW}),
    (Status.CANCELLED, {"cancelled": Cancelled(reason="r", by="alice", at=NOW)}),
    (Status.BLOCKED, {"hold": Hold(reason="r", detail="d", next_step="n", since=NOW)}),
    (Status.IN_REVIEW, {"pull": pull()}),
    (Status.RUNNING, {"attempts": (running(),)}),
    (Status.QUEUED, {"claimed_at": NOW}),
]


@pytest.mark.parametrize(("status", "facts"), FACTS)
def test_each_fact_alone(status: Status, facts: dict[str, Any]) -> None:
    assert task(**{"claimed_at": None, **facts}).status is status


def test_a_task_without_facts_is_ready() -> None:
    assert task(claimed_at=None).status is Status.READY


@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(FACTS, 2)))
def test_of_two_facts_the_first_line_holds(
    stronger: tuple[Status, dict[str, Any]], weaker: tuple[Status, dict[str, Any]]
) -> None:
    both = {"claimed_at": None, **stronger[1], **weaker[1]}
    assert task(**both).status is stronger[0]


def test_work_may_go_on_in_four_states_only() -> None:
    assert set(Status) - ACTIVE == {Status.DONE, Status.CANCELLED, Status.BLOCKED}


@pytest.mark.parametrize(("number", "branch"), [(1, "agent-os/12"), (2, "agent-os/12.2")])
def test_each_round_has_its_own_branch(number: int, branch: str) -> None:
    assert task(round=number).branch == branch
