"""A second pair of eyes: the file it is given in, the verdict, who is asked, and what follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent_os.attempt.failure import Failure
from agent_os.attempt.gates.review import judge
from agent_os.attempt.reviewing import example, instructions, parse_review, place
from agent_os.attempt.verdict import worst
from agent_os.domain.attempts import GateResult, Kind, Verdict
from agent_os.domain.effects import StartAttempt
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.domain.health import Health
from agent_os.domain.reasons import Reason
from agent_os.domain.review import Fault, Judged, Met, Review, criteria_of
from agent_os.domain.rules import AgentRules, RepoRules
from agent_os.domain.tasks import Attempt, Task, Wanted
from agent_os.policy import queue, reviewing, texts
from agent_os.policy.queue import Machine, TaskFacts
from agent_os.policy.retry import Next, Park, Start, Wait
from agent_os.policy.routing import Pool

from .making import LIMITS, NOW, at, attempt, evidence, in_review, result, rules, sha, task

Code = FailureCode
TWO = ("it adds", "it subtracts")
LATER = at(minutes=600)


# the criteria


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["The goal is reached: Mend it"]),
        ("- one\n- two\n", ["one", "two"]),
        ("1. one\n2) two", ["one", "two"]),
        ("- [ ] one\n- [x] two", ["one", "two"]),
        ("  * one\n    - with this\n    more\n  * two", ["one - with this more", "two"]),
        ("All of these hold:\n\n- one\n- two", ["one", "two"]),
        ("It is fast.\n\n- one", ["It is fast.", "one"]),
        ("It adds\nwell.\n\nIt is fast.", ["It adds well.", "It is fast."]),
    ],
)
def test_criteria_one_by_one(text: str, found: list[str]) -> None:
    assert list(criteria_of(text, "Mend it")) == found


def test_criteria_are_bounded_and_none_is_lost() -> None:
    many = criteria_of("\n".join(f"- c{n}" for n in range(30)), "")
    assert len(many) == 20 and many[19] == " / ".join(f"c{n}" for n in range(19, 30))
    assert len(criteria_of("x" * 10_000, "")[0]) == 400


# the file


def written(*criteria: Mapping[str, Any], faults: Any = ()) -> bytes:
    return json.dumps({"criteria": list(criteria), "faults": list(faults)}).encode()


def met(number: int, **more: Any) -> dict[str, Any]:
    given = {"criterion": number, "verdict": "met", "where": ["a.py:1"], "why": "It is there."}
    return {**given, **more}


FAULT = {"kind": "security", "severity": "high", "where": "a.py:3", "what": "It runs its input."}


def test_the_example_is_what_the_parser_takes_and_the_prompt_names_every_field() -> None:
    criteria, faults = parse_review(example().encode(), TWO)
    assert [c.verdict for c in criteria] == [Met.MET, Met.NOT_MET] and len(faults) == 1
    for word in ("criterion", "verdict", "where", "why", "kind", "severity", "what", *Met):
        assert f"`{word}`" in instructions()


def test_a_good_file_is_read_in_the_order_of_the_task() -> None:
    lines = ["a.py:1-4", "b c/d.py:2"]
    data = written(met(2, verdict="cant_tell", where=[]), met(1, where=lines), faults=[FAULT])
    criteria, faults = parse_review(data, TWO)
    assert [(c.number, c.criterion, c.verdict) for c in criteria] == [
        (1, "it adds", Met.MET),
        (2, "it subtracts", Met.CANT_TELL),
    ]
    assert criteria[0].where == tuple(lines)
    assert [(f.kind, f.severity) for f in faults] == [("security", "high")]
    assert place("b c/d.py:2-7") == ("b c/d.py", 7)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Invalid JSON"),
        (b"[]", "object"),
        (b"\xff", "JSON"),
        (written(met(1)), "must judge the criteria 1 to 2, each once; it judges [1]"),
        (written(met(1), met(1)), "judges [1, 1]"),
        (written(met(1), met(2), met(3)), "judges [1, 2, 3]"),
        (written(met(0), met(1)), "criteria.0.criterion"),
        (written(met(1, verdict="ok"), met(2)), "criteria.0.verdict"),
        (written(met(1, where=[]), met(2)), "`where` may not be empty"),
        (written(met(1, where=["a.py"]), met(2)), "criteria.0.where.0"),
        (written(met(1, where=["/etc/passwd:1"]), met(2)), "criteria.0.where.0"),
        (written(met(1, why=""), met(2)), "criteria.0.why"),
        (written(met(1, why="TODO"), met(2)), "placeholder"),
        (written(met(1, why="What these lines show, in a sentence or two."), met(2)), "placehold"),
        (written(met(1, sure=True), met(2)), "criteria.0.sure"),
        (written(met(1), met(2), faults=[{**FAULT, "severity": "huge"}]), "faults.0.severity"),
        (written(met(1), met(2), faults=[{**FAULT, "what": "..."}]), "placeholder"),
        (b'{"criteria": []}', "faults"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(data: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_review(data, TWO)
    assert said in caught.value.message


# the verdict


def review(*verdicts: Met, faults: tuple[Fault, ...] = (), why: str = "so") -> Review:
    criteria = tuple(
        Judged(number=n, criterion=f"c{n}", verdict=v, where=("a.py:1",), why=why)
        for n, v in enumerate(verdicts, 1)
    )
    return Review(agent="eyes", criteria=criteria, faults=faults)


HIGH = Fault.model_validate(FAULT)
LOW = Fault.model_validate({**FAULT, "severity": "low"})


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (review(Met.MET, Met.MET), Verdict.PASS),
        (review(Met.MET, Met.CANT_TELL), Verdict.PASS),
        (review(Met.CANT_TELL), Verdict.PASS),
        (review(Met.MET, faults=(LOW,)), Verdict.PASS),
        (review(Met.MET, Met.NOT_MET), Verdict.FAIL),
        (review(Met.MET, faults=(LOW, HIGH)), Verdict.FAIL),
    ],
)
def test_one_criterion_not_met_or_one_grave_fault_fails(given: Review, verdict: Verdict) -> None:
    gate = judge(given)
    assert gate.verdict is verdict and given.passes is (verdict is Verdict.PASS)
    assert (gate.code is Code.GATE_FAILED) is (verdict is Verdict.FAIL)


def failure(given: Review) -> Failure:
    found = worst([judge(given)])
    assert found is not None
    return found


def test_the_signature_is_of_the_criteria_not_of_the_prose() -> None:
    first = failure(review(Met.NOT_MET, Met.MET, why="one way of saying it"))
    again = failure(review(Met.NOT_MET, Met.CANT_TELL, why="another"))
    other = failure(review(Met.MET, Met.NOT_MET, why="another"))
    grave = failure(review(Met.NOT_MET, Met.MET, faults=(HIGH,)))
    assert first.signature == again.signature and first.detail != again.detail
    assert len({first.signature, other.signature, grave.signature}) == 3


def test_an_unavailable_review_is_the_outcome_when_all_else_passed() -> None:
    gate = GateResult(name="review", verdict=Verdict.UNAVAILABLE, code=Code.REVIEW_UNAVAILABLE)
    passed = GateResult(name="tests", verdict=Verdict.PASS)
    found = worst([passed, gate])
    assert found is not None and found.code is Code.REVIEW_UNAVAILABLE


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


# the words


def test_the_pull_request_shows_the_verdict_table_and_keeps_its_words_harmless() -> None:
    evil = "@alice | <b> closes #7\n# no"
    seen = Review(
        agent="eyes",
        model="m-1",
        vendor="v",
        criteria=(
            Judged(number=1, criterion=evil, verdict=Met.MET, where=("a`b.py:1",), why=evil),
            Judged(number=2, criterion="c2", verdict=Met.CANT_TELL, why="unseen"),
        ),
        faults=(LOW.model_copy(update={"what": evil}),),
    )
    shown = evidence().model_copy(update={"review": seen})
    body = texts.pull_body(in_review(result=result(evidence=shown)))
    assert "`eyes` (m-1, v)" in body
    assert "✅ met | `a'b.py:1` |" in body and "| 2. c2 | ❔ can't tell |  | unseen |" in body
    assert "| security | low | `a.py:3` |" in body
    assert "@alice" not in body and "<b>" not in body and "\n# no" not in body
    assert "closes #7" not in body
    assert "second pair" not in texts.pull_body(in_review())
