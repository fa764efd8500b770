"""A recorded log under other rules: each kind of decision, as it was and as it would be."""

from __future__ import annotations

from typing import Any

import pytest

from agent_os.domain.approvals import ApprovalRules, Ask, Rule
from agent_os.domain.attempts import Evidence
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.health import Health
from agent_os.domain.rules import AgentRules, LimitRules, Mode, RepoRules
from agent_os.policy.replay_state import State
from agent_os.policy.replay_tally import Replayed
from agent_os.policy.replaying import Policy, replay

from .making import NOW, at, attempt, event, requested, result, rules, sha

MODELS = {
    name: AgentRules(provider=f"p-{name}", vendor="v", driver=name, model=name, uses_model=True)
    for name in ("first", "second", "third")
}


def started(number: int = 1, when: float = 1, agent: str = "first", **more: Any) -> Event:
    made = attempt(number, agent=agent, ended=None, **more).model_dump(mode="json")
    return event(EventKind.ATTEMPT_STARTED, at(minutes=when), _attempt=number, attempt=made)


def ended(number: int = 1, when: float = 2, code: str = "", **more: Any) -> Event:
    failed = {"code": code, "signature": f"{code}{number}"} if code else {}
    if not code:
        more = {"result": passed(number).model_dump(mode="json"), "head": sha("c"), **more}
    data: dict[str, Any] = {"detail": "so", **failed, **more}
    return event(EventKind.ATTEMPT_ENDED, at(minutes=when), _attempt=number, **data)


def passed(number: int, *asks: Ask) -> Any:
    evidence = Evidence(
        base=sha("a"), head=sha("c"), sandbox="none", gates=(), asks=asks, asked=ApprovalRules()
    )
    return result(attempt=number, evidence=evidence)


def claimed(when: float = 0.5) -> Event:
    return event(EventKind.CLAIMED, at(minutes=when))


def held(reason: str, when: float) -> Event:
    return event(EventKind.HELD, at(minutes=when), reason=reason, detail="d", next_step="n")


def waits(reason: str, when: float) -> Event:
    return event(EventKind.WAITING, at(minutes=when), reason=reason, detail="d")


def merge(when: float = 5, *before: Event) -> list[Event]:
    opened = event(EventKind.PULL_OPENED, at(minutes=when - 1), number=40, head=sha("c"))
    merged = event(EventKind.PULL_MERGED, at(minutes=when), sha=sha("d"), by="agent-os")
    return [opened, *before, merged]


def policy(given: RepoRules | None = None, **limits: Any) -> Policy:
    found = given or rules()
    return Policy(rules=lambda _repo: found, limits=LimitRules(**limits))


PRESENT = policy()


def told(found: Replayed) -> list[tuple[str, str, str, int]]:
    return [(d.decision, d.recorded, d.other, d.count) for d in found.differences]


ONE = [requested(), claimed(), started(), ended()]
RETRIED = [
    requested(),
    claimed(),
    started(),
    ended(code="no_change"),
    started(2, 3, "second"),
    ended(2, 4),
]
SPENT: dict[str, Any] = {"spent": {"usd": 1.5, "turns": 1}}
PAID = [
    requested(),
    claimed(),
    started(cap_usd=2.0),
    ended(code="no_change", **SPENT),
    started(2, 3, "second", cap_usd=2.0),
    ended(2, 4),
]
PARKED = [
    requested(),
    claimed(),
    started(),
    ended(code="no_change"),
    started(2, 3, "second"),
    ended(2, 4, code="no_change"),
    held("no_change", 5),
]
OTHER_CHAIN = rules(chains={"default": ("second", "third", "first")})
WITH_MODELS = rules(agents=MODELS, vendors=("v",))


