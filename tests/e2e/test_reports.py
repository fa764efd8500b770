"""Reports of work that was really done: by the command line, by the job, as files and issues."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from agent_os.domain.tasks import Status
from agent_os.jobs import registry, report_facts
from agent_os.policy.metrics.figures import Value
from agent_os.policy.weekly_report import WeeklyReport
from tests.hub import HubProcess
from tests.unit.test_report import Page

from .conftest import Build
from .town import FIX, GREEN, WORK, Town

#: The first one does nothing, the second one mends it.
BOTH = {"idle": "true", "fixer": FIX}
EVIL = "add is wrong <script>alert(1)</script> @bob"


def run(town: Town, line: str) -> str:
    """What a command prints, run as it is written in a report."""
    program, *words = shlex.split(line)
    assert program == "agent-os"
    done = subprocess.run(
        [sys.executable, "-m", "agent_os", *words, "--config", town.home / "config.yaml"],
        env={**os.environ, "TOKEN": town.token, **town.keys},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def figures(town: Town, line: str) -> dict[tuple[str, str], Value]:
    """By group and name."""
    found: dict[str, Any] = json.loads(run(town, f"{line} --json"))
    values = [(f["group"], Value.model_validate(f["value"])) for f in found["figures"]]
    return {(group, value.name): value for group, value in values}


@pytest.fixture(scope="module")
def worked(
    hub: HubProcess, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[Town, int]]:
    """One task that was merged at the second attempt, one that waits for a person."""
    limits = {"backoff_seconds": 0.2, "memory_mb_per_attempt": 0, "attempts": 2}
    home = tmp_path_factory.mktemp("reports")
    town = Town(hub, home, f"acme/reports-{home.name}", agents=BOTH, limits=limits)
    number = town.ready(EVIL)
    town.settles(number, Status.DONE)
    town.reaches(town.ready("what now", ""), Status.BLOCKED)
    yield town, number
    town.end()


LATER = [
    pytest.param(name, marks=pytest.mark.long)
    for name in ("week", "before", "weeks", "trend", "costs")
]


@pytest.mark.long
@pytest.mark.parametrize("command", ["failures", "agents", *LATER])
def test_each_number_of_the_report_is_what_its_command_prints(
    worked: tuple[Town, int], command: str
) -> None:
    town, number = worked
    said = run(town, f"agent-os report weekly --repo {town.repo} --json")
    report = WeeklyReport.model_validate_json(said)
    assert [line.task for line in report.done] == [f"{town.repo}#{number}"]
    assert report.failures and report.needs_count == 1
    assert report.needs[0].link.startswith(f"{town.hub.url}/{town.repo}/issues/")
    if command == "failures":
        counts = json.loads(run(town, f"{report.commands.failures} --json"))["counts"]
        shown = {(f.code, f.rounds, f.samples, f.low, f.high) for f in report.failures}
        assert shown == {(c["name"], c["hits"], c["samples"], c["low"], c["high"]) for c in counts}
        return
    printed = figures(town, getattr(report.commands, command))
    if command == "trend":
        last = {(t.points[-1].week, t.name): t.points[-1].value for t in report.trends}
        assert last.items() <= printed.items()
    elif command in ("agents", "costs"):
        lines = report.agents if command == "agents" else report.costs
        assert {(line.agent, v.name): v for line in lines for v in line.values} == printed
        assert len(lines) == 2
    else:
        shown = {("", line.name): getattr(line, command) for line in report.figures}
        assert shown.items() <= printed.items()


@pytest.mark.long
def test_one_task_from_its_request_to_its_end(worked: tuple[Town, int], tmp_path: Path) -> None:
    town, number = worked
    page = tmp_path / "task.html"
    run(town, f"agent-os report task {town.repo}#{number} --out {page}")
    text = run(town, f"agent-os report task {town.repo}#{number}")
    seen = Page(page.read_text())
    assert "script" not in seen.tags
    assert {f"{town.hub.url}/{town.repo}/issues/{number}"} <= set(seen.links)
    assert "`no_change`" in text and "`complete`" in text, "both attempts"
    assert "## Evidence" in text and "unittest" in text
    moments = ["asked for by alice", "claimed", "opened", "merged as"]
    timeline = text.partition("## Timeline")[2]
    places = [timeline.index(moment) for moment in moments]
    assert places == sorted(places)


def test_what_happened_lately(worked: tuple[Town, int]) -> None:
    town, number = worked
    report = json.loads(run(town, "agent-os report run --json"))
    assert {t["task"] for t in report["tasks"]} >= {f"{town.repo}#{number}"}
    effects = {c["name"]: c["count"] for c in report["effects"]}
    assert effects["merge_pull done"] == 1 and effects["open_pull done"] == 1
    assert {c["name"] for c in report["attempts"]} >= {"complete", "no_change"}
    assert any("blocked" in e["what"] for e in report["errors"])


def test_once_a_week_the_job_writes_the_page_and_opens_one_issue(build_alone: Build) -> None:
    town = build_alone(files=GREEN, agents={"worker": WORK})
    town.config["improvement"] = {"report": "issue", "home": town.repo}
    town.open()
    number = town.ready(EVIL)
    town.settles(number, Status.DONE)
    for _ in range(2):
        town.advance(7 * 86_400)
        for _ in range(2):
            assert registry.run(town.world, "log-analyzer") is not None
    home = town.world.config.home / "reports"
    week = report_facts.last_week(town.clock.now())
    names = {path.parent.name for path in home.glob("*/*.html")}
    assert names == {town.repo.replace("/", "-"), "organization"}
    assert len(list(home.glob("*/*.html"))) == 4, "two weeks, each of the repository and of all"
    found = town.people.ask("GET", "/issues?state=all&direction=asc")
    every = [issue for issue in found if issue["title"].startswith("Weekly report")]
    of_all = [issue for issue in every if issue["title"].endswith("the organization")]
    reports = [issue for issue in every if issue not in of_all]
    assert [issue["state"] for issue in of_all] == ["closed", "open"], "in its home, once a week"
    assert [issue["state"] for issue in reports] == ["closed", "open"]
    assert reports[1]["title"].startswith(f"Weekly report {week}")
    first = reports[0]["body"]
    assert "add is wrong" in first and "<script" not in first and "@bob" not in first
    assert town.kinds().count("report_written") == 2
    town.rests()
    assert not [t for t in town.tasks() if t.title.startswith("Weekly report")], "no task"
    assert not list(home.rglob("*.part"))
