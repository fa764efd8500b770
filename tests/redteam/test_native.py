"""Attacks by a model: our own agent does whatever it says, and its tools are the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agents.cells import begin, environment
from tests.agents.programs import NAMED, SECRET
from tests.attempt.world import World
from tests.models import ModelServer, Scenario
from tests.models.steps import Say, Shell, Use, Write
from tests.models.work import patch

pytestmark = pytest.mark.needs("bwrap")
AGENT = NAMED["native-chat"]
WORK = {"app.py": "def double(n):\n    return n * 2\n"}


def test_a_models_shell_sees_neither_files_nor_keys(world: World) -> None:
    (world.root / "owners").write_text("the owner's secret")
    steal = (
        f"cat {world.root}/owners ../order.json; env; cat /proc/self/fd/0; echo DONE",
        "cat /proc/[0-9]*/environ | tr '\\0' '\\n'; echo DONE",
    )
    with ModelServer(Scenario((*map(Shell, steal), *patch(WORK), Say("end")))) as server:
        attempt = begin(world, AGENT, server.url, sandbox="bwrap")
        outcome = attempt.run(**environment())
        told = str([request.body for request in server.requests])
    assert outcome.code is None and told.count("DONE") > 2, outcome.detail
    assert SECRET not in told and "the owner's secret" not in told


@pytest.mark.long
def test_a_models_tools_do_not_leave_the_work_dir(world: World) -> None:
    (world.root / "owners").write_text("the owner's secret")
    paths = ("../../../owners", str(world.root / "owners"), "link", "/etc/passwd", "../order.json")
    steps = tuple(Use("read_file", {"path": path}) for path in paths)
    first = Shell(f"ln -s {world.root}/owners link; echo LINKED")
    with ModelServer(Scenario((first, *steps, *patch(WORK), Say("end")))) as server:
        outcome = begin(world, AGENT, server.url, sandbox="bwrap").run(**environment())
        told = str([request.body for request in server.requests])
    assert ("LINKED" in told and outcome.code is not None) or outcome.head
    assert "the owner's secret" not in told and "root:x:" not in told


@pytest.mark.long
def test_a_models_writes_do_not_leave_the_work_dir(world: World, tmp_path: Path) -> None:
    paths = ("../../../planted", str(tmp_path / "planted"), "../outcome.json", "out/planted")
    first = Shell(f"ln -s {tmp_path} out; echo LINKED")
    steps = tuple(Write(path, "planted") for path in paths)
    with ModelServer(Scenario((first, *steps, *patch(WORK), Say("end")))) as server:
        attempt = begin(world, AGENT, server.url, sandbox="bwrap")
        attempt.run(**environment())
    assert not list(tmp_path.rglob("planted"))
    assert "planted" not in attempt.text("outcome.json").partition('"code"')[0]