@pytest.mark.parametrize(
    ("events", "other", "difference"),
    [
        (ONE, policy(), None),
        (RETRIED, policy(), None),
        (ONE, policy(OTHER_CHAIN), ("routing", "implement by first", "implement by second", 1)),
        (
            RETRIED,
            policy(rules(chains={"default": ("first", "third")})),
            ("retry", "implement by second", "implement by third", 1),
        ),
        (
            RETRIED,
            policy(attempts=1),
            ("retry", "implement by second", "blocked: no_change", 1),
        ),
        (PARKED, policy(attempts=2), None),
        (PARKED, policy(), ("retry", "blocked: no_change", "implement by third", 1)),
        (
            ONE,
            policy(rules(chains={"default": ()})),
            ("routing", "implement by first", "waits: no_agent", 1),
        ),
        (
            ONE,
            policy(rules(mode=Mode.DRY_RUN)),
            ("routing", "implement by first", "waits: dry_run", 1),
        ),
        (
            PAID,
            policy(WITH_MODELS, usd_per_task=1.5, usd_per_attempt=1.5),
            ("retry", "implement by second", "blocked: budget_exhausted", 1),
        ),
        (
            PAID,
            policy(WITH_MODELS, usd_per_attempt=1.0),
            ("budget", "at most $2.00", "at most $1.00", 2),
        ),
        (
            PAID,
            policy(WITH_MODELS, usd_per_day=1.5),
            ("retry", "implement by second", "waits: over_budget", 1),
        ),
        (
            [requested(), claimed(), started(reviewers=("second",)), ended()],
            policy(rules(review=("third", "second"))),
            ("review", "looked at by second", "looked at by third", 1),
        ),
    ],
)
def test_a_decision_under_other_rules(
    events: list[Event], other: Policy, difference: tuple[str, str, str, int] | None
) -> None:
    found = replay(events, other, PRESENT)
    if difference is None:
        assert found.differences == ()
        assert found.same == found.decisions
    else:
        assert difference in told(found)
        assert found.differences[0].examples == ("acme/todo#12",)


def of(number: int, *events: Event) -> list[Event]:
    return [e.model_copy(update={"number": number}) for e in events]


CROWD = [
    *of(1, requested(), claimed()),
    *of(2, requested(at(1)), claimed(0.6)),
    *of(1, started()),
    *of(2, waits("no_free_slot", 1.5)),
    *of(1, ended()),
    *of(2, started(1, 3)),
]


def test_more_and_fewer_slots() -> None:
    assert told(replay(CROWD, policy(concurrent_attempts=1), PRESENT)) == []
    wider = told(replay(CROWD, policy(concurrent_attempts=2), PRESENT))
    assert wider == [("queue", "waits: no_free_slot", "implement by first", 1)]
    both = [e for e in CROWD if e.kind is not EventKind.WAITING]
    together = [*both[:5], *both[6:], both[5]]  # the second starts while the first runs
    fewer = told(replay(together, policy(concurrent_attempts=1), PRESENT))
    assert fewer == [("routing", "implement by first", "waits: no_free_slot", 1)]


def test_a_provider_that_refused_is_asked_by_neither() -> None:
    """Its health is as it was at that time, and it has the key that it had."""
    code = FailureCode.AUTH_FAILED
    seen = Health(name="p-first", code=code, at=NOW, until=at(minutes=60), key_mark="k1")
    unwell = Event(kind=EventKind.PROVIDER_SEEN, at=NOW, data=seen.model_dump(mode="json"))
    later = [requested(), claimed(), started(agent="second", cap_usd=2.0), ended()]
    with_models = policy(WITH_MODELS)
    assert told(replay([unwell, *later], with_models, with_models)) == []
    assert told(replay(later, with_models, with_models))[0][2] == "implement by first"


PATHS = Ask(rule=Rule.PATHS, what="it changes paths that the owner named", where=("a",))
ASKED = [requested(), claimed(), started()]


