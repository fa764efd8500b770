"""The backlog groomer against a real hub and a real repository."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_os.domain.events import EventKind
from agent_os.jobs import registry
from agent_os.policy.trust import MARKER

from .conftest import Build
from .town import Town

DAY = 86_400
JOB = "backlog-groomer"
CRITERIA = "## Acceptance criteria\n- the sum is right\n"
CLOSES = {"groomer": {"close": True}}
#: The job also proposes a CODEBASE.md, of which other tests tell.
QUIET = {"memory": {"codebase": False}}


def groom(town: Town, days: float = 0) -> list[str]:
    """Let days pass, and run the groomer; what it wrote on GitHub."""
    if days:
        town.advance(days * DAY)
    before = len(town.writes())
    registry.run(town.world, JOB)
    return town.writes()[before:]


def alone(build_alone: Build, **improvement: Any) -> Town:
    """A town whose clock can be moved; its repository was looked at."""
    town = build_alone(improvement={**QUIET, **improvement})
    registry.run(town.world, "dispatcher")
    return town


def ours(town: Town, number: int) -> list[str]:
    return [text for text in town.comments_of(number) if MARKER in text]


def outcomes(town: Town, number: int) -> list[str]:
    """What became of findings about an issue, in order."""
    return [
        f"{e.data['signal'].split(':')[2]} {e.data['outcome']}"
        for e in town.events()
        if e.kind is EventKind.SIGNAL_SEEN
        and e.data["signal"].startswith("groom:")
        and e.data["signal"].endswith(f":{number}")
    ]


def test_a_backlog_in_order_is_left_alone(town_of_many: Callable[[int], Town]) -> None:
    town = town_of_many(5)
    town.people.issue("The sum is wrong", CRITERIA)
    assert groom(town) == []
    assert registry.run(town.world, JOB) is False


@pytest.mark.long
def test_trap_20_stale_is_said_once_and_never_closed_by_itself(build_alone: Build) -> None:
    town = alone(build_alone)
    number = town.people.issue("The sum is wrong", CRITERIA)
    assert groom(town, 91) == [f"POST /issues/{number}/comments"]
    for days in (1, 8, 120):
        assert groom(town, days) == []
    assert len(ours(town, number)) == 1
    assert outcomes(town, number) == ["stale filed", "stale known"]
    assert town.people.seen(number)["state"] == "open"


def test_stale_is_closed_after_a_week_of_silence_where_the_owner_allows_it(
    build_alone: Build,
) -> None:
    town = alone(build_alone, **CLOSES)
    silent, answered, planned = (
        town.people.issue(f"{name} is wrong", CRITERIA) for name in ("Sum", "Product", "Root")
    )
    groom(town, 91)
    assert "Without an answer it is closed" in ours(town, silent)[0]
    assert groom(town, 6) == []
    town.people.comment(answered, "still wanted")
    town.people.label(planned, "later")
    assert groom(town, 1.1) == [f"PATCH /issues/{silent}"]
    assert town.people.seen(silent)["state_reason"] == "not_planned"
    assert {town.people.seen(n)["state"] for n in (answered, planned)} == {"open"}
    town.people.reopen(silent)
    assert groom(town, 120) == []  # a person's word ends it for good
    assert outcomes(town, silent) == ["stale filed", "stale not_wanted"]
    assert outcomes(town, answered) == ["stale filed", "stale not_wanted"]


@pytest.mark.long
def test_a_thumb_is_an_answer(build_alone: Build) -> None:
    """Nothing is closed on which somebody reacted, whichever way."""
    town = alone(build_alone, **CLOSES)
    down, up = (town.people.issue(f"{name} is wrong", CRITERIA) for name in ("Sum", "Root"))
    groom(town, 91)
    for number, thumb in ((down, "-1"), (up, "+1")):
        (comment,) = town.people.comments(number)
        path = f"/issues/comments/{comment['id']}/reactions"
        town.people.ask("POST", path, {"content": thumb}, user="bob")
    assert groom(town, 8) == []
    assert outcomes(town, down) == ["stale filed", "stale not_wanted"]
    assert outcomes(town, up) == ["stale filed", "stale known"]


@pytest.mark.long
def test_with_the_owners_own_token_our_acts_are_no_answers(build_alone: Build) -> None:
    """Names of actors don't tell us apart from the owner."""
    town = build_alone(login="alice", improvement={**QUIET, **CLOSES})
    registry.run(town.world, "dispatcher")
    unclear, removed = (town.people.issue(f"{name} is wrong", "it is") for name in ("Sum", "Root"))
    stale = town.people.issue("Mode is wrong", CRITERIA)
    for number in (unclear, removed):
        for _ in range(2):
            town.people.comment(number, "me too", user="bob")
    assert len(groom(town)) == 2
    town.advance(60)
    town.people.unlabel(removed, "needs criteria")
    groom(town, 3)
    assert outcomes(town, unclear) == ["no-criteria filed", "no-criteria known"]
    assert outcomes(town, removed) == ["no-criteria filed", "no-criteria not_wanted"]
    groom(town, 91)
    assert f"PATCH /issues/{stale}" in groom(town, 8)


