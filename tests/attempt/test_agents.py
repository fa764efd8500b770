"""Drivers: the one for commands, and those that installed packages bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.agents.driver import Assignment, Driver
from agent_os.agents.registry import driver_named, driver_names
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import SystemClock
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode

from .world import World

PLUGIN = """
from agent_os.agents.driver import Driver, Finish, Launch, Reader
from agent_os.agents.events import AgentEvent, Happening
from agent_os.domain.failures import FailureCode

class Poet(Driver):
    def launch(self, run):
        script = "cat > poem.txt; grep Mend " + str(run.task_file.with_name('prompt.md'))
        return Launch(('/bin/sh', '-c', script), {'PATH': '/usr/bin:/bin'}, stdin=b'a rose')

    def reader(self, order, clock):
        return Reading()

class Reading(Reader):
    def line(self, text):
        return [AgentEvent(kind=Happening.TEXT, text=text)]

    def finish(self, exit_code, tail):
        return Finish(None if 'Mend double' in tail else FailureCode.OVERLOADED)
"""


def assignment(root: Path, order: AgentOrder) -> Assignment:
    return Assignment(
        order=order,
        work=root / "work",
        home=root / "home",
        task_file=root / "task.md",
        handoff_file=root / "handoff.md",
        prompt="",
        seconds=60,
    )


def test_the_command_driver(tmp_path: Path) -> None:
    driver: Driver = driver_named("command")
    order = AgentOrder(name="x", driver="command", command="true", read_only=("~/.x",))
    launch = driver.launch(assignment(tmp_path, order))
    assert launch.argv == ("/bin/sh", "-c", "true")
    assert launch.read_only == (Path.home() / ".x",)
    reader = driver.reader(order, SystemClock())
    assert reader.finish(0, "").code is None
    assert reader.finish(127, "").code is FailureCode.AGENT_MISSING
    assert reader.finish(1, "").code is FailureCode.AGENT_FAILED
    with pytest.raises(BadInput):
        driver.launch(assignment(tmp_path, AgentOrder(name="x", driver="command")))


def test_an_unknown_driver_is_named_with_those_there_are() -> None:
    assert "command" in driver_names()
    with pytest.raises(BadInput, match=r"'none'; there are: .*command"):
        driver_named("none")


def test_a_driver_of_another_package_runs(world: World) -> None:
    package = world.root / "package"
    info = package / "poet-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "poet.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: poet\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agent_os.agents]\npoet = poet:Poet\n")
    agent = AgentOrder(name="p", driver="poet")
    attempt = world.attempt(agent=agent, checks={"poem": "test \"$(cat poem.txt)\" = 'a rose'"})
    outcome = attempt.run(PYTHONPATH=str(package))
    assert outcome.code is None, outcome.detail
