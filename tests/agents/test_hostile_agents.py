"""Agents, programs and drivers that mean harm, or are broken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent_os.attempt.home import make_folders, put_file
from agent_os.domain.failures import FailureCode as Code
from agent_os.domain.usage import Price
from tests.agents.cells import begin, environment, still_there
from tests.agents.programs import NAMED
from tests.attempt.world import FIX, World
from tests.models import ModelServer, Scenario
from tests.models.steps import Say, Shell
from tests.models.work import patch

NOWHERE = "http://127.0.0.1:9"
#: What a program says that did its work, and reports nothing: it is asked again.
SAYS_DONE = """echo '{"type":"init","session_id":"x"}'
echo '{"type":"result","status":"success","stats":{}}'
"""
BROKEN = """
from agent_os.agents.driver import Driver, Finish, Launch, Reader, clean_environment
from agent_os.agents.events import AgentEvent, Happening
from agent_os.domain.usage import Usage
class Bad(Driver):
    apis = ("openai-chat",)
    def launch(self, run):
        self.breaks("launch")
        argv = ("/bin/sh", "-c", COMMAND + "; echo one; (setsid sleep 60 &)")
        return Launch(argv, clean_environment(run))
    def breaks(self, where):
        if where == WHERE:
            raise KeyError("it broke in " + where)
    def reader(self, order, clock):
        return BadReader()
class BadReader(Reader, Bad):
    def line(self, text):
        self.breaks("line")
        return [AgentEvent(kind=Happening.TURN, usage=Usage(input=1000))]
    def finish(self, exit_code, tail):
        self.breaks("finish")
        return Finish()
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def program(root: Path, name: str, script: str) -> dict[str, str]:
    """The environment in which this script is the agent's program."""
    folder = root / "bin"
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\n{script}")
    (folder / name).chmod(0o755)
    known = environment()
    return known | {"PATH": f"{folder}{os.pathsep}{known['PATH']}"}


@pytest.mark.parametrize(
    "trap",
    [
        "ln -s {outside} $HOME/.gemini",
        "mkdir $HOME/.gemini; ln -s {outside}/settings.json $HOME/.gemini/settings.json",
        "mkdir $HOME/.gemini; mkfifo $HOME/.gemini/settings.json",
        "mkdir -p $HOME/.gemini/settings.json/more",
        "echo > $HOME/.gemini",
    ],
    ids=["folder", "link", "pipe", "directory", "file"],
)
def test_nothing_is_written_through_what_an_agent_left_in_its_home(
    world: World, tmp_path: Path, trap: str
) -> None:
    """The second run, for a report, begins outside of the sandbox with files of ours."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "settings.json").write_text("the owner's")
    script = f"{FIX}\nrm -rf $HOME/.gemini\n{trap.format(outside=outside)}\n{SAYS_DONE}"
    attempt = begin(world, NAMED["gemini"], NOWHERE)
    outcome = attempt.run(**program(tmp_path, "gemini", script))
    assert outcome.code is None, outcome.detail
    assert '"repair"' in attempt.text("events.jsonl")
    assert outcome.repaired and len(outcome.prompt) == 12  # figures count it, by the prompt
    assert [path.name for path in outside.iterdir()] == ["settings.json"]
    assert (outside / "settings.json").read_text() == "the owner's"


def test_files_in_a_home_are_the_owners_only(tmp_path: Path) -> None:
    for text in ("one", "two"):
        put_file(tmp_path, "a/b/settings.json", text)
    path = make_folders(tmp_path, "a/b/settings.json")
    assert path.read_text() == "two" and path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("where", ["launch", "line", "finish"])
def test_a_broken_driver_costs_neither_work_nor_money(
    world: World, tmp_path: Path, where: str
) -> None:
    site = tmp_path / "site"
    (site / "bad-1.dist-info").mkdir(parents=True)
    (site / "bad-1.dist-info" / "METADATA").write_text("Name: bad\nVersion: 1\n")
    (site / "bad-1.dist-info" / "entry_points.txt").write_text("[agent_os.agents]\nbad = bad:Bad\n")
    (site / "bad.py").write_text(f"COMMAND, WHERE = {FIX!r}, {where!r}\n{BROKEN}")
    price = Price(input=100.0, output=100.0, cached=100.0)
    attempt = begin(world, NAMED["native-chat"], NOWHERE, price)
    order = json.loads(attempt.text("order.json"))
    order["agent"]["driver"] = "bad"
    (attempt.path / "order.json").write_text(json.dumps(order))
    known = environment()
    known["PYTHONPATH"] = os.pathsep.join([str(site), *filter(None, [known.get("PYTHONPATH")])])
    outcome = attempt.run(**known)
    # Another agent may do; the trace is for who mends the driver.
    assert outcome.code is Code.AGENT_MISSING
    assert f"it broke in {where}" in outcome.detail
    assert "Traceback" in attempt.text("runner.log")
    assert list(still_there(attempt.path)) == []
    assert bool(outcome.work) is (where != "launch")
    if where == "finish":
        assert outcome.spent is not None and outcome.spent.usd == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["native-chat", "native-anthropic"])
def test_half_of_a_surrogate_pair_harms_nobody(world: World, name: str) -> None:
    """It is JSON, and models write it; but it can be neither stored nor sent."""
    steps = (Shell("true", saying="half \ud83d"), Shell(r"echo '\ud83d' \ud83d"))
    work = {"app.py": "def double(n):\n    return n * 2\n"}
    with ModelServer(Scenario((*steps, *patch(work), Say("end \ud83d")))) as server:
        outcome = begin(world, NAMED[name], server.url).run(**environment())
    assert outcome.code is None, outcome.detail


def test_a_programs_half_pair_is_told_as_it_can_be(world: World, tmp_path: Path) -> None:
    said = {
        "type": "result",
        "is_error": True,
        "result": "API Error: \ud83d",
        "session_id": "\ud83d",
    }
    script = f"{FIX}\ncat <<'E'\n{json.dumps(said)}\nE\nexit 1\n"
    attempt = begin(world, NAMED["claude"], NOWHERE)
    outcome = attempt.run(**program(tmp_path, "claude", script))
    assert outcome.code is Code.AGENT_FAILED and "API Error: ?" in outcome.detail
    assert outcome.work
