"""`agent-os up` as a real process: stopped, killed, started again, and started twice."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from agent_os.executor.local import LocalExecutor
from agent_os.workspace.proctable import alive, read_process
from tests.hub import HubProcess

from .aftermath import created_once, merged_once, sent_once
from .conftest import Make, Up
from .daemons import STOP_SECONDS, stop
from .ground import FIX, Ground, until

#: Goes on when a file is there: then the test has done what it wanted to do meanwhile.
WAITING = f'sh -c "while [ ! -e go ]; do sleep 0.03; done; rm go"; {FIX}'
EVERY = "every 0.3s"
CONFIG: dict[str, Any] = {
    "agents": {"fixer": {"driver": "command", "command": WAITING}},
    "schedule": {"dispatcher": EVERY, "queue-engine": EVERY, "pr-monitor": EVERY},
}


def at_work(ground: Ground) -> Path:
    """The directory of the attempt whose agent runs now."""

    def found() -> Path | None:
        return next((a for a in ground.attempts() if (a / "agent.process").exists()), None)

    return until(found, ground)


def runner(attempt: Path) -> int:
    return int(json.loads((attempt / "started.json").read_text())["pid"])


def settles(ground: Ground) -> None:
    def over() -> bool:
        task = ground.task()
        return task is not None and task.settled

    until(over, ground)


@pytest.mark.long
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="stopped", marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, id="killed"),
    ],
)
def test_the_next_daemon_adopts_the_attempt_that_runs(
    make: Make, up: Up, number: signal.Signals
) -> None:
    ground = make(**CONFIG)
    daemon = up(ground)
    attempt = at_work(ground)
    until(lambda: (t := ground.task()) and t.running, ground)
    process = read_process(runner(attempt))
    assert process is not None
    if number is signal.SIGTERM:
        assert stop(daemon) <= STOP_SECONDS
    else:
        daemon.kill()
        daemon.wait()
    assert alive(process) and LocalExecutor().poll(attempt) == "alive"
    daemon = up(ground)
    until(lambda: b"Agent OS is up" in ground.log.read_bytes().split(b"\n", 1)[1], ground)
    (attempt / "work" / "go").touch()
    settles(ground)
    assert stop(daemon) <= STOP_SECONDS
    assert runner(attempt) == process.pid, "no second runner was started"
    merged_once(ground)
    sent_once(ground)
    created_once(ground)


def test_two_daemons_from_the_start_double_nothing(make: Make, up: Up) -> None:
    ground = make(**CONFIG)
    daemons = [up(ground), up(ground)]
    attempt = at_work(ground)
    until(lambda: ground.log.read_text().count("Agent OS is up") == 2, ground)
    (attempt / "work" / "go").touch()
    settles(ground)
    for daemon in daemons:
        assert daemon.poll() is None, ground.story()
        stop(daemon)
    merged_once(ground)
    sent_once(ground)
    created_once(ground)
    assert len(ground.attempts()) == 1


@pytest.mark.long
def test_a_second_daemon_takes_over_when_the_first_is_killed(make: Make, up: Up) -> None:
    ground = make(**CONFIG)
    first = up(ground)
    attempt = at_work(ground)
    second = up(ground)
    until(lambda: ground.log.read_text().count("Agent OS is up") == 2, ground)
    (attempt / "work" / "go").touch()
    until(lambda: (attempt / "outcome.json").exists(), ground)
    first.kill()
    first.wait()
    settles(ground)
    stop(second)
    merged_once(ground)
    assert len(ground.attempts()) == 1
    sent_once(ground)
    created_once(ground)


@pytest.mark.long
def test_it_stops_while_github_does_not_answer(make: Make, up: Up, hub: HubProcess) -> None:
    """The push that hung arrives after the stop: the next daemon finds it, or waits for it."""
    ground = make(**CONFIG)
    daemon = up(ground)
    attempt = at_work(ground)
    until(lambda: "write_comment.recorded#1" in ground.reached(), ground)
    os.kill(hub.pid, signal.SIGSTOP)
    try:
        (attempt / "work" / "go").touch()
        until(lambda: "push_branch.intended#1" in ground.reached(), ground)
        assert stop(daemon) <= STOP_SECONDS
        daemon = up(ground)
    finally:
        os.kill(hub.pid, signal.SIGCONT)
    settles(ground)
    stop(daemon)
    merged_once(ground)
    sent_once(ground)
    created_once(ground)
