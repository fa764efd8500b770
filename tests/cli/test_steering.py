"""Acting from the command line."""

from __future__ import annotations

import pytest
import yaml

from agent_os.domain.tasks import Status
from tests.e2e.town import WORK, Town

from .conftest import CommandLine


@pytest.mark.long
def test_pause_starts_nothing_and_resume_goes_on(town: Town, command: CommandLine) -> None:
    assert "paused" in command.run("pause", town.repo)
    assert "paused already" in command.run("off", town.repo)
    number = town.ready()
    town.waits(number, "repo_paused")
    assert "agent-os resume" in command.run("why", str(number))
    assert "goes on" in command.run("on", town.repo)
    town.settles(number, Status.DONE)


@pytest.mark.long
def test_pause_all_and_bad_scopes(town: Town, command: CommandLine) -> None:
    command.run("pause", "--all")
    number = town.ready()
    town.waits(number, "all_paused")
    command.run("resume", "--all")
    assert "Name one repository" in command.run("pause", code=1)
    assert town.repo in command.run("pause", "other/repo", code=1)


@pytest.mark.long
def test_stop_ends_the_attempt_and_retry_begins_the_next_round(
    town: Town, command: CommandLine
) -> None:
    town.config["agents"]["fixer"]["command"] = "sleep 60"
    town.open()
    number = town.ready()
    town.reaches(number, Status.RUNNING)
    assert "cancelled" in command.run("stop", str(number))
    town.settles(number, Status.CANCELLED)
    assert "is cancelled already" in command.run("stop", str(number), code=1)
    town.config["agents"]["fixer"]["command"] = "sed -i 's/a - b/a + b/' calc.py"
    town.open()
    command.run("retry", str(number))
    task = town.settles(number, Status.DONE)
    assert (task.round, task.branch) == (2, f"agent-os/{number}.2")
    waiting = town.ready("again", "Depends on #99\n")
    town.waits(waiting, "waits_for_dependency")
    assert "nothing to retry" in command.run("retry", str(waiting), code=1)


@pytest.mark.long
def test_dry_run_prints_the_steps_and_changes_nothing(town: Town, command: CommandLine) -> None:
    number = town.ready()
    town.hub.reset_requests()
    for _ in range(2):
        said = command.run("job", "dispatcher", "--dry-run")
        assert f"#{number}: asked for by alice" in said
    assert town.task(number) is None
    assert town.writes() == []


@pytest.mark.long
def test_a_job_runs_once_per_slot(town: Town, command: CommandLine) -> None:
    number = town.ready()
    command.run("job", "dispatcher", "--scheduled")
    assert town.task(number) is not None
    other = town.ready("another", "x")
    command.run("job", "dispatcher", "--scheduled")
    command.run("job", "dispatcher")
    assert town.task(other) is not None


@pytest.mark.long
def test_doctor_names_what_is_wrong_with_its_fix(town: Town, command: CommandLine) -> None:
    found = {f["name"]: f for f in command.json("doctor")}
    assert found["github"]["detail"].endswith("as agent-os")
    assert found[town.repo]["grade"] == "ok"
    assert found[f"{town.repo} checks"]["detail"] == "test"
    town.config["repositories"] = [{"name": "acme/nowhere"}]
    town.config["agents"] = {"lost": {"driver": "command", "command": "no-such-program"}}
    town.config["routing"] = {}
    town.config["improvement"] = {"home": "acme/elsewhere"}
    town.open()
    said = command.run("doctor", code=1)
    assert "not found" in said and "no-such-program" in said
    assert "acme/elsewhere" in said


@pytest.mark.long
def test_config_check_and_crontab_and_systemd(town: Town, command: CommandLine) -> None:
    assert town.repo in command.run("config", "check")
    assert command.json("config", "check")["github"]["token"] == "**********"
    lines = command.run("crontab").splitlines()
    assert sum(" job " in line and "--scheduled" in line for line in lines) == 6
    assert "KillMode=process" in command.run("systemd")
    (town.home / "config.yaml").write_text("github: {token: $TOKEN}\nlimit: {}\n")
    assert "line 2" in command.run("config", "check", code=1)


@pytest.mark.long
def test_work_goes_through_the_jobs_as_commands(town: Town, command: CommandLine) -> None:
    """The three jobs as separate processes, as crontab runs them."""
    town.config["agents"]["fixer"]["command"] = f"sed -i 's/a - b/a + b/' calc.py; {WORK}"
    town.open()
    number = town.ready()

    def done() -> bool:
        for name in ("dispatcher", "queue-engine", "pr-monitor"):
            command.run("job", name)
        task = town.task(number)
        return task is not None and task.status is Status.DONE

    for _ in range(12):
        if done():
            break
    task = town.task(number)
    assert task is not None and task.status is Status.DONE, town.story()


def test_a_home_that_we_make_is_shut_to_other_users(town: Town, command: CommandLine) -> None:
    town.config["home"] = "./fresh"
    config = town.home / "config.yaml"
    config.write_text(yaml.safe_dump(town.config))
    command.run("status")
    assert (town.home / "fresh").stat().st_mode & 0o077 == 0
