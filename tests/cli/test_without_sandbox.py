"""A machine where nothing keeps agents apart: nothing runs, and everybody is told why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_os.cli.main import main
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Status
from agent_os.jobs import enforced, overview
from agent_os.jobs.findings import Finding, Grade
from agent_os.workspace.sandbox import bwrap, choosing
from agent_os.workspace.sandbox.holds import THINGS
from tests import sandboxes
from tests.cli.conftest import CommandLine
from tests.cli.demo_runs import ROOT, environment, play
from tests.e2e.town import Town

_GONE = ("bwrap", "docker", "podman")


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    path = sandboxes.path_without(tmp_path / "bin", *_GONE)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr(choosing, "_known", {})
    bwrap.forget()
    yield path
    # Else other tests of this process would find no bwrap.
    bwrap.forget()


def found(town: Town) -> dict[str, Finding]:
    return {finding.name: finding for finding in enforced.findings(town.world.config)}


@pytest.mark.usefixtures("nothing_here")
def test_the_queue_waits_and_every_view_says_why(town: Town) -> None:
    """No attempt is burned. It goes on, without a sandbox, when the owner says so; and that is
    said."""
    town.config["sandbox"] = "auto"
    town.config["agents"]["fixer"]["command"] = "sed -i 's/a - b/a + b/' calc.py"
    town.open()
    number = town.ready()
    task = town.waits(number, Reason.NO_SANDBOX)
    assert task.attempts == ()
    seen = overview.status(town.world)
    assert seen["no_sandbox"] == "bubblewrap (bwrap) is not installed"
    assert "agent-os doctor" in seen["tasks"][0]["why"]
    line = found(town)["sandbox"]
    assert (line.grade, line.detail) == (Grade.FAIL, f"nothing runs: {seen['no_sandbox']}")
    assert "sandbox: none" in line.fix

    town.config["sandbox"] = "none"
    town.open()
    task = town.reaches(number, Status.DONE)
    assert [attempt.sandbox for attempt in task.attempts] == ["none"]
    said = "Sandbox: none."
    assert task.pull is not None
    assert said in town.people.pull(task.pull.number)["body"]
    assert [c for c in town.people.comments(number) if said in c["body"]]
    assert overview.status(town.world)["unsandboxed"] == [town.repo]
    assert found(town)["sandbox"].grade is Grade.WARN
    assert found(town)["enforced: files"].detail.startswith("not enforced")


def test_one_repository_may_do_without(town: Town) -> None:
    """It is named; the others are held."""
    town.config["repositories"][0]["sandbox"] = "none"
    town.open()
    assert found(town)[f"{town.repo} sandbox"].grade is Grade.WARN
    assert overview.status(town.world)["unsandboxed"] == [town.repo]


@pytest.mark.long
@pytest.mark.needs("bwrap")
def test_doctor_says_what_holds_here(town: Town, command: CommandLine) -> None:
    lines = {f["name"]: f for f in command.json("doctor")}
    assert lines["sandbox"]["detail"].startswith("bwrap works")
    for thing in THINGS:
        line = lines[f"enforced: {thing}"]
        assert line["detail"], thing
        assert line["grade"] == ("warn" if line["detail"].startswith("not enforced") else "ok")
    assert "enforced: memory" in command.run("doctor")
    town.config["sandbox"] = "none"
    town.open()
    assert "sandbox: none (agents can reach" in command.run("status")
    town.config["sandbox"] = "podman"
    town.open()
    assert "Nothing starts" in command.run("status")
    said = command.run("doctor", code=1)
    assert "nothing runs" in " ".join(said.split())
    assert "\nOr, to run without one: `sandbox: none` (every status says so).\n" in said


def test_on_windows_every_command_names_wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    """There half of us can't be imported, so nothing may be before it is said."""
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match=r"use WSL2.*\n.*wsl --install"):
        main()


@pytest.mark.long
def test_the_demo_does_without_by_itself_and_says_so(tmp_path: Path) -> None:
    env = environment(tmp_path)
    path = f"{Path(sys.executable).parent}:{sandboxes.path_without(tmp_path / 'bin', *_GONE)}"
    played = play(tmp_path, env={**env, "PATH": path})
    assert played.code == 0, played.said
    said = " ".join(played.said.split())
    assert "Sandbox of the agents: none, as nothing works here (bubblewrap" in said
    assert "agents and tests run as you" in said


@pytest.mark.long
def test_the_tests_run_without_bwrap(tmp_path: Path) -> None:
    """One constant decides that they use `none` there."""
    path = sandboxes.path_without(tmp_path / "bin", *_GONE)
    chosen = ("tests/attempt/test_happy_path.py", "tests/e2e/test_modes.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *chosen],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "CI": ""},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
