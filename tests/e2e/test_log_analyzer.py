"""The log analyzer on a real hub: findings become issues, once each; improvements are judged."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode, charged
from agent_os.domain.records import Attempt
from agent_os.domain.signals import Verdict
from agent_os.domain.tasks import Spec
from agent_os.jobs import judging, registry
from agent_os.policy.analysis import placing
from agent_os.store import log
from tests import planted
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Say

from .conftest import Build
from .town import Town

WEEK = timedelta(days=7)
SETUP = FailureCode.SETUP_FAILED


def looked_at(build: Build, **config: Any) -> Town:
    """A town whose repository was looked at once; nobody asked for anything."""
    town = build(**config)
    registry.run(town.world, "dispatcher")
    return town


def analyze(town: Town) -> bool:
    return registry.run(town.world, "log-analyzer")


def append(town: Town, *events: Event) -> None:
    with town.world.store.write() as tx:
        log.append(town.world.store, tx, events)


def worked(
    town: Town,
    number: int,
    at: datetime,
    code: FailureCode | None = None,
    *,
    detail: str = "setup: pyhton: not found",
) -> None:
    """The record of a task of one attempt that began then, as the jobs write it."""
    row = town.row()
    assert row is not None
    spec = Spec(title=f"Task {number}", body="b", text_hash="t", as_of=at)
    asked = {"event_id": number, "actor": "alice", "at": at.isoformat()}
    requested = {"repo": row.name, "author": "alice", "request": asked}
    attempt = Attempt(
        number=1,
        kind=Kind.IMPLEMENT,
        agent="fixer",
        directory="/nowhere",
        base="b" * 40,
        start="b" * 40,
        started_at=at,
        deadline=at + timedelta(hours=1),
    )
    ended: dict[str, Any] = {"seconds": 60.0, "detail": "", "signature": ""}
    if code is not None:
        ended |= {"code": code.value, "charged": charged(code), "detail": detail}
        ended |= {"signature": f"{code}:1234", "handoff": {}}
    later = at + timedelta(minutes=1)

    def event(kind: EventKind, when: datetime, data: dict[str, Any], n: int | None = None) -> Event:
        return Event(kind=kind, at=when, repo_id=row.repo_id, number=number, attempt=n, data=data)

    begun = {"attempt": attempt.model_dump(mode="json")}
    append(
        town,
        event(EventKind.REQUESTED, at, {**requested, "spec": spec.model_dump(mode="json")}),
        event(EventKind.CLAIMED, at, {}),
        event(EventKind.ATTEMPT_STARTED, at, begun, 1),
        event(EventKind.ATTEMPT_ENDED, later, ended, 1),
        event(EventKind.CANCELLED, later, {"reason": "issue_closed", "by": "alice"}),
    )


def broken(town: Town, *, start: int = 901, days_ago: float = 3.0, count: int = 4) -> None:
    """The setup command can't run, in so many tasks, one each six hours."""
    first = town.world.clock.now() - timedelta(days=days_ago)
    for n in range(count):
        worked(town, start + n, first + n * timedelta(hours=6), SETUP)


def filed(town: Town) -> list[Event]:
    return [e for e in town.events() if e.kind is EventKind.ISSUE_FILED]


def outcomes(town: Town) -> dict[str, tuple[str, str]]:
    """The newest outcome of each signal, with its reason."""
    seen = [e.data for e in town.events() if e.kind is EventKind.SIGNAL_SEEN]
    return {one["signal"]: (one["outcome"], one["reason"]) for one in seen}


def issues(town: Town) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.ask("GET", "/issues?state=all")
    return [one for one in found if "pull_request" not in one]


def test_a_finding_becomes_an_issue_with_evidence_figure_and_signal(build: Build) -> None:
    town = looked_at(build)
    broken(town)
    assert analyze(town)
    (event,) = filed(town)
    (issue,) = issues(town)
    row = town.row()
    assert row is not None
    assert event.data["signal"] == f"analyzer:wrong_command:{row.repo_id}:setup"
    assert event.data["figure"]["name"] == "environment_failures"
    assert issue["title"] == "setup of .agent-os.yaml can't run"
    body = issue["body"]
    assert f"[{town.repo}#901]({row.address}/issues/901)" in body
    assert "## Figure that this should move\n`environment_failures`" in body
    assert "1 over 4 samples" in body
    assert f"signal={event.data['signal']}" in body
    assert town.task(issue["number"]) is None, "it lies in the backlog"
    (one,) = judging.hypotheses(town.world)
    assert (one.number, one.verdict) == (issue["number"], Verdict.OPEN)


