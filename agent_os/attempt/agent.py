"""Stage `agent`: runs the agent, once. What an earlier runner left of it is ended, not repeated."""

from __future__ import annotations

import os
from datetime import timedelta

from agent_os.agents.driver import Driver, Launch
from agent_os.agents.registry import driver_named
from agent_os.attempt.directory import AttemptDirectory
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.states import AgentProcess, AgentRun, load, save
from agent_os.attempt.stopping import StopRequest
from agent_os.domain.attempts import AgentOrder, Order
from agent_os.domain.clock import Clock
from agent_os.domain.failures import FailureCode
from agent_os.workspace.processes import End, Ending, Program, run_program
from agent_os.workspace.proctable import read_process, touching
from agent_os.workspace.sandbox import Sandbox, View
from agent_os.workspace.tree import end_tree

_TAIL_CHARS = 4_000


def run_agent(
    directory: AttemptDirectory,
    order: Order,
    agent: AgentOrder,
    sandbox: Sandbox,
    clock: Clock,
    stop: StopRequest,
) -> AgentRun:
    """Run it to the end of its whole tree; bad endings are values, not exceptions."""
    seconds = (order.limits.deadline - clock.now()) / timedelta(seconds=1)
    if seconds <= 0:
        return AgentRun(code=FailureCode.TIMEOUT, detail="The deadline passed before the start.")
    driver = driver_named(agent.driver)
    launch = driver.launch(agent, directory.work, directory.home, directory.task, directory.handoff)
    view = _view(directory, order, launch)
    program = Program(
        argv=sandbox.wrap(launch.argv, directory.work, view),
        cwd=directory.work,
        env=launch.env,
        log=directory.agent_log,
        seconds=seconds,
        stall_seconds=order.limits.stall_seconds,
        output_bytes=order.limits.output_bytes,
        stdin=launch.stdin,
        namespaced=sandbox.namespaced,
    )
    try:
        ending = run_program(
            program, cancelled=stop.asked, started=lambda pid: _note(directory, pid)
        )
    except FileNotFoundError as error:
        return AgentRun(code=FailureCode.AGENT_MISSING, detail=f"Not found: {error.filename}.")
    failpoint("agent.ended")
    return _judge(driver, ending, order, stop, sandbox)


def _view(directory: AttemptDirectory, order: Order, launch: Launch) -> View:
    """Its work dir and home; read-only its task, the mirror's objects, and what it asks for."""
    return View(
        writable=(directory.work, directory.home),
        read_only=(
            *(directory.task, directory.handoff, directory.prompt, *launch.read_only),
            (directory.path / order.mirror).resolve() / "objects",
        ),
        search_path=launch.env.get("PATH", os.defpath),
    )


def end_lost_agent(directory: AttemptDirectory) -> AgentRun:
    """The agent ran under a runner that died: end what is left, and say that it is lost."""
    noted = load(directory.agent_process, AgentProcess)
    sessions = frozenset[int]()
    if noted is not None:
        now = read_process(noted.pid)
        # The session's number is free again once all in it are gone: then it is another's.
        if now is None or now.started == noted.pid_started:
            sessions = frozenset({noted.pid})
    ended = end_tree(lambda: touching(directory.path, sessions), grace_seconds=0)
    return AgentRun(
        code=FailureCode.LOST,
        detail="The runner ended while the agent ran; the work was kept.",
        leftovers=ended,
    )


def _note(directory: AttemptDirectory, pid: int) -> None:
    process = read_process(pid)
    save(
        directory.agent_process,
        AgentProcess(pid=pid, pid_started=process.started if process else 0),
    )
    failpoint("agent.running")


def _judge(
    driver: Driver, ending: Ending, order: Order, stop: StopRequest, sandbox: Sandbox
) -> AgentRun:
    code, detail = _meaning(driver, ending, order, stop, sandbox)
    return AgentRun(
        code=code,
        detail=detail,
        exit_code=ending.exit_code if ending.end is End.EXITED else None,
        seconds=round(ending.seconds, 3),
        tail=ending.tail[-_TAIL_CHARS:],
        leftovers=ending.leftovers,
    )


def _meaning(
    driver: Driver, ending: Ending, order: Order, stop: StopRequest, sandbox: Sandbox
) -> tuple[FailureCode | None, str]:
    limits = order.limits
    match ending.end:
        case End.CANCELLED:
            return FailureCode.LOST, stop.reason()
        case End.TIMEOUT:
            return (
                FailureCode.TIMEOUT,
                f"Still running at its deadline {limits.deadline:%H:%M} UTC.",
            )
        case End.STALLED:
            return FailureCode.STALLED, f"No output for {limits.stall_seconds} s."
        case End.OUTPUT_LIMIT:
            words = f"Wrote more than {limits.output_bytes} bytes of output."
            return FailureCode.AGENT_FAILED, words
        case End.EXITED:
            pass
    if sandbox.namespaced and ending.exit_code == 1 and ending.tail.startswith("bwrap: "):
        missing = ending.tail.startswith("bwrap: execvp")
        code = FailureCode.AGENT_MISSING if missing else FailureCode.SANDBOX_FAILED
        return code, ending.tail.strip()[:300]
    code = driver.finish(ending.exit_code, ending.tail)
    lines = ending.tail.strip().splitlines()
    said = f": {lines[-1][:200]}" if lines else "."
    return code, "" if code is None else f"The agent ended with exit code {ending.exit_code}{said}"
