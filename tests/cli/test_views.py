"""Looking at tasks from the command line."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status
from tests.e2e.town import Town

from .conftest import CommandLine

HUGE = f"https://example.invalid/o/r/issues/{10**20}"


@pytest.mark.long
def test_a_task_is_found_by_every_form_of_its_name(town: Town, command: CommandLine) -> None:
    number = town.ready()
    task = town.settles(number, Status.DONE)
    assert task.pull is not None
    owner, name = town.repo.split("/")
    page = f"{town.hub.url}/{town.repo}"
    forms = [str(number), f"#{number}", f"{name}#{number}", f"{owner}/{name}#{number}"]
    forms += [f"{page}/issues/{number}", f"{page}/pull/{task.pull.number}"]
    for form in forms:
        assert command.json("why", form)["why"].startswith(f"{town.repo}#{number} is done")


def test_views_show_the_same_facts_for_people_and_programs(
    town: Town, command: CommandLine
) -> None:
    number = town.ready()
    town.settles(number, Status.DONE)
    status = command.json("status")
    assert [(t["task"], t["state"]) for t in status["tasks"]] == [(f"{town.repo}#{number}", "done")]
    assert f"{town.repo}#{number}" in command.run("status")
    one = command.json("show", str(number))
    assert [a["agent"] for a in one["attempts"]] == ["fixer"]
    assert any("merged as" in line for line in one["history"])
    assert "merged as" in command.run("show", str(number))


def test_why_names_what_would_change_a_wait(town: Town, command: CommandLine) -> None:
    number = town.ready(body="Depends on #99\n")
    town.waits(number, "waits_for_dependency")
    said = command.run("why", str(number))
    assert "#99" in said and "the issues it depends on are closed" in said


def test_trap_39_a_request_that_was_not_taken_has_its_reason(
    town: Town, command: CommandLine
) -> None:
    number = town.people.issue("please", "do this")
    labels = f"/repos/{town.repo}/issues/{number}/labels"
    town.hub.api("POST", labels, {"labels": ["Ready"]}, user="bob")
    town.hub.api(
        "PUT", f"/repos/{town.repo}/collaborators/bob", {"permission": "pull"}, user="alice"
    )
    town.until(town.declined)
    said = command.run("why", str(number))
    assert "untrusted_actor" in said and "bob" in said
    assert command.json("status")["declined"][0]["reason"] == "untrusted_actor"


@pytest.mark.long
def test_logs_show_what_the_agent_printed(town: Town, command: CommandLine) -> None:
    town.config["agents"]["fixer"]["command"] = (
        "printf '\\033]52;c;eA==\\007'; echo hello from the agent; sed -i 's/a - b/a + b/' calc.py"
    )
    town.open()
    number = town.ready()
    town.settles(number, Status.DONE)
    said = command.run("logs", str(number))
    assert "hello from the agent" in said and "]52;c" in said
    assert "\x1b" not in said and "\x07" not in said, "a terminal would obey it"
    assert "hello from the agent" in command.run("logs", str(number), "--follow")
    assert "has no attempt 7" in command.run("logs", str(number), "--attempt", "7", code=1)


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["12", "nowhere#1", "not a task", "https://example.invalid/x", HUGE]
)
def test_an_unknown_task_is_said_with_the_next_step(command: CommandLine, name: str) -> None:
    assert "Next:" in command.run("show", name, code=1)