def test_trap_22_the_same_finding_is_filed_once_ever(build: Build) -> None:
    """Again in the same hour, in the next weeks, and when its issue was closed."""
    town = looked_at(build)
    broken(town)
    for _ in range(3):
        analyze(town)
    (event,) = filed(town)
    number = int(event.data["number"])
    assert len(issues(town)) == 1
    assert town.comments_of(number) == [], "the same evidence is no news"
    town.close(number)
    town.clock.ahead += WEEK
    analyze(town)
    assert town.comments_of(number) == []
    broken(town, start=951)
    analyze(town)
    analyze(town)
    assert len(issues(town)) == 1
    (comment,) = town.comments_of(number)
    assert "Found again although this is closed" in comment
    assert "#951" in comment
    assert "#901" not in comment, "what was said is not said again"


def test_trap_22_a_lost_answer_files_no_second_issue(build: Build) -> None:
    town = looked_at(build)
    broken(town)
    town.hub.fault("POST", f"/repos/{town.repo}/issues$", "drop_after")
    analyze(town)
    assert len(issues(town)) == 1
    town.clock.ahead += timedelta(seconds=5)
    analyze(town)
    analyze(town)
    assert len(issues(town)) == 1
    assert len(filed(town)) == 1


def test_trap_39_every_finding_has_an_outcome_with_a_reason(build: Build) -> None:
    """Filed; capped; about this installation without a place for that; not allowed."""
    town = looked_at(build, improvement={"issues_per_week": 1})
    broken(town)
    now = town.world.clock.now()
    row = town.row()
    assert row is not None
    append(town, *(refusal(row.repo_id, now - timedelta(days=d)) for d in (5, 3, 1)))
    for n, days in enumerate((12, 10, 8, 6, 4, 2)):
        worked(town, 801 + n, now - timedelta(days=days), FailureCode.MISSING_CONTEXT)
    analyze(town)
    found = {name.split(":")[1]: one for name, one in outcomes(town).items()}
    assert found["wrong_command"] == ("filed", "")
    assert found["provider_dead"] == ("no_place", placing.REASON)
    before = len(town.events())
    analyze(town)
    after = {name.split(":")[1]: one[0] for name, one in outcomes(town).items()}
    assert after["wrong_command"] == "known"
    assert len(town.events()) == before + 1, "an outcome is written when it changes"


def refusal(repo_id: int, at: datetime) -> Event:
    data = {"name": "lab", "code": "auth_failed", "detail": "no such key", "at": at.isoformat()}
    return Event(kind=EventKind.PROVIDER_SEEN, at=at, repo_id=repo_id, number=901, data=data)


def test_trap_39_a_week_that_is_full_and_a_repository_that_may_not_be_written_to(
    build: Build,
) -> None:
    full = looked_at(build, improvement={"issues_per_week": 0})
    broken(full)
    analyze(full)
    ((outcome, reason),) = outcomes(full).values()
    assert (outcome, reason) == ("capped", "0 issues a week (`improvement.issues_per_week`)")
    dry = looked_at(build, mode="dry-run")
    broken(dry)
    analyze(dry)
    ((outcome, reason),) = outcomes(dry).values()
    assert (outcome, reason) == ("not_allowed", "its mode is dry-run")
    assert issues(full) == issues(dry) == []


@pytest.mark.long
def test_what_is_about_this_installation_goes_to_its_home(build: Build, hub: Any) -> None:
    home = "acme/home-of-ours"
    hub.seed(home, {"README.md": "x"})
    town = build(repositories=[], improvement={"home": home})
    town.config["repositories"] = [{"name": n, "mode": "auto-merge"} for n in (town.repo, home)]
    town.open()
    registry.run(town.world, "dispatcher")
    row, there = town.row(), town.row(home)
    assert row is not None and there is not None
    now = town.world.clock.now()
    append(town, *(refusal(row.repo_id, now - timedelta(days=d)) for d in (5, 3, 1)))
    analyze(town)
    (event,) = filed(town)
    assert (event.repo_id, event.data["signal"].split(":")[1]) == (there.repo_id, "provider_dead")
    assert issues(town) == []


# judging


