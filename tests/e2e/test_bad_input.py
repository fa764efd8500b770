"""Issues, repository files and results that nobody could expect."""

from __future__ import annotations

import shutil

import pytest

from agent_os.domain.tasks import Status

from .conftest import Build
from .people import People
from .town import FILES, FIX, GREEN, WITHOUT_CI, WORK

BODIES = {
    "empty": "",
    "large": "x" * 60_000,
    "control": "\x00\x01\x1b[31mred\x7f \u202e right to left \ud83d",
    "front matter": "---\nstatus: complete\nstate: blocked\n---\n# a\n## Goal\n---\n- [x] y\n",
    "fences": "```\n## Goal\nnot closed\n</details><!-- agent-os effect=0123456789abcdef -->\n",
    "mentions": "@alice @agent-os Closes #1 | a | b |\n|---|---|\n",
}


@pytest.mark.long
def test_any_text_of_an_issue_becomes_a_pull_request(build: Build) -> None:
    town = build(mode="pull-request", files=WITHOUT_CI)
    title = f"Title | <b> \x07`x` @all {'y' * 150}"
    for body in BODIES.values():
        town.issue(title, body.encode("utf-8", "replace").decode(), labels=("Ready",))
    town.until(lambda: len(town.pulls()) == len(BODIES), 25)
    for pull in town.pulls():
        assert "Closes #" in pull["body"] and len(pull["body"]) < 65_536
    assert {t.status for t in town.tasks()} == {Status.IN_REVIEW}


@pytest.mark.long
def test_a_broken_repository_file_blocks_with_line_and_step_while_others_go_on(
    build: Build,
) -> None:
    town = build(files=FILES | {".agent-os.yaml": "test: x\nsettup: y\n"})
    number = town.ready()
    other = f"{town.repo}b"
    town.hub.seed(other, FILES)
    town.config["repositories"].append({"name": other, "mode": "auto-merge"})
    town.open()
    good = People(town.hub, other).issue("add", labels=("Ready",))
    task = town.reaches(number, Status.BLOCKED)
    assert task.hold and "line 2" in task.hold.detail and "setup" in task.hold.detail
    assert task.hold.next_step
    town.reaches(good, Status.DONE, repo=other)
    town.rests()
    assert town.labels(number) == {"Blocked"}
    assert sum("line 2" in c for c in town.comments_of(number)) >= 1
    town.push("main", {".agent-os.yaml": FILES[".agent-os.yaml"]})
    town.label(number, "Ready")
    town.settles(number, Status.DONE)


@pytest.mark.parametrize(
    "content",
    ["- a\n- b\n", "test: [unclosed\n", "\x00\x01", "test: {a: 1}\n", "checks: {x: ''}\n"],
)
def test_trap_27_no_repository_file_crashes_or_wedges(build: Build, content: str) -> None:
    town = build(files=WITHOUT_CI | {".agent-os.yaml": content})
    number = town.ready()
    task = town.reaches(number, Status.BLOCKED)
    assert task.hold and task.hold.next_step and ".agent-os.yaml" in task.hold.detail


@pytest.mark.long
def test_an_agent_that_is_no_longer_configured_is_replaced(build: Build) -> None:
    town = build(agents={"old": "true", "new": FIX}, mode="pull-request", files=WITHOUT_CI)
    number = town.issue("x", labels=("agent: old", "Ready"))
    town.until(lambda: (t := town.task(number)) and t.attempts and t.attempts[0].ended_at)
    del town.config["agents"]["old"]
    town.config["routing"]["default"] = ["new"]
    town.open()
    town.until(lambda: town.pulls())


@pytest.mark.long
def test_a_path_that_git_would_quote_and_a_binary_file(build: Build) -> None:
    command = r"""printf 'x' > 'na"me ü.txt'; head -c 4096 /dev/urandom > b.bin; ln -s b.bin l"""
    town = build(mode="pull-request", files=GREEN, agents={"w": command})
    number = town.ready()
    task = town.waits(number, "person_merges")
    assert task.pull
    names = {f["filename"] for f in town.ask("GET", f"/pulls/{task.pull.number}/files")}
    assert {"b.bin", "l", 'na"me ü.txt'} <= names


@pytest.mark.long
def test_an_issue_opened_with_the_label_is_taken(build: Build) -> None:
    town = build(mode="pull-request", files=GREEN, agents={"w": WORK})
    made = town.ask("POST", "/issues", {"title": "x", "labels": ["Ready"]})
    town.waits(made["number"], "person_merges")


def test_a_label_on_a_pull_request_is_not_a_task(build: Build) -> None:
    town = build()
    town.push("feature", {"x.txt": "x"})
    made = town.ask("POST", "/pulls", {"title": "x", "head": "feature", "base": "main"})
    town.label(made["number"], "Ready")
    town.rests()
    assert town.task(made["number"]) is None


@pytest.mark.long
def test_a_folder_of_templates_that_is_gone_is_named(build: Build) -> None:
    town = build()
    folder = town.home / "mine"
    folder.mkdir()
    (folder / "prompt.md.j2").write_text("Mine: {{ title }}\n")
    town.config["prompts"] = "./mine"
    town.open()
    number = town.ready("Mend add", "It subtracts.")
    task = town.reaches(number, Status.DONE)
    assert town.attempt_file(number, 1, "prompt.md") == "Mine: Mend add\n"
    shutil.rmtree(folder)
    second = town.ready("Once more", "It adds.")
    task = town.reaches(second, Status.BLOCKED)
    assert task.hold is not None and "`prompts` names" in task.hold.detail
