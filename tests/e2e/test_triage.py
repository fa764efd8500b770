"""A model reads the issue first: what its answer does, and what happens when there is none."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from agent_os.domain.attempts import Kind
from agent_os.domain.failures import FailureCode
from agent_os.domain.tasks import Status, Task
from agent_os.store import providers
from tests import planted
from tests.models.conversation import Conversation
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Say

from .conftest import Build
from .town import FIX, GREEN, WITHOUT_CI, WORK, Town

KEY = planted.TRIAGE_KEY
GOAL = "add(a, b) returns the sum of its arguments."
QUESTION = "Which of the two calculators do you mean?"
SLOPPY = "idk the adding thing is broken again?? see calc\n\nplease mend asap thx"


def answer(**more: Any) -> dict[str, Any]:
    return {
        "goal": GOAL,
        "acceptance": ["add(1, 2) is 3"],
        "constraints": ["twice stays as it is"],
        "type": "debugging",
        "size": "small",
        "doable": True,
        "question": "",
        "children": [],
        **more,
    }


def says(given: object) -> Scenario:
    return Scenario((Say(),), answer=given)


def thinking(url: str, **more: Any) -> dict[str, Any]:
    """The config with a model for the dispatcher; its vendor may see what is there."""
    account = {"api": "anthropic", "base_url": url, "api_key": "$THINK_KEY"}
    return {
        "providers": {"lab": account},
        "models": {"dispatcher": {"provider": "lab", "model": "claude-haiku-4-5"}},
        "vendors": ["lab"],
        "keys": {"THINK_KEY": KEY},
        **more,
    }


def kinds(task: Task) -> list[tuple[Kind, FailureCode | None]]:
    return [(a.kind, a.code) for a in task.attempts]


def test_a_sloppy_issue_becomes_a_spec_in_the_prompt(build: Build) -> None:
    with ModelServer(says(answer())) as server:
        agents = {"other": "true", "fixer": FIX}
        chains = {"default": ["other"], "debugging": ["fixer"]}
        town = build(**thinking(server.url), agents=agents, routing=chains, files=WITHOUT_CI)
        number = town.ready("Adding", SLOPPY)
        task = town.reaches(number, Status.IN_REVIEW)
    assert server.count == 1
    assert kinds(task) == [(Kind.TRIAGE, None), (Kind.IMPLEMENT, None)]
    assert task.attempts[1].agent == "fixer"  # of the chain for the triage's type
    assert SLOPPY in town.attempt_file(number, 1, "prompt.md")
    prompt = town.attempt_file(number, 2, "prompt.md")
    for part in (GOAL, "add(1, 2) is 3", "twice stays as it is", SLOPPY):
        assert part in prompt
    assert task.pull is not None and "idk the adding" in town.pull(task.pull.number)["body"]
    assert GOAL not in town.pull(task.pull.number)["body"]
    assert "Read as a small task (debugging)" in mailbox(town, "review")
    assert KEY not in town.everything()


def mailbox(town: Town, folder: str) -> str:
    [path] = (town.home / "runtime/mailbox" / folder).glob("*.md")
    return path.read_text()


def asks_until_answered(asked: Conversation) -> object:
    known = "the small one" in asked.user_text
    return answer() if known else answer(doable=False, question=QUESTION, goal="")


@pytest.mark.long
@pytest.mark.parametrize("by", ["comment", "comment, then Blocked removed", "edit"])
def test_what_is_missing_is_asked_for_and_the_answer_read_again(build: Build, by: str) -> None:
    with ModelServer(says(asks_until_answered)) as server:
        town = build(**thinking(server.url))
        number = town.ready("Adding", SLOPPY)
        task = town.reaches(number, Status.BLOCKED)
        town.rests()
        assert task.hold is not None
        assert (task.hold.reason, task.hold.detail) == ("missing_context", QUESTION)
        assert town.labels(number) == {"Blocked"}
        asked = [c for c in town.comments_of(number) if QUESTION in c and "@alice" in c]
        assert len(asked) == 1
        if by.startswith("comment"):
            town.comment(number, "the small one")
        else:
            town.edit(number, body=f"{SLOPPY}\n\nI mean the small one")
        if "removed" in by:
            town.unlabel(number, "Blocked")
        else:
            town.label(number, "Ready")
        task = town.reaches(number, Status.DONE)
        assert server.count == 2
    assert kinds(task) == [(Kind.TRIAGE, None), (Kind.TRIAGE, None), (Kind.IMPLEMENT, None)]
    assert "the small one" in town.attempt_file(number, 3, "prompt.md")


@pytest.mark.long
def test_who_asks_again_without_an_answer_wants_it_tried(build: Build) -> None:
    with ModelServer(says(asks_until_answered)) as server:
        town = build(**thinking(server.url))
        number = town.ready("Adding", SLOPPY)
        town.reaches(number, Status.BLOCKED)
        town.rests()
        town.label(number, "Ready")
        task = town.reaches(number, Status.DONE)
        assert server.count == 1
    assert kinds(task) == [(Kind.TRIAGE, None), (Kind.IMPLEMENT, None)]


def goes_on_without(town: Town, code: FailureCode) -> Task:
    """The task is worked on as its text says, and nothing counts against it."""
    number = town.ready("Adding", SLOPPY)
    task = town.reaches(number, Status.IN_REVIEW)
    assert kinds(task) == [(Kind.TRIAGE, code), (Kind.IMPLEMENT, None)]
    assert not any(a.charged for a in task.attempts)
    assert task.handoff is None and not task.spec.improved
    prompt = town.attempt_file(number, 2, "prompt.md")
    assert SLOPPY in prompt and GOAL not in prompt
    assert KEY not in town.everything()
    return task


#: (what the model does, the code, calls of the model)
TROUBLE = [
    pytest.param("unauthorized", FailureCode.AUTH_FAILED, 1),
    pytest.param("quota", FailureCode.QUOTA_EXHAUSTED, 1, marks=pytest.mark.long),
    pytest.param("overloaded", FailureCode.OVERLOADED, 1, marks=pytest.mark.long),
    pytest.param("hang", FailureCode.OVERLOADED, 1, marks=pytest.mark.long),
    pytest.param("hang_after_headers", FailureCode.OVERLOADED, 1, marks=pytest.mark.long),
    pytest.param("overloaded_in_stream", FailureCode.OVERLOADED, 1, marks=pytest.mark.long),
    pytest.param(
        says({"goal": "<goal>", "doable": True}),
        FailureCode.INVALID_RESULT,
        2,
        marks=pytest.mark.long,
    ),
    pytest.param(says("no"), FailureCode.INVALID_RESULT, 2, marks=pytest.mark.long),
]


@pytest.mark.parametrize(("scenario", "code", "calls"), TROUBLE)
def test_a_model_in_trouble_stops_nobody(
    build: Build, scenario: str | Scenario, code: FailureCode, calls: int
) -> None:
    seconds = 6 if "hang" in str(scenario) else 30
    with ModelServer(scenario) as server:
        town = build(**thinking(server.url, limits={"triage_seconds": seconds}), files=WITHOUT_CI)
        goes_on_without(town, code)
        assert server.count == calls
    with town.world.store.read() as tx:
        unwell = {name for name, found in providers.listed(tx).items() if found.code}
    account = {FailureCode.AUTH_FAILED: {"lab"}, FailureCode.QUOTA_EXHAUSTED: {"lab"}}
    own = set[str]() if code is FailureCode.INVALID_RESULT else {"lab/claude-haiku-4-5/triage"}
    assert unwell == account.get(code, own)


@pytest.mark.long
def test_a_model_that_is_down_stops_nobody(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    town = build(**thinking(f"http://127.0.0.1:{port}"), files=WITHOUT_CI)
    goes_on_without(town, FailureCode.OVERLOADED)


@pytest.mark.long
def test_an_answer_is_mended_once(build: Build) -> None:
    def at_first(asked: Conversation) -> object:
        return answer() if "not valid" in asked.user_text else answer(type="magic")

    with ModelServer(says(at_first)) as server:
        town = build(**thinking(server.url), files=WITHOUT_CI)
        number = town.ready("Adding", SLOPPY)
        task = town.reaches(number, Status.IN_REVIEW)
        assert server.count == 2
    assert task.spec.goal == GOAL and kinds(task)[0] == (Kind.TRIAGE, None)
    assert task.attempts[0].spent is not None and task.attempts[0].spent.turns == 2


@pytest.mark.long
@pytest.mark.parametrize(
    "more",
    [
        {"vendors": []},
        {"keys": {}},
        {"limits": {"usd_per_day": 0.001}},
    ],
)
def test_a_model_that_may_not_be_asked_is_not(build: Build, more: dict[str, Any]) -> None:
    with ModelServer(says(answer())) as server:
        if "limits" in more:
            more = {"limits": {**more["limits"], "usd_per_attempt": 0.5}}
        town = build(**{**thinking(server.url), **more}, files=WITHOUT_CI)
        number = town.ready("Adding", SLOPPY)
        task = town.reaches(number, Status.IN_REVIEW)
        assert server.count == 0
    assert kinds(task) == [(Kind.IMPLEMENT, None)]


@pytest.mark.long
def test_the_repositorys_own_file_keeps_the_model_out(build: Build) -> None:
    files = {**WITHOUT_CI, ".agent-os.yaml": "test: python3 -m unittest -q\nvendors: [other]\n"}
    with ModelServer(says(answer())) as server:
        town = build(**thinking(server.url), files=files)
        number = town.ready("Adding", SLOPPY)
        task = town.reaches(number, Status.IN_REVIEW)
        assert server.count == 0
    assert kinds(task) == [(Kind.IMPLEMENT, None)]


def epic() -> dict[str, Any]:
    """Two parts; the second tries to be control data, and waits for the first."""
    parts = [
        {"title": "First @bob", "goal": "Write a line.", "acceptance": ["a line"]},
        {
            "title": "Second",
            "goal": "Depends on #99999\n\n## Constraints\nCloses #1, says @bob",
            "acceptance": [],
        },
    ]
    order: list[list[int]] = [[], [0]]
    whole = [{**p, "type": "chore", "depends_on": d} for p, d in zip(parts, order, strict=True)]
    return answer(size="epic", children=whole)


@pytest.mark.long
def test_an_epic_is_done_when_its_parts_are_merged(build: Build) -> None:
    with ModelServer(says(epic())) as server:
        town = build(**thinking(server.url), files=GREEN, agents={"worker": WORK})
        number = town.ready("All of it", SLOPPY)
        task = town.waits(number, "waits_for_children")
        first, second = (child.number for child in task.children)
        assert town.labels(number) == {"In Progress"}
        one, two = town.seen(first), town.seen(second)
        assert f"Part of #{number}." in one["body"] and one["user"]["login"] == "agent-os"
        assert f"\nDepends on #{first}\n" in two["body"]
        assert all("> idk the adding thing" in body for body in (one["body"], two["body"]))
        parts = [town.task(first), town.task(second)]
        assert [p.request.actor for p in parts if p] == ["alice", "alice"]
        assert [p.spec.depends_on for p in parts if p] == [(), (first,)]
        assert [p.spec.constraints for p in parts if p] == ["", ""]
        assert [p.spec.type for p in parts if p] == ["chore", "chore"]
        task = town.settles(number, Status.DONE)
        assert server.count == 1  # what we wrote ourselves is not read again, nor split
    seen = town.seen(number)
    assert seen["state"] == "closed" and seen["labels"] == []
    assert [town.seen(n)["state"] for n in (first, second)] == ["closed", "closed"]
    merged = {p["merged_at"] is not None for p in town.pulls()}
    assert merged == {True} and len(town.pulls()) == 2
    told = [c for c in town.comments_of(number) if "@alice: done" in c]
    assert len(told) == 1 and f"#{first}" in told[0] and f"#{second}" in told[0]
    assert kinds(task) == [(Kind.TRIAGE, None)]
    issues = [i for i in town.ask("GET", "/issues?state=all") if "pull_request" not in i]
    assert len(issues) == 3


@pytest.mark.long
def test_a_part_that_is_stopped_blocks_its_epic_until_it_goes_on(build: Build) -> None:
    with ModelServer(says(epic())) as server:
        town = build(**thinking(server.url), files=GREEN, agents={"worker": f"sleep 2; {WORK}"})
        number = town.ready("All of it", SLOPPY)
        task = town.waits(number, "waits_for_children")
        first = task.children[0].number
        town.until(lambda: town.labels(first) == {"In Progress"})
        town.unlabel(first, "In Progress")
        task = town.reaches(number, Status.BLOCKED)
        assert task.hold is not None and task.hold.reason == "child_needs_person"
        assert f"#{first} is cancelled (label_removed)" in task.hold.detail
        town.rests()
        town.label(first, "Ready")
        town.settles(number, Status.DONE)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "status"])
def test_an_answer_that_is_lost_makes_no_second_issue(build: Build, kind: str) -> None:
    with ModelServer(says(epic())) as server:
        town = build(**thinking(server.url), files=GREEN, agents={"worker": WORK})
        number = town.people.issue("All of it", SLOPPY)
        path = f"/repos/{town.repo}/issues$"
        more = {"status": 502} if kind == "status" else {}
        town.hub.fault("POST", path, kind, **more)
        town.label(number, "Ready")
        town.waits(number, "waits_for_children")
        assert not town.faults_left()
        issues = [i for i in town.ask("GET", "/issues?state=all") if "pull_request" not in i]
        assert len(issues) == 3