def mended_by_hand(town: Town, *, now_ok: bool) -> int:
    """A finding that was filed, closed as completed, and four weeks of work since."""
    now = town.world.clock.now()
    for n in range(24):
        bad = SETUP if now_ok and n % 2 and n < 21 else None
        worked(town, 700 + n, now - timedelta(days=27) + n * timedelta(days=1), bad)
    broken(town, days_ago=1.0)
    analyze(town)
    number = int(filed(town)[0].data["number"])
    town.close(number)
    town.clock.ahead += timedelta(days=29)
    for n in range(24):
        bad = None if now_ok or n % 4 == 0 else SETUP
        at = town.world.clock.now() - timedelta(days=28) + n * timedelta(days=1)
        worked(town, 1000 + n, at, bad)
    return number


def verdicts(town: Town) -> list[str]:
    judged = [e.data for e in town.events() if e.kind is EventKind.HYPOTHESIS_JUDGED]
    return [one["verdict"] for one in judged]


def test_an_improvement_that_helped_is_confirmed_on_its_issue_once(build: Build) -> None:
    town = looked_at(build)
    number = mended_by_hand(town, now_ok=True)
    for _ in range(3):
        analyze(town)
    assert verdicts(town) == ["confirmed"]
    (comment,) = [c for c in town.comments_of(number) if "environment_failures" in c]
    assert comment.startswith("**Confirmed.**")
    (one,) = judging.hypotheses(town.world)
    assert one.verdict is Verdict.CONFIRMED
    assert one.samples[0] >= 20 and one.samples[1] >= 20
    assert one.before is not None and one.after is not None
    assert one.after[1] < one.before[1]


def test_an_improvement_that_did_harm_is_proposed_to_be_reverted(build: Build) -> None:
    town = looked_at(build)
    number = mended_by_hand(town, now_ok=False)
    for _ in range(3):
        analyze(town)
    assert verdicts(town) == ["refuted"]
    refuted = [c for c in town.comments_of(number) if c.startswith("**Refuted.**")]
    assert len(refuted) == 1
    reverts = [e for e in filed(town) if e.data["signal"].startswith("analyzer:revert:")]
    assert len(reverts) == 1
    issue = town.seen(int(reverts[0].data["number"]))
    assert issue["title"].startswith(f"Take back #{number}:")


# models


WORDS = {
    "title": "The interpreter's name is misspelled in setup",
    "problem": "Setup calls a program that is not there, so that no result can be verified.",
    "proposal": "Correct the name in the setup command, @bob.",
}


def with_model(build: Build, url: str) -> Town:
    account = {"api": "anthropic", "base_url": url, "api_key": "$THINK_KEY"}
    price = {"input": 1.0, "output": 5.0}
    model = {"provider": "lab", "model": "claude-haiku-4-5", "price": price}
    return looked_at(
        build,
        providers={"lab": account},
        models={"analyzer": model},
        vendors=["lab"],
        keys={"THINK_KEY": planted.TRIAGE_KEY},
    )


def test_trap_33_supervision_asks_no_model_beyond_the_words_of_new_findings(build: Build) -> None:
    with ModelServer(Scenario((Say(),), answer=WORDS)) as server:
        town = with_model(build, server.url)
        town.jobs()
        assert server.count == 0, "nothing was found"
        broken(town)
        for name in ("log-analyzer", "log-analyzer", "strategic-planner", "log-analyzer"):
            registry.run(town.world, name)
        assert server.count == 1, "one finding, one question, in all ticks together"
    (issue,) = issues(town)
    assert issue["title"] == WORDS["title"]
    assert "has not run since" in issue["body"], "our numbers stay"
    assert "@bob" not in issue["body"]
    (event,) = filed(town)
    assert event.data["signal"].startswith("analyzer:wrong_command:")


@pytest.mark.long
def test_a_model_that_answers_nonsense_changes_no_more_than_the_words(build: Build) -> None:
    with ModelServer(Scenario((Say(),), answer={"title": "x"})) as server:
        town = with_model(build, server.url)
        broken(town)
        analyze(town)
        assert server.count == 1
    (issue,) = issues(town)
    assert issue["title"] == "setup of .agent-os.yaml can't run"


@pytest.mark.long
def test_a_model_that_is_down_changes_no_more_than_the_words(build: Build) -> None:
    with socket.socket() as taken:  # nobody listens there
        taken.bind(("127.0.0.1", 0))
        town = with_model(build, f"http://127.0.0.1:{taken.getsockname()[1]}")
        broken(town)
        analyze(town)
    (issue,) = issues(town)
    assert issue["title"] == "setup of .agent-os.yaml can't run"
