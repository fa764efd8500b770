"""Pauses of providers, and budgets: pure policy."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agent_os.domain.failures import FAMILIES, FailureCode, Family
from agent_os.domain.health import Health
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import LimitRules
from agent_os.domain.usage import Price, Spent, Usage
from agent_os.policy import budget, health
from agent_os.policy.budget import Purse
from agent_os.policy.retry import Park, Wait

from .making import NOW, attempt, task

Code = FailureCode
LIMITS = LimitRules(usd_per_attempt=2, usd_per_task=5, usd_per_day=10)


def after(
    code: FailureCode | None,
    before: Health | None = None,
    resets_at: datetime | None = None,
    mark: str = "k",
) -> Health | None:
    return health.after(before, "p", code, "why", resets_at, mark, 60, NOW)


@pytest.mark.parametrize("code", [c for c in Code if FAMILIES[c] is Family.PROVIDER])
def test_every_provider_failure_has_a_pause_that_grows_and_ends(code: FailureCode) -> None:
    pauses: list[timedelta] = []
    seen = None
    for _ in range(12):
        seen = after(code, seen)
        assert seen is not None and seen.until is not None
        assert health.unwell(seen, "k", NOW)
        assert not health.unwell(seen, "k", seen.until)
        pauses.append(seen.until - NOW)
    assert pauses == sorted(pauses) and pauses[0] < pauses[-1] <= timedelta(days=1)


def test_the_providers_own_time_counts() -> None:
    reset = NOW + timedelta(days=3)
    seen = after(Code.QUOTA_EXHAUSTED, resets_at=reset)
    assert seen is not None and seen.until == reset
    assert health.unwell(seen, "k", NOW + timedelta(days=2))
    past = after(Code.RATE_LIMITED, resets_at=NOW - timedelta(hours=1))
    assert past is not None and past.until == NOW + timedelta(seconds=1)
    absurd = after(Code.RATE_LIMITED, resets_at=NOW + timedelta(days=4000))
    assert absurd is not None and absurd.until == NOW + timedelta(days=31)


def test_a_circuit_opens_when_a_key_is_refused_again_and_closes_with_another_key() -> None:
    once = after(Code.AUTH_FAILED)
    twice = after(Code.AUTH_FAILED, once)
    assert once is not None and twice is not None and twice.until is not None
    assert not health.is_open(once) and health.is_open(twice)
    assert twice.until - NOW >= timedelta(hours=1)
    assert not health.unwell(twice, "another", NOW)
    fresh = after(Code.AUTH_FAILED, twice, mark="another")
    assert fresh is not None and fresh.failures == 1


@pytest.mark.parametrize("code", [None, *(c for c in Code if FAMILIES[c] is not Family.PROVIDER)])
def test_only_an_answer_of_the_model_makes_a_provider_well(code: FailureCode | None) -> None:
    ill = after(Code.OVERLOADED)
    seen = after(code, ill)
    answered = code is None or FAMILIES[code] in (Family.TASK, Family.PERSON)
    assert (seen is not None and seen.code is None) is answered
    assert after(code, None) is None  # nothing new


def test_tokens_cost_what_the_owner_says() -> None:
    price = Price(input=3, output=15, cached=0.3)
    usage = Usage(input=1_000_000, cached=1_000_000, written=1_000_000, output=100_000)
    assert price.of(usage) == pytest.approx(3 + 0.3 + 3 + 1.5)
    unknown = Spent(usd=None) + Spent(usd=1)
    assert unknown.usd is None


def test_an_attempt_may_cost_what_is_left_of_each_cap() -> None:
    assert budget.cap(task(), LIMITS, Purse(), NOW) == 2
    assert budget.cap(task(), LIMITS, Purse(spent=7, reserved=2), NOW) == 1
    spent = attempt(1, Code.TESTS_FAILED, spent=Spent(usd=4.5))
    assert budget.cap(task(attempts=(spent,)), LIMITS, Purse(), NOW) == 0.5


def test_the_day_is_over_its_budget_until_midnight() -> None:
    over = budget.cap(task(), LIMITS, Purse(spent=9, reserved=0.95), NOW)
    assert isinstance(over, Wait) and over.reason is Reason.OVER_BUDGET
    assert over.until is not None and over.until.hour == 0 and over.until > NOW


def test_a_task_over_its_budget_needs_a_person() -> None:
    spent = tuple(attempt(n, Code.TESTS_FAILED, spent=Spent(usd=2.5)) for n in (1, 2))
    parked = budget.cap(task(attempts=spent), LIMITS, Purse(), NOW)
    assert isinstance(parked, Park) and parked.code is Code.BUDGET_EXHAUSTED
    assert "$5.00 of $5.00" in parked.detail


def test_trap_28_what_can_not_be_priced_is_counted_with_its_whole_cap() -> None:
    unknown = attempt(1, Code.TESTS_FAILED, spent=Spent(usd=None), cap_usd=2.0)
    free = attempt(1, Code.TESTS_FAILED, spent=None, cap_usd=None)
    assert (unknown.cost, free.cost) == (2.0, 0.0)
    running = unknown.model_copy(update={"ended_at": None, "spent": None})
    assert running.cost == 2.0  # reserved while it runs
    both = (unknown, unknown.model_copy(update={"number": 2}))
    assert budget.cap(task(attempts=both), LIMITS, Purse(), NOW) == 1.0
