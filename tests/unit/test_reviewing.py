"""A second pair of eyes: who is asked to look, and what follows when nobody did."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import StartAttempt
from agent_os.domain.failures import FailureCode
from agent_os.domain.health import Health
from agent_os.domain.reasons import Reason
from agent_os.domain.records import Attempt, Wanted
from agent_os.domain.rules import AgentRules, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import queue, reviewing
from agent_os.policy.queue import Machine, TaskFacts
from agent_os.policy.retry import Next, Park, Start, Wait
from agent_os.policy.routing import Pool

from .making import LIMITS, NOW, at, attempt, in_review, rules, sha, task

Code = FailureCode
LATER = at(minutes=600)


# who looks


def model(vendor: str) -> AgentRules:
    return AgentRules(
        provider=vendor, vendor=vendor, driver=vendor, model=f"{vendor}-1", uses_model=True
    )


AGENTS = {"first": model("a"), "second": model("b"), "third": model("c")}


def by(*names: str) -> RepoRules:
    return rules(agents=AGENTS, review=names or tuple(AGENTS))


def looks(of: Task, start: Start) -> tuple[str, ...]:
    return reviewing.reviewers(of, start, by(), Pool(), NOW).fit


def test_who_works_does_not_look_and_who_worked_before_looks_last() -> None:
    tried = task(attempts=(attempt(1, Code.TIMEOUT, agent="first", work=sha("d")),))
    start = Start(kind=Kind.IMPLEMENT, agent="second", work=sha("d"))
    assert looks(tried, start) == ("third", "first")
    assert looks(task(), Start(kind=Kind.IMPLEMENT, agent="first")) == ("second", "third")
    assert looks(in_review(), Start(kind=Kind.FIX, agent="second")) == ("third", "first")
    assert looks(task(), Start(kind=Kind.TRIAGE, agent="dispatcher")) == ()


def test_who_made_what_is_verified_or_refreshed_does_not_look() -> None:
    assert looks(in_review(), Start(kind=Kind.VERIFY, agent="")) == ("second", "third")
    assert looks(in_review(), Start(kind=Kind.REFRESH, agent="second")) == ("third",)
    unseen = attempt(1, Code.REVIEW_UNAVAILABLE, agent="second", work=sha("d"))
    checked = attempt(2, Code.REVIEW_UNAVAILABLE, agent="", kind=Kind.VERIFY, verifies=1)
    start = Start(kind=Kind.VERIFY, agent="", work=sha("d"), verifies=1)
    assert looks(task(attempts=(unseen, checked)), start) == ("first", "third")


def test_a_plain_merge_in_between_does_not_hide_who_made_it() -> None:
    refreshed = attempt(2, agent="third", kind=Kind.REFRESH, head=sha("d"))
    fixed = in_review(attempts=(attempt(1, agent="first", head=sha("c")), refreshed))
    assert looks(fixed, Start(kind=Kind.VERIFY, agent="")) == ("second",)


# what follows when nobody looked


def unseen(number: int = 1, **more: Any) -> Attempt:
    given: dict[str, Any] = {"work": sha("d"), "text_hash": "t1", "signature": "s", **more}
    return attempt(number, Code.REVIEW_UNAVAILABLE, **given)


def check(number: int, **more: Any) -> Attempt:
    return unseen(number, agent="", kind=Kind.VERIFY, start=sha("d"), verifies=1, **more)


def again(
    *attempts: Attempt, now: datetime = LATER, pool: Pool | None = None, **more: Any
) -> Next | None:
    named = more.pop("review", by())
    given = task(attempts=attempts, **more)
    return reviewing.again(given, named, pool or Pool(), LIMITS, now)


VERIFY = Start(kind=Kind.VERIFY, agent="", work=sha("d"), verifies=1)


def test_kept_work_is_verified_after_a_pause_that_grows() -> None:
    waits = again(unseen(), now=at(1))
    assert isinstance(waits, Wait) and waits.reason is Reason.BACKOFF and waits.until == at(60)
    assert again(unseen(), now=at(60)) == VERIFY
    waits = again(unseen(), check(2), now=at(60))
    assert isinstance(waits, Wait) and waits.until == at(120)
    assert again(unseen(), check(2)) == VERIFY


def test_it_waits_for_a_reviewer_that_is_known_to_come_back() -> None:
    until = at(minutes=700)
    cooling = {
        vendor: Health(name=vendor, code=Code.QUOTA_EXHAUSTED, at=NOW, until=until)
        for vendor in ("b", "c")
    }
    waits = again(unseen(), pool=Pool(health=cooling))
    assert isinstance(waits, Wait)
    assert (waits.reason, waits.until) == (Reason.PROVIDER_COOLING, until)
    assert again(unseen(), pool=Pool(health=cooling), now=until) == VERIFY


def test_it_is_parked_with_an_incident_when_nothing_would_end_it() -> None:
    parked = again(unseen(), review=by("first"))
    assert isinstance(parked, Park)
    assert (parked.code, parked.incident) == (Code.REVIEW_UNAVAILABLE, "review_unavailable:s")


def test_it_is_parked_with_an_incident_when_it_goes_on_too_long() -> None:
    tries = [unseen(), *(check(n) for n in range(2, LIMITS.environment_retries + 1))]
    assert again(*tries) == VERIFY
    assert isinstance(again(*tries, check(9), check(10)), Park)


def test_a_person_who_asks_again_has_it_checked_again() -> None:
    tries = [unseen(), *(check(n) for n in range(2, 9))]
    assert isinstance(again(*tries), Park)
    assert again(*tries, renewed=8, now=NOW) == VERIFY


@pytest.mark.parametrize(
    "more",
    [
        {"attempts": (attempt(1, Code.TESTS_FAILED, work=sha("d")),)},
        {"attempts": (unseen(text_hash="older"),)},
        {"attempts": (unseen(work=""),)},
        {"attempts": (unseen(kind=Kind.FIX, start=sha("e")),), "branch_head": sha("c")},
        {"attempts": (unseen(),), "wanted": Wanted(kind=Kind.VERIFY, why="pushed")},
        {"attempts": ()},
    ],
    ids=["another failure", "text changed", "nothing kept", "branch moved", "wanted", "nothing"],
)
def test_other_work_goes_its_own_way(more: dict[str, Any]) -> None:
    assert reviewing.again(task(**more), by(), Pool(), LIMITS, LATER) is None


def test_a_refresh_that_nobody_looked_at_is_verified_although_the_old_result_stands() -> None:
    refreshed = unseen(2, kind=Kind.REFRESH, start=sha("c"))
    given = in_review(attempts=(attempt(1, head=sha("c")), refreshed))
    wanted = given.model_copy(update={"wanted": Wanted(kind=Kind.REFRESH, why="its base moved")})
    for one in (given, wanted):
        found = reviewing.again(one, by(), Pool(), LIMITS, LATER)
        assert found == VERIFY.model_copy(update={"verifies": 2})


# the queue


def step(of: Task, of_rules: RepoRules, **more: Any) -> list[Any]:
    facts = TaskFacts(task=of, rules=of_rules, base_head=sha("a"), default_branch="main", **more)
    machine = Machine(running=0, free_memory_mb=None, limits=LIMITS, now=LATER)
    return queue.decide([facts], machine)


def test_the_check_is_started_with_reviewers_and_a_cap_of_its_own() -> None:
    (start,) = step(task(attempts=(unseen(),)), by())
    assert isinstance(start, StartAttempt)
    assert (start.attempt_kind, start.agent, start.verifies) == (Kind.VERIFY, "", 1)
    assert (start.reviewers, start.work) == (("second", "third"), sha("d"))
    assert start.cap_usd == LIMITS.usd_per_attempt and start.unreviewed == ""


def test_without_a_reviewer_that_is_fit_work_begins_all_the_same_and_is_told_why() -> None:
    until = NOW + timedelta(days=1)
    pool = Pool(health={"b": Health(name="b", code=Code.QUOTA_EXHAUSTED, at=NOW, until=until)})
    wanted = Wanted(kind=Kind.IMPLEMENT, why="asked for")
    (start,) = step(task(wanted=wanted), by("first", "second"), pool=pool)
    assert isinstance(start, StartAttempt) and start.reviewers == ()
    assert "second: b refused (quota_exhausted)" in start.unreviewed
    (alone,) = step(task(wanted=wanted), by("first"))
    assert alone.unreviewed == "`review` in the config names no other agent than the worker"
    (free,) = step(task(wanted=wanted), rules(agents=AGENTS))
    assert (free.reviewers, free.unreviewed) == ((), "")


def test_a_runner_that_is_started_again_gets_the_same_reviewers() -> None:
    running = attempt(1, ended=None, reviewers=("second",))
    (start,) = step(task(attempts=(running,)), by(), process="lost")
    assert start.resume and start.reviewers == ("second",)


def test_a_check_that_fails_is_the_failure_of_who_did_the_work() -> None:
    failed = attempt(2, Code.GATE_FAILED, agent="", kind=Kind.VERIFY, verifies=1)
    (start,) = step(task(attempts=(unseen(), failed)), by())
    assert (start.attempt_kind, start.agent) == (Kind.IMPLEMENT, "second")
