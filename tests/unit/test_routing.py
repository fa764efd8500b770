"""Who may take a task, in which order, and why: pure policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.health import Health, Trials
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import AgentRules, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import quality, routing
from agent_os.policy.routing import Pool

from .making import NOW, attempt, rules, sha, task

AGENTS = {
    "claude": AgentRules(
        provider="anthropic", vendor="anthropic", driver="claude", model="big", uses_model=True
    ),
    "codex": AgentRules(
        provider="openai", vendor="openai", driver="codex", model="gpt", uses_model=True
    ),
    "own": AgentRules(
        provider="anthropic", vendor="anthropic", driver="native", model="big", uses_model=True
    ),
    "ruff": AgentRules(),
}


def given(*chain: str, **more: Any) -> RepoRules:
    return rules(chains={"default": chain or ("claude", "codex", "ruff")}, agents=AGENTS, **more)


def chosen(of: Task | None = None, pool: Pool | None = None, **more: Any) -> routing.Choice:
    return routing.choose(of or task(), given(**more), pool or Pool(), NOW)


def refused(name: str, code: FailureCode, minutes: int = 5, mark: str = "") -> dict[str, Health]:
    until = NOW + timedelta(minutes=minutes)
    return {name: Health(name=name, code=code, at=NOW, until=until, key_mark=mark, failures=2)}


def reasons(choice: routing.Choice) -> dict[str, Reason]:
    return {p.agent: p.refused for p in choice.places if p.refused}


def test_all_of_the_chain_may_and_keep_the_owners_order() -> None:
    assert chosen().fit == chosen().chain == ("claude", "codex", "ruff")


def test_a_provider_that_refused_is_passed_over_until_its_time() -> None:
    pool = Pool(health=refused("anthropic", FailureCode.QUOTA_EXHAUSTED))
    choice = chosen(pool=pool)
    assert choice.fit == ("codex", "ruff")
    assert reasons(choice) == {"claude": Reason.PROVIDER_COOLING}
    later = routing.choose(task(), given(), pool, NOW + timedelta(minutes=6))
    assert later.fit == ("claude", "codex", "ruff")


def test_a_model_that_is_not_there_leaves_the_providers_other_models() -> None:
    pool = Pool(health=refused("openai/gpt", FailureCode.MODEL_UNAVAILABLE))
    assert reasons(chosen(pool=pool)) == {"codex": Reason.PROVIDER_COOLING}


def test_a_new_key_is_tried_at_once() -> None:
    health = refused("anthropic", FailureCode.AUTH_FAILED, mark="old")
    same = chosen(pool=Pool(health=health, key_marks={"anthropic": "old"}))
    assert reasons(same) == {"claude": Reason.PROVIDER_COOLING}
    other = chosen(pool=Pool(health=health, key_marks={"anthropic": "new"}))
    assert reasons(other) == {}


@pytest.mark.parametrize(
    ("config", "file", "out"),
    [
        (None, None, set[str]()),
        (("anthropic",), None, {"codex"}),
        (None, ("openai",), {"claude"}),
        (("anthropic",), ("openai",), {"claude", "codex"}),
        ((), None, {"claude", "codex"}),
        # the repository's file only narrows what the owner allowed
        (("anthropic",), ("anthropic", "openai"), {"codex"}),
    ],
)
def test_code_goes_to_allowed_vendors_only(
    config: tuple[str, ...] | None, file: tuple[str, ...] | None, out: set[str]
) -> None:
    choice = chosen(pool=Pool(vendors=file), vendors=config)
    assert {n for n, r in reasons(choice).items() if r is Reason.VENDOR_NOT_ALLOWED} == out
    assert "ruff" in choice.fit


def test_a_label_does_not_bring_in_another_vendor() -> None:
    chain = given("claude", "own")
    choice = routing.choose(task(agent_label="codex"), chain, Pool(), NOW)
    assert choice.chain == ("codex", "claude", "own")
    assert reasons(choice) == {"codex": Reason.VENDOR_NOT_ALLOWED}
    same = routing.choose(task(agent_label="own"), given("claude"), Pool(), NOW)
    assert same.fit == ("own", "claude")


def test_what_ends_by_itself_is_named_before_what_needs_a_person() -> None:
    agents = {**AGENTS, "codex": AGENTS["codex"].model_copy(update={"missing_key": "OPENAI"})}
    pool = Pool(health=refused("anthropic", FailureCode.RATE_LIMITED))
    only = rules(chains={"default": ("codex", "claude")}, agents=agents)
    refusal = routing.choose(task(), only, pool, NOW).refusal
    assert refusal is not None and refusal.refused is Reason.PROVIDER_COOLING
    assert refusal.until == NOW + timedelta(minutes=5)
    alone = rules(chains={"default": ("codex",)}, agents=agents)
    refusal = routing.choose(task(), alone, pool, NOW).refusal
    assert refusal is not None and refusal.refused is Reason.NO_CREDENTIALS
    assert "$OPENAI" in refusal.detail


def test_reviewers_are_never_the_worker_and_of_another_vendor_first() -> None:
    def found(by: RepoRules, *helpers: str) -> tuple[str, ...]:
        return routing.reviewers(["claude"], helpers, by, Pool(), task(), NOW).fit

    by = given("claude", "codex", review=("claude", "own", "codex", "ruff"))
    assert found(by) == ("codex", "ruff", "own")
    assert found(by, "codex", "ruff") == ("own", "codex", "ruff")
    twin = {**AGENTS, "twin": AGENTS["claude"]}
    by = rules(chains={"default": ("claude",)}, agents=twin, review=("twin", "own"))
    assert found(by) == ("own",)
    by = rules(chains={"default": ("ruff",)}, agents=AGENTS, review=("ruff",))
    assert routing.reviewers(["ruff"], (), by, Pool(), task(), NOW).places == ()


def test_who_is_named_for_reviews_may_see_the_code_unless_the_repository_says_no() -> None:
    by = given("claude", review=("codex",))
    assert routing.reviewers(["claude"], (), by, Pool(), task(), NOW).fit == ("codex",)
    pool = Pool(vendors=("anthropic",))
    place = routing.reviewers(["claude"], (), by, pool, task(), NOW).places[0]
    assert place.refused is Reason.VENDOR_NOT_ALLOWED
    by = given("claude", review=("codex",), vendors=("anthropic",))
    assert routing.reviewers(["claude"], (), by, Pool(), task(), NOW).fit == ()


def test_auto_orders_by_expected_merges_per_dollar() -> None:
    trials = {
        "claude": Trials(merged=18, failed=2, usd=40.0, priced=20),
        "codex": Trials(merged=14, failed=6, usd=10.0, priced=20),
    }
    best, explored = quality.ordered(("claude", "codex"), trials, "5#1.1")
    assert (best, explored) == (("codex", "claude"), "")
    dear = {**trials, "codex": Trials(merged=14, failed=6, usd=60.0, priced=20)}
    assert quality.ordered(("claude", "codex"), dear, "5#1.1")[0] == ("claude", "codex")


def test_some_tasks_explore_and_always_the_same_ones() -> None:
    trials = {"claude": Trials(merged=50, usd=5, priced=50)}
    tasks = [f"7#{n}.1" for n in range(500)]
    explored = [t for t in tasks if quality.ordered(("claude", "codex"), trials, t)[1]]
    assert 25 <= len(explored) <= 75  # one of ten
    assert explored == [t for t in tasks if quality.ordered(("claude", "codex"), trials, t)[1]]
    assert quality.ordered(("claude", "codex"), trials, explored[0])[0] == ("codex", "claude")


def test_trap_14_one_bad_day_leaves_the_pool_full_and_the_interval_wide() -> None:
    bad = Trials(merged=0, failed=3)
    low, high = quality.interval(bad)
    assert low == 0 and high > 0.4  # three failures prove little
    assert quality.interval(Trials()) == (0.0, 1.0)
    assert quality.interval(Trials(merged=0, failed=100))[1] < 0.05
    everyone = {name: Trials(failed=200) for name in AGENTS}
    pool = Pool(trials={"default": everyone, "implementation": everyone})
    choice = chosen(pool=pool, best_first=True)
    assert set(choice.fit) == {"claude", "codex", "ruff"}


def test_the_explanation_names_each_agent_its_interval_and_its_refusal() -> None:
    trials = {"claude": Trials(merged=4, failed=12, usd=8, priced=16)}
    pool = Pool(health=refused("openai", FailureCode.OVERLOADED))
    choice = chosen(pool=pool)
    lines = routing.explain(choice, given(), trials)
    assert "as the config has it" in lines[0]
    assert "4 of 16 merged (12%–45%), $0.50 each; takes the next attempt" in lines[1]
    assert "cost unknown; not now: provider_cooling (codex: openai refused 2 times" in lines[2]


def test_work_of_an_attempt_counts_from_its_facts() -> None:
    one = attempt(1, FailureCode.TESTS_FAILED, work=sha("b"))
    assert one.work == sha("b")
