"""`agent-os plan`: from a list of requirements to issues, and to a product."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent_os.domain.errors import AgentOSError
from agent_os.domain.tasks import Status
from agent_os.jobs import planning
from agent_os.jobs.planning import Draft, Wishes
from agent_os.policy.requirements import reading
from agent_os.policy.requirements.rows import Kind
from tests import planted
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Say

from .conftest import Build
from .town import WITHOUT_CI, Town

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "scripts/demo"
LIST = """# Calculator

1. Subtract two numbers
   - `sub(3, 1)` is 2
2. Multiply two numbers
   - `mul(3, 2)` is 6

## Manual

- Document the functions
"""
SECONDS = 60


def draft(town: Town, text: str = LIST, **wishes: Any) -> Draft:
    found = reading.read(text.encode(), "REQUIREMENTS.md")
    return planning.draft(town.world, town.repo, found, Wishes(**wishes))


def file(town: Town, text: str = LIST, **wishes: Any) -> Draft:
    return planning.file(town.world, draft(town, text, **wishes))


def kinds(made: Draft) -> list[tuple[str, str]]:
    """What becomes of each title, as decided."""
    return [(row.kind.value, row.title) for row in made.rows]


def issues(town: Town) -> dict[str, dict[str, Any]]:
    """By title; a title that is there twice fails."""
    found = town.people.ask("GET", "/issues?state=all&per_page=100")
    only = [issue for issue in found if "pull_request" not in issue]
    titles = [issue["title"] for issue in only]
    assert len(set(titles)) == len(titles), titles
    return {issue["title"]: issue for issue in only}


def empty(town: Town) -> None:
    name = town.repo.partition("/")[2]
    assert town.hub.api("POST", "/orgs/acme/repos", {"name": name}).status_code == 201


@pytest.fixture
def town(build: Build) -> Town:
    return build(files=WITHOUT_CI)


def test_trap_22_the_list_becomes_issues_and_the_same_again_changes_nothing(town: Town) -> None:
    first = draft(town)
    assert issues(town) == {}
    assert kinds(first)[0] == ("new", "Subtract two numbers")
    file(town)
    found = issues(town)
    sub, mul = found["Subtract two numbers"], found["Multiply two numbers"]
    assert f"Depends on #{sub['number']}" in mul["body"]
    assert "Depends on" not in sub["body"]
    assert "## Acceptance criteria\n- `mul(3, 2)` is 6" in mul["body"]
    docs = found["Document the functions"]
    assert "it can be read in the repository" in docs["body"]
    assert [label["name"] for label in docs["labels"]] == ["type: docs"]
    epic = found["Plan: Calculator"]
    lines = [line for line in epic["body"].splitlines() if line.startswith("- [ ]")]
    assert lines == [f"- [ ] #{found[item.title]['number']}" for item in first.plan.items]
    assert lines == sorted(lines)
    town.hub.reset_requests()
    again = file(town)
    assert again.steps == [] and {row.kind for row in again.rows} == {Kind.SAME}
    assert town.writes() == []


def test_only_what_changed_is_changed(town: Town) -> None:
    file(town)
    before = issues(town)
    town.edit(before["Multiply two numbers"]["number"], body="Alice says it better.")
    changed = """# Calculator

1. Multiply two numbers
   - `mul(3, 2)` is 6
   - `mul(0, 2)` is 0
2. Subtract two numbers (also negative ones)
   - `sub(3, 1)` is 2