@pytest.mark.parametrize(
    ("events", "other", "now"),
    [
        ([*ONE, *merge()], rules(), None),
        ([*ONE, *merge()], rules(mode=Mode.PULL_REQUEST), "waits: a person merges"),
        ([*ONE, *merge()], rules(approvals=ApprovalRules(first_merges=1)), "first_merges"),
        ([*ASKED, ended(changed_files=9), *merge()], rules(), None),
        (
            [*ASKED, ended(changed_files=9), *merge()],
            rules(approvals=ApprovalRules(changed_files=5)),
            "waits: approval (changed_files)",
        ),
        (
            [requested(), claimed(), started(), ended(spent={"usd": 4.0}), *merge()],
            rules(approvals=ApprovalRules(usd=2)),
            "waits: approval (usd)",
        ),
        (
            [*ASKED, ended(result=passed(1, PATHS).model_dump(mode="json")), *merge()],
            rules(approvals=ApprovalRules(paths=("deploy/**",))),
            "waits: approval (paths)",
        ),
        (
            [*ASKED, ended(result=passed(1, PATHS).model_dump(mode="json")), *merge()],
            rules(),
            None,  # these rules name no paths any more
        ),
        (
            [*ONE, *merge(5, waits("person_merges", 4.5))],
            rules(mode=Mode.PULL_REQUEST),
            None,
        ),
        ([*ONE, *merge(5, waits("person_merges", 4.5))], rules(), "merged by us"),
    ],
)
def test_merges_under_other_rules(events: list[Event], other: RepoRules, now: str | None) -> None:
    found = [d for d in replay(events, policy(other), PRESENT).differences if d.decision == "merge"]
    assert [d.other for d in found] == (
        [] if now is None else [d.other for d in found if now in d.other]
    )
    assert bool(found) is (now is not None)


def test_since_and_repository_choose_what_is_told_not_what_is_known() -> None:
    other = policy(attempts=1)
    late = replay(RETRIED, other, PRESENT, since=at(minutes=2.5))
    assert told(late) == [("retry", "implement by second", "blocked: no_change", 1)]
    assert late.decisions == {"retry": 1}
    assert replay(RETRIED, other, PRESENT, repo_id=9).decisions == {}


def test_what_the_present_rules_would_decide_is_told_beside() -> None:
    """Where they differ from the record themselves, the comparison says less."""
    strange = [requested(), claimed(), started(agent="third"), ended()]
    found = replay(strange, policy(), PRESENT)
    assert (found.decisions["routing"], found.as_recorded["routing"]) == (1, 0)
    assert told(found) == [("routing", "implement by third", "implement by first", 1)]


def test_agents_are_ordered_by_what_was_known_at_that_time() -> None:
    best = rules(best_first=True)
    gone = event(EventKind.CANCELLED, at(minutes=3), reason="issue_closed", by="alice")
    bad = [
        e
        for n in range(1, 9)
        for e in of(n, requested(), claimed(), started(), ended(code="no_change"), gone)
    ]
    last = of(99, requested(at(minutes=9)), claimed(9), started(1, 10), ended(1, 11))
    found = replay([*bad, *last], policy(best), PRESENT, since=at(minutes=9.5))
    assert ("routing", "implement by first", "implement by second", 1) in told(found)


def test_the_sums_of_trials_are_those_of_the_store() -> None:
    state = State()
    finished = event(EventKind.FINISHED, at(minutes=6), sha=sha("d"), by="us")
    for each in [*PAID, *merge(), finished]:
        state.fold(each)
    known = state.pool(trials=True).trials["default"]
    assert (known["first"].failed, known["first"].usd, known["first"].priced) == (1, 1.5, 1)
    assert (known["second"].merged, known["second"].failed) == (1, 0)
    state.fold(event(EventKind.REVERTED, at(minutes=9), sha=sha("d"), by=sha("e")))
    assert state.pool(trials=True).trials["default"]["second"].failed == 1
    assert state.purse(at(minutes=9)).spent == 1.5
    assert state.purse(at(minutes=60 * 24)).spent == 0
