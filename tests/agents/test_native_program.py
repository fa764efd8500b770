"""Our own agent as a program: its driver, signals, kills, and what it hides."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent_os.agents.driver import Assignment
from agent_os.agents.events import Happening
from agent_os.agents.native.driver import NativeDriver
from agent_os.attempt.outside import place_of
from agent_os.domain.attempts import AgentOrder, ProviderOrder
from agent_os.domain.clock import SystemClock
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Price
from agent_os.workspace.processes import Program, run_program
from agent_os.workspace.sandbox.bwrap import Bubblewrap
from agent_os.workspace.sandbox.door import open_door
from agent_os.workspace.sandbox.port import View
from agent_os.workspace.sandbox.reach import Reach
from tests.agents.native_runs import KEY, Ground, parsed
from tests.models import ModelServer, Scenario
from tests.models.steps import Say, Shell, Write

_DEADLINE = 40.0
#: Stops here in its first life only; says its pid, as nobody else ends it after a kill.
_WAITS_ONCE = "echo ran >> ran.txt; [ -e pid ] || { echo $$ > pid; exec tail -f /dev/null; }"


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def ground(tmp_path: Path, server: ModelServer) -> Ground:
    return Ground(tmp_path, server)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not happened():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.02)


def said(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def lives(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_a_kill_in_the_middle_is_survived(server: ModelServer, ground: Ground) -> None:
    """Resumed, it goes on where it was; no file is written twice, no command is repeated."""
    steps = (Write("one.txt", "1\n"), Shell(_WAITS_ONCE), Write("two.txt", "2\n"), Say("Done."))
    server.scenario = Scenario(steps)
    first = ground.start(ground.settings())
    pid_file = ground.work / "pid"
    try:
        until(lambda: said(pid_file).endswith("\n"))
        first.kill()
        out, _ = first.communicate(timeout=_DEADLINE)
    finally:
        first.kill()
        os.kill(int(said(pid_file)), signal.SIGKILL)
    before = parsed(out.decode().splitlines())
    second = ground.start(ground.settings(resume=True))
    out, errors = second.communicate(timeout=_DEADLINE)
    assert (second.returncode, errors) == (0, b"")
    after = parsed(out.decode().splitlines())
    assert after[0].session == before[0].session
    written = [e.text for e in (*before, *after) if e.kind is Happening.TOOL and "txt" in e.text]
    assert [name for text in written for name in ("one.txt", "ran.txt", "two.txt") if name in text]
    assert sum("one.txt" in text for text in written) == 1
    assert sum("two.txt" in text for text in written) == 1
    assert said(ground.work / "ran.txt") == "ran\n"
    assert "Interrupted" in ground.transcript.read_text()
    assert server.count == 4


def test_being_ended_ends_its_tools(server: ModelServer, ground: Ground) -> None:
    command = "echo $$ > pid; setsid tail -f /dev/null & exec tail -f /dev/null"
    server.scenario = Scenario((Shell(command), Say("Done.")))
    process = ground.start(ground.settings())
    pid_file = ground.work / "pid"
    until(lambda: said(pid_file).endswith("\n"))
    process.terminate()
    _, errors = process.communicate(timeout=_DEADLINE)
    assert (process.returncode, errors) == (143, b"")
    assert not lives(int(said(pid_file)))


def test_without_settings_it_says_so(ground: Ground) -> None:
    done = subprocess.run(
        (sys.executable, "-I", "-m", "agent_os.agents.native"),
        env={"HOME": str(ground.home)},
        cwd=ground.work,
        input=b"",
        capture_output=True,
        check=False,
    )
    events = parsed(done.stdout.decode().splitlines())
    assert done.returncode == 1
    assert events[-1].code is FailureCode.AGENT_FAILED


def assignment(ground: Ground, url: str, session: str = "") -> Assignment:
    provider = ProviderOrder(
        name="deepseek",
        api="openai-chat",
        vendor="deepseek",
        base_url=f"{url}/v1",
        key_variable="DEEPSEEK_API_KEY",
    )
    order = AgentOrder(
        name="own",
        driver="native",
        model="deepseek-chat",
        provider=provider,
        price=Price(input=1.0, output=2.0),
    )
    return Assignment(
        order=order,
        work=ground.work,
        home=ground.home,
        task_file=ground.work / "task.md",
        handoff_file=ground.work / "handoff.md",
        prompt="Mend it.",
        seconds=60,
        usd=1.0,
        key=KEY,
        session=session,
    )


@pytest.mark.needs("bwrap")
def test_the_sandbox_keeps_the_key_from_tools(server: ModelServer, ground: Ground) -> None:
    """Run as the runner does. What lies in the work dir is not imported for our own modules."""
    (ground.work / "json.py").write_text("raise SystemExit('the wrong json')\n")
    (ground.work / "agent_os").mkdir()
    (ground.work / "agent_os/__init__.py").write_text("raise SystemExit('the wrong package')\n")
    commands = (
        "env",
        "cat /proc/$PPID/environ",
        "cat /proc/*/environ /proc/*/cmdline",
        "cat /proc/*/fd/0",
        "grep -r 'not-[a]-key' $HOME . || echo nothing",
    )
    server.scenario = Scenario((*map(Shell, commands), Say("Done.")))
    run = assignment(ground, server.url)
    launch = NativeDriver().launch(run)
    log = ground.home.parent / "log"
    with open_door(ground.home.parent, Reach(own=(place_of(server.url),)), lambda *_: None) as door:
        view = View(
            writable=(ground.work, ground.home),
            read_only=launch.read_only,
            search_path=launch.env["PATH"],
            door=door,
        )
        ending = run_program(
            Program(
                argv=Bubblewrap().wrap(launch.argv, ground.work, view),
                cwd=ground.work,
                env=launch.env,
                log=log,
                seconds=_DEADLINE,
                stall_seconds=_DEADLINE,
                output_bytes=1_000_000,
                stdin=launch.stdin,
                namespaced=True,
            )
        )
    assert ending.exit_code == 0, ending.tail
    text = log.read_text()
    results = [e.text for e in parsed(text.splitlines()) if e.kind is Happening.TOOL_DONE]
    assert len(results) == len(commands)
    assert "Permission denied" in results[1]
    assert "AGENT_OS_TASK" in results[2]  # of other processes there: it can be read
    assert "nothing" in results[4]
    # What a tool finds of the key is shown like this.
    assert "[key]" not in text
    assert KEY not in text
    assert "Mend it." not in results[3]


def by_driver(ground: Ground, run: Assignment) -> tuple[list[object], object, str]:
    """(events, finish, output) of a run as the runner makes it."""
    driver = NativeDriver()
    launch = driver.launch(run)
    done = subprocess.run(
        launch.argv,
        env=dict(launch.env),
        cwd=ground.work,
        input=launch.stdin,
        capture_output=True,
        timeout=_DEADLINE,
        check=False,
    )
    reader = driver.reader(run.order, SystemClock())
    output = done.stdout.decode()
    events = [event for line in output.splitlines() for event in reader.line(line)]
    return list(events), reader.finish(done.returncode, output[-2_000:]), output


def test_its_driver_tells_work_from_failure(server: ModelServer, ground: Ground) -> None:
    server.scenario = "succeed"
    events, finish, output = by_driver(ground, assignment(ground, server.url))
    assert getattr(finish, "code", "") is None
    assert len(events) == len(output.splitlines())
    assert KEY not in output
    total = parsed(output.splitlines())[-1]
    # Four turns of 400 fresh, 800 cached and 60 written tokens at 1, 1 and 2 dollars a million.
    assert (total.kind, total.usd) == (Happening.TOTAL, pytest.approx(4 * 1320e-6))
    server.scenario = "rate_limited_reset"
    session = getattr(events[0], "session", "")
    _, finish, _ = by_driver(ground, assignment(ground, server.url, session))
    assert getattr(finish, "code", "") is FailureCode.RATE_LIMITED
    wait = getattr(finish, "resets_at", datetime.now(UTC)) - datetime.now(UTC)
    assert timedelta(0) < wait < timedelta(seconds=31)


def test_its_driver_needs_a_model(ground: Ground) -> None:
    run = assignment(ground, "http://127.0.0.1:1")
    order = run.order.model_copy(update={"model": ""})
    with pytest.raises(BadInput):
        NativeDriver().launch(
            Assignment(
                order=order,
                work=run.work,
                home=run.home,
                task_file=run.task_file,
                handoff_file=run.handoff_file,
                prompt=run.prompt,
                seconds=1,
            )
        )


@pytest.mark.parametrize(
    ("exit_code", "tail", "code"),
    [
        (137, "", FailureCode.LOST),
        (127, "not found", FailureCode.AGENT_MISSING),
        (1, "Traceback", FailureCode.AGENT_FAILED),
        (0, "", FailureCode.AGENT_FAILED),
    ],
)
def test_an_end_without_a_word(exit_code: int, tail: str, code: FailureCode) -> None:
    order = AgentOrder(name="own", driver="native")
    reader = NativeDriver().reader(order, SystemClock())
    assert reader.line("no event") == ()
    assert reader.finish(exit_code, tail).code is code
