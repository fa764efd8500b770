"""What follows after an attempt: the failure code alone decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FAMILIES, FailureCode, Family
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Attempt, Wanted
from agent_os.domain.rules import LimitRules
from agent_os.domain.tasks import Task
from agent_os.policy.retry import Next, Park, Start, Wait, next_step

from .making import NOW, at, attempt, choice, event, folded, in_review, pull, sha, task

CHAIN = ("first", "second", "third")
LIMITS = LimitRules(attempts=4, environment_retries=5, backoff_seconds=60, ci_minutes=120)
MUCH_LATER = at(minutes=24 * 60)
Code = FailureCode


def step(
    *attempts: Attempt, now: datetime = MUCH_LATER, chain: tuple[str, ...] = CHAIN, **more: Any
) -> Next:
    base_head = more.pop("base_head", sha("a"))
    given = task(attempts=attempts, **more)
    return next_step(given, choice(*chain), LIMITS, base_head, now)


def codes(of: Family) -> list[FailureCode]:
    return [c for c in FailureCode if FAMILIES[c] is of]


def test_the_first_attempt_is_by_the_first_agent() -> None:
    wanted = Wanted(kind=Kind.IMPLEMENT, why="asked for")
    assert step(wanted=wanted) == Start(kind=Kind.IMPLEMENT, agent="first")


def test_without_agents_it_waits_for_one() -> None:
    waits = step(chain=())
    assert isinstance(waits, Wait) and waits.reason is Reason.NO_AGENT


@pytest.mark.parametrize("code", codes(Family.TASK))
def test_a_task_failure_goes_to_the_next_agent_at_once(code: FailureCode) -> None:
    after = step(attempt(1, code), now=NOW)
    assert after == Start(kind=Kind.IMPLEMENT, agent="second", feedback="detail 1")


@pytest.mark.parametrize("code", codes(Family.PERSON))
def test_a_persons_failure_parks_at_once(code: FailureCode) -> None:
    assert step(attempt(1, code), now=NOW) == Park(code=code, detail="detail 1")


@pytest.mark.parametrize("code", codes(Family.PROVIDER))
def test_a_provider_failure_waits_then_goes_to_the_next_agent(code: FailureCode) -> None:
    assert step(attempt(1, code), now=at(59)) == Wait(
        reason=Reason.BACKOFF, detail=f"{code}: detail 1", until=at(60)
    )
    after = step(attempt(1, code), now=at(60))
    assert isinstance(after, Start) and after.agent == "second"


@pytest.mark.parametrize("code", [c for c in codes(Family.ENVIRONMENT) if c is not Code.BASE_RED])
def test_an_environment_failure_waits_then_starts_the_same_agent(code: FailureCode) -> None:
    waits = step(attempt(1, code), now=at(1))
    assert isinstance(waits, Wait) and waits.reason is Reason.BACKOFF
    after = step(attempt(1, code), now=at(60))
    other = code is Code.AGENT_MISSING  # trying the same one again can't help
    assert isinstance(after, Start) and after.agent == ("second" if other else "first")


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (5, 16)])
def test_backoff_doubles(failures: int, minutes: int) -> None:
    failed = [attempt(n, Code.LOST) for n in range(1, failures + 1)]
    waits = step(*failed, now=NOW)
    assert isinstance(waits, Wait) and waits.until == at(minutes=minutes)


def test_backoff_is_an_hour_at_most() -> None:
    limits = LimitRules(environment_retries=50, backoff_seconds=60)
    failed = tuple(attempt(n, Code.LOST) for n in range(1, 20))
    waits = next_step(task(attempts=failed), choice(*CHAIN), limits, sha("a"), NOW)
    assert isinstance(waits, Wait) and waits.until == at(minutes=60)


def test_the_chain_is_a_ring() -> None:
    agents = ["first", "second", "third"]
    failed = [attempt(n + 1, Code.NO_CHANGE, agent=agents[n % 3]) for n in range(3)]
    after = step(*failed)
    assert isinstance(after, Start) and after.agent == "first"


def test_an_agent_that_left_the_chain_is_followed_by_its_first() -> None:
    after = step(attempt(1, Code.NO_CHANGE, agent="gone"))
    assert isinstance(after, Start) and after.agent == "first"


def test_the_limit_of_charged_attempts_parks() -> None:
    failed = [attempt(n, Code.TESTS_FAILED) for n in range(1, 5)]
    assert isinstance(step(*failed[:3]), Start)
    parked = step(*failed)
    assert isinstance(parked, Park) and "4 attempts failed" in parked.detail
    assert parked.incident == ""


def test_uncharged_attempts_do_not_count_for_the_limit() -> None:
    failed = [attempt(n, Code.TESTS_FAILED) for n in range(1, 4)]
    lost = [attempt(n, Code.LOST) for n in range(4, 9)]
    assert isinstance(step(*lost, *failed), Start)


def test_the_same_task_failure_three_times_parks() -> None:
    same = [attempt(n, Code.TESTS_FAILED, signature="s") for n in (1, 2, 3)]
    assert isinstance(step(*same[:2]), Start)
    parked = step(*same)
    assert isinstance(parked, Park) and "3 times" in parked.detail


@pytest.mark.parametrize("signature", ["", "other"])
def test_other_signatures_do_not_park(signature: str) -> None:
    same = [attempt(n, Code.TESTS_FAILED, signature="s") for n in (1, 2)]
    assert isinstance(step(*same, attempt(3, Code.TESTS_FAILED, signature=signature)), Start)


def test_failures_without_a_signature_are_never_the_same() -> None:
    assert isinstance(step(*(attempt(n, Code.NO_CHANGE, signature="") for n in (1, 2, 3))), Start)


def test_the_same_environment_failure_twice_parks_and_opens_an_incident() -> None:
    same = [attempt(n, Code.SETUP_FAILED, signature="s") for n in (1, 2)]
    assert step(*same) == Park(code=Code.SETUP_FAILED, detail="detail 2", incident="setup_failed:s")


def test_a_success_between_them_ends_the_count() -> None:
    setup = Code.SETUP_FAILED
    tried = (attempt(1, setup, signature="s"), attempt(2), attempt(3, setup, signature="s"))
    assert isinstance(step(*tried), Start)


def test_the_same_provider_failure_twice_does_not_park() -> None:
    """A provider that is out of quota says so each time, to each agent: it cools down."""
    same = [attempt(n, Code.QUOTA_EXHAUSTED, signature="s") for n in (1, 2)]
    assert isinstance(step(*same), Start)


@pytest.mark.parametrize("code", [Code.LOST, Code.OVERLOADED])
def test_uncharged_retries_are_bounded(code: FailureCode) -> None:
    failed = [attempt(n, code) for n in range(1, 7)]
    assert isinstance(step(*failed[:5]), Start)
    parked = step(*failed)
    assert isinstance(parked, Park) and parked.incident


def test_a_round_has_a_last_attempt_whatever_its_kind() -> None:
    refreshed = [attempt(n) for n in range(1, 60)]
    assert isinstance(step(*refreshed, attempt(60, Code.CONFLICT, charged=False)), Park)


# A red base: it charges nobody, and the task goes on when the base moves.


def red(number: int, agent: str, base: str = "a") -> Attempt:
    return attempt(number, Code.BASE_RED, agent=agent, base=base)


def test_the_other_agents_of_the_chain_try_a_red_base() -> None:
    assert step(red(1, "first"), now=NOW) == Start(
        kind=Kind.IMPLEMENT, agent="second", feedback="detail 1"
    )
    after = step(red(1, "first"), red(2, "second"), now=NOW)
    assert isinstance(after, Start) and after.agent == "third"


ALL_RED = (red(1, "first"), red(2, "second"), red(3, "third"))


def test_when_all_have_tried_it_waits_for_the_base() -> None:
    assert step(*ALL_RED, now=at(minutes=120)) == Wait(reason=Reason.BASE_RED, detail="detail 3")


def test_it_goes_on_when_the_base_moves() -> None:
    after = step(*ALL_RED, base_head=sha("b"), now=NOW)
    assert isinstance(after, Start) and after.agent == "first"


def test_an_unknown_base_has_not_moved() -> None:
    assert isinstance(step(*ALL_RED, base_head="", now=NOW), Wait)


def test_the_wait_for_the_base_ends_with_one_incident_per_base() -> None:
    parked = step(*ALL_RED, now=at(minutes=121))
    assert isinstance(parked, Park)
    assert (parked.code, parked.incident) == (Code.BASE_RED, f"base_red:{sha('a')}")


def test_a_red_base_is_no_environment_trouble() -> None:
    many = [red(n, "first", base=f"{n}") for n in range(1, 9)]
    assert isinstance(step(*many, base_head=sha("b")), Start)


# What is started.


def test_what_is_wanted_comes_before_what_failed() -> None:
    wanted = Wanted(kind=Kind.FIX, why="w", feedback="f")
    assert step(attempt(1), wanted=wanted) == Start(kind=Kind.FIX, agent="first", feedback="f")


def test_verify_needs_no_agent() -> None:
    wanted = Wanted(kind=Kind.VERIFY, why="w")
    assert step(attempt(1), wanted=wanted) == Start(kind=Kind.VERIFY, agent="")


@pytest.mark.parametrize(
    ("last", "published", "next_kind"),
    [
        (Kind.IMPLEMENT, False, Kind.IMPLEMENT),
        (Kind.IMPLEMENT, True, Kind.FIX),
        (Kind.FIX, True, Kind.FIX),
        (Kind.REFRESH, True, Kind.REFRESH),
        (Kind.VERIFY, True, Kind.FIX),
        (Kind.VERIFY, False, Kind.IMPLEMENT),
    ],
)
def test_a_retry_is_of_the_same_kind_but_gates_alone_mend_nothing(
    last: Kind, published: bool, next_kind: Kind
) -> None:
    failed = attempt(1, Code.GATE_FAILED, kind=last)
    after = step(failed, pull=pull() if published else None)
    assert isinstance(after, Start) and after.kind is next_kind


def test_after_a_renewal_the_old_failures_do_not_count() -> None:
    failed = [attempt(n, Code.TESTS_FAILED, signature="s") for n in range(1, 5)]
    after = step(*failed, renewed=4)
    assert after == Start(kind=Kind.IMPLEMENT, agent="first", feedback="detail 4")


def test_a_retry_is_told_the_review_again() -> None:
    """The second fix has to answer the reviewer too, not only the first one's failure."""
    fix = attempt(2, Code.NO_CHANGE, kind=Kind.FIX)
    running = fix.model_copy(update={"ended_at": None, "code": None})
    given: Task = folded(
        in_review(),
        event(EventKind.WORK_WANTED, kind="fix", why="w", feedback="rename it"),
        event(EventKind.ATTEMPT_STARTED, attempt=running.model_dump(mode="json")),
        event(EventKind.ATTEMPT_ENDED, _attempt=2, code="no_change", detail="detail 2"),
    )
    after = next_step(given, choice(*CHAIN), LIMITS, sha("a"), NOW)
    assert after == Start(kind=Kind.FIX, agent="second", feedback="rename it\n\ndetail 2")