@pytest.mark.long
def test_an_issue_of_ours_that_is_stale_is_closed_without_leave(build_alone: Build) -> None:
    files = {f"app/part{n}.py": f"x = {n}\n" * 100 for n in range(5)}
    tests = {"tests/test_all.py": "import part0, part1, part2, part3, part4\n"}
    town = build_alone(
        files={**files, **tests}, improvement={**QUIET, "groomer": {"stale_days": 30}}
    )
    registry.run(town.world, "dispatcher")
    assert groom(town) == ["POST /issues"]
    (filed,) = [e for e in town.events() if e.kind is EventKind.ISSUE_FILED]
    number = filed.data["number"]
    assert groom(town, 31) == [f"POST /issues/{number}/comments"]
    assert groom(town, 7.1) == [f"PATCH /issues/{number}"]
    # Closed as not planned by us: the same signal files no other, and is not told again.
    assert groom(town, 8) == []


@pytest.mark.long
def test_work_is_left_alone(build_alone: Build) -> None:
    """Nothing is said on an issue that is a task at work, however old it is."""
    town = build_alone(
        agents={"waits": "sleep 600"}, limits={"stall_minutes": 1_000}, improvement=QUIET
    )
    number = town.ready("The sum of two columns is wrong", "no criteria, and much asked for")
    twin = town.people.issue("Sum of two columns wrong", "no criteria")
    town.until(lambda: (task := town.task(number)) and task.running)
    assert groom(town, 100) == [f"POST /issues/{twin}/comments"]
    assert f"#{number}" in ours(town, twin)[0]


def test_labels_and_comments_under_a_weeks_cap(town_of_many: Callable[[int], Town]) -> None:
    town = town_of_many(3)
    wanted = [town.people.issue(f"Part {n} is slow", "it is") for n in range(4)]
    for number in wanted:
        for _ in range(2):
            town.people.comment(number, "me too", user="bob")
    double = town.people.issue("Search of the archive is slow", CRITERIA)
    twin = town.people.issue("Archive search is slow", CRITERIA)
    written = groom(town)
    assert len(written) == 3
    assert f"POST /issues/{twin}/comments" in written  # ranked before a label
    assert f"#{double}" in ours(town, twin)[0]
    labelled = [n for n in wanted if "needs criteria" in town.people.labels(n)]
    assert len(labelled) == 2
    assert groom(town) == []
    assert sum(outcomes(town, n) == ["no-criteria capped"] for n in wanted) == 2


