"""Whether a request may be claimed, or the named reason why not."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.reasons import Reason
from agent_os.domain.rules import AgentRules, LabelRules, Mode
from agent_os.domain.tasks import Task
from agent_os.policy.eligibility import Surroundings, find_cycle, refusal

from .making import rules, spec, task

#: Each reason's situation, in the order in which they are asked.
ROWS: list[tuple[Reason, str, dict[str, Any], dict[str, Any]]] = [
    (Reason.REPO_FROZEN, "archived", {"frozen": "archived"}, {}),
    (Reason.ALL_PAUSED, "", {"all_paused": True}, {}),
    (Reason.REPO_PAUSED, "", {"repo_paused": True}, {}),
    (Reason.EXCLUDED_LABEL, "wontfix", {}, {"labels": ("bug", "WontFix")}),
    (Reason.DEPENDENCY_CYCLE, "#12 → #3 → #12", {"cycle": (12, 3, 12)}, {}),
    (Reason.WAITS_FOR_DEPENDENCY, "#3, #4", {"open_dependencies": (3, 4)}, {}),
    (Reason.EMPTY_REPOSITORY, "", {"empty": True}, {}),
    (Reason.NO_AGENT, "type default", {"rules": rules(chains={"default": ()}, agents={})}, {}),
    (Reason.DRY_RUN, "would run first → second → third", {"rules": rules(Mode.DRY_RUN)}, {}),
]


def around(*parts: dict[str, Any]) -> Surroundings:
    given: dict[str, Any] = {"rules": rules(), "labels": LabelRules()}
    for part in reversed(parts):
        given |= part
    return Surroundings(**given)


def ready(**more: Any) -> Task:
    return task(claimed_at=None, **more)


def test_nothing_against_it() -> None:
    assert refusal(ready(labels=("Ready", "bug")), around()) is None


@pytest.mark.parametrize("index", range(len(ROWS)))
def test_each_reason_and_that_it_comes_before_all_later_ones(index: int) -> None:
    reason, detail, situation, of = ROWS[index]
    assert refusal(ready(**of), around(situation)) == (reason, detail)
    for _, _, other, more in ROWS[index + 1 :]:
        both = refusal(ready(**{**more, **of}), around(situation, other))
        assert both is not None and both[0] is reason


@pytest.mark.parametrize(
    ("task_type", "label", "chain"),
    [
        ("default", "", ("first", "second")),
        ("docs", "", ("second",)),
        ("unknown", "", ("first", "second")),
        ("docs", "first", ("first", "second")),
        ("default", "second", ("second", "first")),
        ("default", "nobody", ("first", "second")),
        ("none", "", ("first", "second")),
    ],
)
def test_routing(task_type: str, label: str, chain: tuple[str, ...]) -> None:
    chains = {"default": ("first", "second"), "docs": ("second",), "none": ()}
    given = rules(chains=chains, agents={"first": AgentRules(), "second": AgentRules()})
    assert given.chain(task_type, label) == chain


def test_a_label_names_an_agent_where_nothing_is_routed() -> None:
    given = rules(chains={"default": ()}, agents={"first": AgentRules()})
    of = ready(spec=spec(), agent_label="first")
    assert refusal(of, around({"rules": given})) is None


@pytest.mark.parametrize(
    ("start", "graph", "cycle"),
    [
        (1, {}, ()),
        (1, {1: (2,), 2: ()}, ()),
        (1, {1: (1,)}, (1, 1)),
        (1, {1: (2,), 2: (1,)}, (1, 2, 1)),
        (1, {1: (2,), 2: (3,), 3: (1,)}, (1, 2, 3, 1)),
        (1, {1: (2,), 2: (3,), 3: (2,)}, ()),
        (1, {1: (2, 3), 2: (4,), 3: (4,), 4: ()}, ()),
        (1, {1: (9, 2), 2: (1,)}, (1, 2, 1)),
        (0, {n: (n + 1,) for n in range(5000)}, ()),
    ],
)
def test_cycles(start: int, graph: dict[int, tuple[int, ...]], cycle: tuple[int, ...]) -> None:
    assert find_cycle(start, graph) == cycle
