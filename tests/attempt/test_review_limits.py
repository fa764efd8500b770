"""Gate `review`: its cost, its time, a runner killed in it, work that is looked at later."""

from __future__ import annotations

import pytest

from agent_os.attempt.gates.changes import fingerprint_of
from agent_os.domain.attempts import (
    Kind,
    ReviewOrder,
)
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Price
from tests.agents import programs
from tests.models import ModelServer, Scenario
from tests.models.work import patch

from .reviews import (
    GOOD,
    PARTS,
    attempt,
    claude,
    command,
    limits,
    reviewer,
    run,
    saying,
    search_path,
    writes,
)
from .world import FILES, World, wait_for


@pytest.fixture(autouse=True)
def the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", programs.search_path())


@claude
@pytest.mark.long
def test_its_cost_counts_into_the_attempts_cap(world: World) -> None:
    price = Price(input=1_000_000, output=1_000_000)
    with ModelServer(Scenario(writes(GOOD))) as server:
        eyes = reviewer("claude", server.url, price)
        outcome = run(attempt(world, eyes, limits=limits(60, usd=0.5)))
    assert outcome.code is FailureCode.REVIEW_UNAVAILABLE
    assert [r.code for r in outcome.reviewers] == [FailureCode.BUDGET_EXHAUSTED]
    assert outcome.spent is not None and (outcome.spent.usd or 0) >= 0.5


@claude
@pytest.mark.long
def test_what_the_worker_has_cost_is_not_there_for_its_reviewer(world: World) -> None:
    price = Price(input=1, output=1)
    text = FILES["app.py"].replace("n * 3", "n * 2")
    played = {
        "anthropic": Scenario(patch({"app.py": text})),
        "claude-opus": Scenario(writes(GOOD)),
    }
    with ModelServer(played) as server:
        worker = reviewer("claude", server.url, price)
        update = {"name": "eyes", "model": "claude-opus-4-1"}
        eyes = worker.model_copy(update=update)
        first = run(attempt(world, eyes, agent=worker))
        assert first.code is None and first.spent and first.spent.usd and first.reviewers[0].spent
        assert first.reviewers[0].spent.turns == 2  # its own, and not the worker's
        looked = first.reviewers[0].spent.usd or 0.0
        cap = first.spent.usd - looked / 2
        second = run(attempt(world, eyes, agent=worker, limits=limits(60, usd=cap)))
    assert [r.code for r in second.reviewers] == [FailureCode.BUDGET_EXHAUSTED]
    assert second.work and second.code is FailureCode.REVIEW_UNAVAILABLE


def test_the_same_change_is_known_on_another_base_and_another_is_not(world: World) -> None:
    lines = [f"line {n}\n" for n in range(30)]

    def change(before: str, after: str) -> str:
        base = world.commit({"long.py": before})
        head = world.commit({"long.py": after})
        return fingerprint_of(world.origin / ".git", base, head)

    def changed(text: str, above: str = "") -> str:
        after = [*lines[:20], text, *lines[21:]]
        return change(above + "".join(lines), above + "".join(after))

    assert changed("new\n") == changed("new\n", above="more\nlines\n")
    assert len({changed("new\n"), changed("  new\n"), changed("newer\n")}) == 3


@pytest.mark.long
def test_a_reviewer_has_its_own_time(world: World) -> None:
    hangs = command("hangs", "sleep 60")
    asked = ReviewOrder(reviewers=(hangs, command("eyes", saying(GOOD))), seconds=1)
    outcome = run(attempt(world, review=asked))
    assert outcome.code is None
    assert [r.code for r in outcome.reviewers] == [FailureCode.TIMEOUT, None]


@pytest.mark.long
def test_a_runner_that_is_killed_during_a_review_goes_on_with_it(world: World) -> None:
    mark = world.root / "seen"
    script = f"test -e {mark} || sleep 60; {saying(GOOD)}"
    dead = command("dead", "exit 3")
    one = attempt(world, dead, command("eyes", script), sandbox="none")
    process = one.popen(PATH=search_path())
    wait_for(lambda: (one.path / "review.2.log").exists(), 20)
    process.kill()
    process.wait()
    mark.touch()
    outcome = run(one)
    assert outcome.code is None
    codes = [(r.agent, r.code) for r in outcome.reviewers]
    assert codes == [("dead", FailureCode.AGENT_FAILED), ("eyes", None)]
    assert one.text("events.jsonl").count('"stage": "review", "event": "ended"') == 2


@pytest.mark.long
def test_work_that_was_kept_is_verified_with_a_review(world: World) -> None:
    first = attempt(world, command("dead", "exit 3"))
    run(first)
    work = first.imported().work or ""
    asked = ReviewOrder(reviewers=(command("eyes", saying(GOOD)),))
    checked = world.attempt(None, kind=Kind.VERIFY, start=work, parts=PARTS, review=asked)
    outcome = run(checked)
    assert outcome.code is None and outcome.head == work