3. Divide two numbers
"""
    made = draft(town, changed)
    assert sorted(kind for kind, _ in kinds(made)) == ["changed", "changed", "gone", "new", "told"]
    file(town, changed)
    found = issues(town)
    assert len(found) == 5
    sub = found["Subtract two numbers (also negative ones)"]
    assert sub["number"] == before["Subtract two numbers"]["number"]
    assert f"Depends on #{before['Multiply two numbers']['number']}" in sub["body"]
    mul = found["Multiply two numbers"]
    assert mul["body"] == "Alice says it better."
    (told,) = town.comments_of(mul["number"])
    assert "somebody has edited it" in told and "asked for now: `mul(0, 2)` is 0" in told
    docs = found["Document the functions"]
    assert (docs["state"], docs["state_reason"]) == ("closed", "not_planned")
    assert "no longer in the list" in town.comments_of(docs["number"])[0]
    assert f"#{found['Divide two numbers']['number']}" in found["Plan: Calculator"]["body"]
    town.hub.reset_requests()
    assert file(town, changed).steps == [] and town.writes() == []
    file(town)  # the first list again: what was closed is not opened behind anybody's back
    assert "Reopen this issue" in town.comments_of(docs["number"])[1]
    assert len(issues(town)) == 5


@pytest.mark.long
def test_what_is_at_work_is_told_and_not_edited(build: Build) -> None:
    town = build(files=WITHOUT_CI, agents={"slow": "sleep 60"})
    file(town)
    sub = issues(town)["Subtract two numbers"]["number"]
    town.label(sub, "Ready")
    town.reaches(sub, Status.RUNNING)
    file(town, LIST.replace("`sub(3, 1)` is 2", "`sub(3, 2)` is 1"))
    assert any("it is at work, so its text" in c for c in town.comments_of(sub))
    assert "`sub(3, 1)` is 2" in issues(town)["Subtract two numbers"]["body"]
    gone = file(town, "# Calculator\n\n- Multiply two numbers\n- Document the functions\n")
    assert ("gone", "Subtract two numbers") in kinds(gone)
    assert issues(town)["Subtract two numbers"]["state"] == "open"
    assert any("It is at work and goes on" in c for c in town.comments_of(sub))


@pytest.mark.long
def test_an_empty_repository_becomes_a_product(build: Build) -> None:
    command = f"{sys.executable} {DEMO}/agents/builder.py"
    agents = {"builder": {"driver": "command", "command": command, "read_only": [str(DEMO)]}}
    town = build(files={}, agents=agents)
    empty(town)
    text = (DEMO / "plan/REQUIREMENTS.md").read_text()
    made = file(town, text, start=True)
    assert made.setup is not None and list(made.setup.files) == [
        "README.md",
        ".agent-os.yaml",
        ".github/workflows/ci.yml",
    ]
    titles = [item.title for item in made.plan.items]
    numbers = {title: issues(town)[title]["number"] for title in titles}
    for number in numbers.values():
        town.reaches(number, Status.DONE, 40)
    merged = [e.number for e in town.events() if e.kind.value == "pull_merged"]
    assert merged == list(numbers.values())
    assert "longest" in (town.file("README.md") or "")
    assert 'COUNTS["longest"]' in (town.file("words/counting.py") or "")
    last = file(town, text, start=True)
    assert {row.kind for row in last.rows} == {Kind.DONE}
    epic = issues(town)["Plan: A word counter"]
    assert (epic["state"], epic["state_reason"]) == ("closed", "completed")
    assert epic["body"].count("- [x] #") == 5


def test_a_first_commit_is_never_pushed_over_anothers(build: Build) -> None:
    town = build(files={})
    empty(town)
    made = draft(town)
    town.hub.seed(town.repo, {"theirs.py": "print()\n"})
    with pytest.raises(AgentOSError, match="changes are left"):
        planning.file(town.world, made)
    assert town.file("theirs.py") == "print()\n" and town.file(".agent-os.yaml") is None
    assert issues(town) == {}


@pytest.mark.long
def test_in_a_bare_repository_a_person_merges_the_set_up_first(build: Build) -> None:
    town = build(files={"README.md": "# Calculator\n"})
    made = file(town, start=True)
    (pull,) = town.pulls()
    assert pull["head"]["ref"] == "agent-os/plan-setup" and pull["state"] == "open"
    first = made.plan.items[0]
    number = issues(town)[first.title]["number"]
    assert first.key == "walking-skeleton"
    assert f"Depends on #{pull['number']}" in issues(town)[first.title]["body"]
    town.hub.reset_requests()
    assert file(town, start=True).steps == [] and town.writes() == []
    assert town.waits(number, "waits_for_dependency").claimed_at is None
    town.merge(pull["number"])
    town.until(lambda: (task := town.task(number)) and task.claimed_at)
    assert town.file(".agent-os.yaml") == 'test: "sh test.sh"\n'


@pytest.mark.long
def test_where_nothing_may_be_written_it_is_only_shown(build: Build) -> None:
    town = build(files=WITHOUT_CI, mode="dry-run")
    made = draft(town)
    assert made.stopped == "its mode is dry-run" and made.steps
    with pytest.raises(AgentOSError, match="dry-run"):
        planning.file(town.world, made)
    assert issues(town) == {}


def command(town: Town, *words: str, point: str = "", given: str | None = None) -> tuple[int, str]:
    """`agent-os plan` as a process; its exit status and what it said."""
    env = {**os.environ, "TOKEN": town.token, "AGENT_OS_FAILPOINT": point, "COLUMNS": "200"}
    path = town.home / "REQUIREMENTS.md"
    if given is not None or not path.exists():
        path.write_text(LIST if given is None else given)
    argv = [sys.executable, "-m", "agent_os", "plan", str(path), "--repo", town.repo]
    argv += ["--config", str(town.home / "config.yaml"), *words]
    done = subprocess.run(
        argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


_POINTS = ("file_issue.intended#1", "file_issue.performed#2", "file_issue.performed#4")


@pytest.mark.long
@pytest.mark.parametrize("point", _POINTS)
def test_killed_while_it_files_nothing_is_doubled(town: Town, point: str) -> None:
    status, said = command(town, "--yes", point=point)
    assert status == -signal.SIGKILL, said
    status, said = command(town, "--yes")
    assert status == 0, said
    assert sorted(issues(town)) == [
        "Document the functions",
        "Multiply two numbers",
        "Plan: Calculator",
        "Subtract two numbers",
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    "point",
    [
        "push_proposal.performed#1",
        "edit_issue.performed#1",
        "tell_issue.performed#1",
        "retire_issue.performed#1",
    ],
)
def test_killed_at_any_other_change_it_goes_on(build: Build, point: str) -> None:
    town = build(files={})
    empty(town)
    other = "# Calculator\n\n- Subtract two numbers, quickly\n- Multiply two numbers\n"
    lists = (LIST, other)
    killed = 0
    for text in lists:
        status, said = command(town, "--yes", point=point, given=text)
        killed += status == -signal.SIGKILL
        assert status in (0, -signal.SIGKILL), said
        status, said = command(town, "--yes")
        assert status == 0, said
    assert killed == 1
    found = issues(town)
    assert len(found) == 5
    docs = found["Document the functions"]
    assert docs["state"] == "closed" and len(town.comments_of(docs["number"])) == 1


@pytest.mark.long
def test_the_command_asks_and_shows(town: Town) -> None:
    status, said = command(town, "--dry-run", "--full")
    assert status == 0 and "Nothing was changed." in said
    for words in ("Subtract two numbers", "`mul(3, 2)` is 6", "Split and ordered by rules"):
        assert words in said
    status, said = command(town)
    assert status == 1 and "--yes" in said and issues(town) == {}
    status, said = command(town, "--yes", "--json")
    rows = json.loads(said[said.index("{") : said.rindex("}") + 1])["rows"]
    assert status == 0 and all(row["number"] for row in rows)
    status, said = command(town, "--yes", given="no list here")
    assert status == 1 and "no list item" in said and "Traceback" not in said


def thinking(url: str) -> dict[str, Any]:
    account = {"api": "anthropic", "base_url": url, "api_key": "$THINK_KEY"}
    return {
        "providers": {"lab": account},
        "models": {"planner": {"provider": "lab", "model": "claude-haiku-4-5"}},
        "vendors": ["lab"],
        "keys": {"THINK_KEY": planted.TRIAGE_KEY},
        "files": WITHOUT_CI,
    }


def split(sources: Sequence[Sequence[int]]) -> dict[str, Any]:
    items = [
        {
            "title": f"Issue {place} of the model",
            "goal": "It works.",
            "acceptance": ["it is shown by a test"],
            "type": "implementation",
            "sources": list(taken),
            "after": [place - 1] if place else [],
        }
        for place, taken in enumerate(sources)
    ]
    return {"items": items}


def test_a_model_splits_and_orders_and_is_asked_once(build: Build) -> None:
    with ModelServer(Scenario((Say(),), answer=split([[0], [1], [1, 2]]))) as server:
        town = build(**thinking(server.url))
        made = file(town)
        assert made.plan.thought and made.why == ""
        assert file(town).steps == []
        assert server.count == 1
    assert [t for t in issues(town) if "model" in t] == [
        f"Issue {place} of the model" for place in (2, 1, 0)
    ]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (split([[0], [1]]), "leaves out 1 requirements: Document the functions"),
        pytest.param(
            split([[0], [1], [2, 7]]),
            "requirements that there are not: [7]",
            marks=pytest.mark.long,
        ),
        pytest.param({"items": []}, "no answer that could be used", marks=pytest.mark.long),
    ],
)
def test_a_wrong_answer_falls_back_to_the_rules(
    build: Build, answer: dict[str, Any], why: str
) -> None:
    with ModelServer(Scenario((Say(),), answer=answer)) as server:
        town = build(**thinking(server.url))
        made = file(town)
    assert why in made.why and not made.plan.thought
    assert "Subtract two numbers" in issues(town)


@pytest.mark.long
def test_rules_never_undo_what_a_model_planned(build: Build) -> None:
    with ModelServer(Scenario((Say(),), answer=split([[0], [1], [2]]))) as server:
        town = build(**thinking(server.url))
        file(town)
        server.scenario = "overloaded"
        with pytest.raises(AgentOSError, match="A model made the issues"):
            draft(town, LIST.replace("Multiply", "Divide"))