@pytest.mark.long
def test_what_the_code_asks_for_is_filed_under_a_weeks_cap(
    build_alone: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By rank: what an auditor knows, tests that are switched off; and then the cap."""
    programs = tmp_path / "programs"
    programs.mkdir()
    hole = {"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"]}
    report = {"dependencies": [{"name": "requests", "version": "2.19.0", "vulns": [hole]}]}
    (programs / "pip-audit").write_text(
        f"#!/bin/sh\ncat <<'END'\n{json.dumps(report)}\nEND\nexit 1\n"
    )
    (programs / "pip-audit").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    files = {f"app/part{n}.py": "# TODO: mend\n" * 100 for n in range(5)}
    more = {
        "requirements.txt": "requests==2.19.0\n",
        "tests/test_all.py": "import part0\n@pytest.mark.skip(reason='x')\n",
    }
    town = build_alone(
        files={**files, **more},
        improvement={**QUIET, "issues_per_week": 2},
        profiles={"setup": {"network": ["pypi.invalid"]}},
    )
    registry.run(town.world, "dispatcher")
    assert groom(town) == ["POST /issues"] * 2
    filed = [e.data["kind"] for e in town.events() if e.kind is EventKind.ISSUE_FILED]
    assert filed == ["vulnerable_dependencies", "skipped_tests"]
    issue = town.people.seen(1)
    assert "requests 2.19.0: [PYSEC-2018-28](https://osv.dev/" in issue["body"]
    assert {label["name"] for label in issue["labels"]} == {"agent-os: proposal"}
    capped = [
        e.data["signal"].split(":")[2]
        for e in town.events()
        if e.kind is EventKind.SIGNAL_SEEN and e.data["outcome"] == "capped"
    ]
    assert sorted(capped) == ["missing_docs", "missing_tests", "todo_cluster"]
    assert groom(town) == []
    assert "POST /issues" in groom(town, 7)


@pytest.fixture
def town_of_many(build: Build) -> Callable[[int], Town]:
    def made(proposals: int) -> Town:
        town = build(improvement={**QUIET, "groomer": {"proposals": proposals}})
        registry.run(town.world, "dispatcher")
        return town

    return made


@pytest.mark.long
def test_solved_work_is_pointed_out(town_of_many: Callable[[int], Town]) -> None:
    town = town_of_many(5)
    number = town.people.issue("The sum of two columns is wrong", CRITERIA)
    time.sleep(1.1)  # GitHub's times have whole seconds
    town.hub.push(town.repo, "main", {"a.txt": "x"}, message=f"Prepare #{number}")
    assert groom(town) == []
    sha = town.hub.push(town.repo, "main", {"a.txt": "y"}, message=f"Right sums (#{number})")
    assert groom(town) == [f"POST /issues/{number}/comments"]
    assert sha in ours(town, number)[0]


def test_over_eager_proposals_end_by_themselves(build_alone: Build) -> None:
    """Five of five contradicted: it stops that kind in that repository, and says so once."""
    town = alone(build_alone, groomer={"proposals": 5}, issues_per_week=3)
    names = ("sum", "product", "root", "sine", "power", "mean", "mode")
    numbers = [town.people.issue(f"The {name} is wrong", CRITERIA) for name in names]
    assert len(groom(town, 91)) == 5
    said = [n for n in numbers if ours(town, n)]
    for number in said:
        town.people.comment(number, "leave it")
    assert groom(town, 7) == ["POST /issues"]
    filed = [e for e in town.events() if e.kind is EventKind.ISSUE_FILED]
    assert [e.data["signal"].split(":")[2:] for e in filed] == [["stopped", "stale"]]
    text = town.people.seen(filed[0].data["number"])["body"]
    assert "5 of 5 (100%" in text
    assert groom(town, 7) == []
    (left,) = {tuple(outcomes(town, n)[-1:]) for n in numbers if n not in said}
    assert left == ("stale not_wanted",)


@pytest.mark.long
def test_a_dry_run_repository_is_told_nothing(build_alone: Build) -> None:
    town = build_alone(mode="dry-run", improvement=QUIET)
    registry.run(town.world, "dispatcher")
    number = town.people.issue("The sum is wrong", CRITERIA)
    assert groom(town, 91) == []
    assert outcomes(town, number) == ["stale not_allowed"]


@pytest.mark.long
def test_every_open_issue_is_seen_beyond_the_first_page(build_alone: Build) -> None:
    town = alone(build_alone, groomer={"proposals": 100})
    first = town.people.issue("The archive has no search by date", CRITERIA)
    for number in range(110):
        town.people.issue(f"Matter {number}", CRITERIA)
    twin = town.people.issue("No search by date in the archive", CRITERIA)
    assert f"POST /issues/{twin}/comments" in groom(town)
    assert f"#{first}" in ours(town, twin)[0]
