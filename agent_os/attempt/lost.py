"""What a runner that died has left of its agent: ended, and reported as lost."""

from __future__ import annotations

from agent_os.attempt.directory import AttemptDirectory
from agent_os.attempt.listening import spent_before
from agent_os.attempt.states import AgentProcess, AgentRun, load
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.failures import FailureCode
from agent_os.workspace.limited import clean_up
from agent_os.workspace.proctable import read_process, touching
from agent_os.workspace.sandbox.port import Sandbox, View
from agent_os.workspace.tree import end_tree


def end_lost_agent(directory: AttemptDirectory, agent: AgentOrder, sandbox: Sandbox) -> AgentRun:
    """The agent ran under a runner that died: end what is left, and say that it is lost."""
    return AgentRun(
        code=FailureCode.LOST,
        detail="The runner ended while the agent ran; the work was kept.",
        leftovers=end_left_behind(directory, sandbox),
        spent=spent_before(directory.events, agent),
    )


def end_left_behind(directory: AttemptDirectory, sandbox: Sandbox) -> int:
    """End what a runner that died has left of its agent; returns how many processes lived."""
    clean_up(sandbox.cleanup(sandbox.wrap(("true",), directory.work, View((directory.work,)))))
    noted = load(directory.agent_process, AgentProcess)
    sessions = frozenset[int]()
    if noted is not None:
        now = read_process(noted.pid)
        # The session's number is free again once all in it are gone: then it is another's.
        if now is None or now.started == noted.pid_started:
            sessions = frozenset({noted.pid})
    return end_tree(lambda: touching(directory.path, sessions), grace_seconds=0)
