"""The hub stops, dies and comes back; our program starts anew in the middle."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status

from .conftest import Build
from .town import FIX

SLOW = f"while [ ! -e go ]; do sleep 0.05; done; {FIX}"


@pytest.mark.long
def test_the_hub_dies_and_comes_back_while_an_attempt_runs(build_alone: Build) -> None:
    town = build_alone(agents={"slow": SLOW})
    number = town.ready()
    directory = town.directory(town.reaches(number, Status.RUNNING))
    town.until((directory / "agent.process").exists)
    town.hub.kill()
    (directory / "work" / "go").touch()
    for _ in range(2):
        town.jobs()
    town.hub.start()
    town.settles(number, Status.DONE)
    assert len(town.pulls()) == 1 and len(town.task(number).attempts) == 1


@pytest.mark.long
def test_we_start_anew_after_every_look(build: Build) -> None:
    town = build()
    number = town.ready()

    def over() -> bool:
        town.open()
        task = town.task(number)
        return bool(task and task.settled)

    town.until(over)
    task = town.task(number)
    assert task and task.status is Status.DONE and len(task.attempts) == 1
    assert len(town.pulls()) == 1 and len(town.comments(number)) == 1


@pytest.mark.long
def test_the_runner_is_killed_and_goes_on(build: Build) -> None:
    import os
    import signal
    from json import loads

    town = build(agents={"slow": SLOW, "fixer": FIX})
    number = town.ready()
    town.reaches(number, Status.RUNNING)
    directory = town.directory(town.task(number))
    town.until(lambda: (directory / "agent.started").exists() or list(directory.glob("agent*")))
    os.kill(loads((directory / "started.json").read_text())["pid"], signal.SIGKILL)
    town.config["agents"]["slow"]["command"] = FIX
    town.open()
    task = town.settles(number, Status.DONE)
    assert [a.code for a in task.attempts] == ["lost", None]
    assert not any(a.charged for a in task.attempts)


def test_trap_24_a_stopped_agent_leaves_no_process_behind(build: Build) -> None:
    from pathlib import Path

    town = build(agents={"slow": "sh -c 'sleep 3021.5 & setsid sleep 3021.5 & sleep 3021.5'"})
    number = town.ready()
    town.reaches(number, Status.RUNNING)

    def alive() -> int:
        found = 0
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                found += path.read_bytes() == b"sleep\x003021.5\x00"
            except OSError:
                continue
        return found

    town.until(lambda: alive() == 3)
    town.unlabel(number, town.labels(number).pop())
    town.settles(number, Status.CANCELLED)
    assert alive() == 0
