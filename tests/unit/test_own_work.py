"""Work that the organization gave itself: whose it is, its slots, its money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import Record, StartAttempt, Step
from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Wanted
from agent_os.domain.rules import AgentRules, LimitRules
from agent_os.domain.tasks import Task
from agent_os.policy.own_work import OwnWork, cap, no_slot, slots, week_end, week_start
from agent_os.policy.queue import Machine, TaskFacts, decide
from agent_os.policy.retry import Wait

from .making import NOW, event, folded, requested, rules, sha, task

WANTED = Wanted(kind=Kind.IMPLEMENT, why="asked for")
SIGNAL = "analyzer:1:flaky"


@pytest.mark.parametrize(
    ("data", "own"),
    [
        ({}, False),
        ({"signal": SIGNAL}, True),
        ({"signal": SIGNAL, "approved_by": "alice"}, False),
        ({"own": True}, True),
    ],
)
def test_whose_work_it_is(data: dict[str, Any], own: bool) -> None:
    made = folded(None, requested(**data))
    assert made.own is own and made.signal == data.get("signal", "")


def test_a_person_who_asks_for_it_makes_it_theirs() -> None:
    own = folded(None, requested(signal=SIGNAL))
    again = folded(own, event(EventKind.REQUEST_REPEATED, actor="alice", status="queued"))
    assert not again.own and again.signal == SIGNAL
    held = folded(own, event(EventKind.HELD, reason="r", detail="d", next_step="n"))
    assert not folded(held, requested()).own


@pytest.mark.parametrize(
    ("share", "all_slots", "others", "most"),
    [
        (0.25, 8, True, 2),
        (0.25, 2, True, 0),
        (0.0, 8, True, 0),
        (1.0, 8, True, 8),
        (0.25, 8, False, 7),
        (0.0, 1, False, 1),
    ],
)
def test_slots(share: float, all_slots: int, others: bool, most: int) -> None:
    own = OwnWork(share=share)
    assert slots(own, all_slots, others_wait=others) == most
    full = OwnWork(share=share, running=most)
    assert no_slot(full, all_slots, others_wait=others)
    if most:
        assert not no_slot(
            full.model_copy(update={"running": most - 1}), all_slots, others_wait=others
        )


def test_the_week_ends_on_monday() -> None:
    assert week_start(NOW).weekday() == week_end(NOW).weekday() == 0
    assert week_start(NOW) <= NOW < week_end(NOW)
    assert week_start(week_end(NOW)) == week_end(NOW)
    assert week_start(week_end(NOW) - timedelta(seconds=1)) == week_start(NOW)


def test_the_cap_of_the_week() -> None:
    assert cap(OwnWork(usd_per_week=5), 2.0, 2.0, NOW) == 2.0
    assert cap(OwnWork(usd_per_week=5, spent=3, reserved=1), 2.0, 2.0, NOW) == 1.0
    assert cap(OwnWork(usd_per_week=0), None, 2.0, NOW) is None, "it uses no model"
    refused = cap(OwnWork(usd_per_week=5, spent=4, reserved=0.95), 2.0, 2.0, NOW)
    assert isinstance(refused, Wait)
    assert (refused.reason, refused.until) == (Reason.OVER_OWN_BUDGET, week_end(NOW))


def queued(number: int, *, own: bool) -> TaskFacts:
    of = task(number=number, own=own, wanted=WANTED)
    dear = AgentRules(provider="p", vendor="v", driver="native", uses_model=True)
    allowed = rules(agents={"first": dear}, chains={"default": ("first",)})
    return TaskFacts(task=of, rules=allowed, default_branch="main", base_head=sha("a"))


def outcomes(facts: list[TaskFacts], **more: Any) -> dict[int, str]:
    given = {"running": 0, "free_memory_mb": 8000, "now": NOW}
    limits = LimitRules(concurrent_attempts=more.pop("slots", 4))
    machine = Machine.model_validate({"limits": limits, **given, **more})
    return {step.key.number: _said(step) for step in decide(facts, machine)}


def _said(step: Step) -> str:
    if isinstance(step, StartAttempt):
        return f"starts {step.cap_usd:g}"
    assert isinstance(step, Record)
    return str(step.events[0].data["reason"])


def test_own_work_gets_its_share_while_people_wait() -> None:
    mixed = [queued(1, own=True), queued(2, own=True), queued(3, own=False)]
    own = OwnWork(share=0.25)
    assert outcomes(mixed, own=own) == {1: "starts 2", 2: "waits_for_share", 3: "starts 2"}
    assert outcomes(mixed, own=own, slots=2)[1] == "waits_for_share"
    alone = [queued(1, own=True), queued(2, own=True)]
    assert outcomes(alone, own=own, slots=2) == {1: "starts 2", 2: "waits_for_share"}
    assert outcomes(alone, own=own, slots=1) == {1: "starts 2", 2: "waits_for_share"}
    assert outcomes(alone, own=OwnWork(running=1), slots=2, running=1)[1] == "waits_for_share"


def test_own_work_has_its_own_purse() -> None:
    mixed = [queued(1, own=True), queued(2, own=True), queued(3, own=False)]
    poor = OwnWork(share=1, usd_per_week=3)
    assert outcomes(mixed, own=poor) == {1: "starts 2", 2: "starts 1", 3: "starts 2"}
    broke = OwnWork(share=1, usd_per_week=3, spent=3)
    assert outcomes(mixed, own=broke) == {
        1: "over_own_budget",
        2: "over_own_budget",
        3: "starts 2",
    }


@pytest.mark.parametrize(
    ("labels", "priority", "planned", "rank"),
    [
        ((), 0, None, 0),
        ((), 0, 1, 1),
        (("Priority: low",), -1, 1, -1),
        (("priority: high",), 1, 0, 1),
        (("bug",), 0, 0, 0),
    ],
)
def test_a_persons_label_goes_before_the_plan(
    labels: tuple[str, ...], priority: int, planned: int | None, rank: int
) -> None:
    made: Task = task(labels=labels, priority=priority)
    if planned is not None:
        made = folded(made, event(EventKind.PRIORITY_SET, priority=planned, why="w"))
    assert made.rank == rank
