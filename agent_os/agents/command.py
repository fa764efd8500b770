"""An agent that is one shell command, e.g. `ruff check --fix .`."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.agents.driver import (
    NOT_FOUND,
    Assignment,
    Driver,
    Finish,
    Launch,
    Reader,
    clean_environment,
    visible_paths,
)
from agent_os.agents.events import AgentEvent
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.clock import Clock
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode


class CommandDriver(Driver):
    """Runs `order.command` by /bin/sh in the work dir."""

    def launch(self, run: Assignment) -> Launch:
        """See Driver.launch."""
        if not run.order.command.strip():
            raise BadInput(f"The agent {run.order.name} has no command.")
        return Launch(
            argv=("/bin/sh", "-c", run.order.command),
            env=clean_environment(run),
            read_only=visible_paths(run.order),
        )

    def reader(self, order: AgentOrder, clock: Clock) -> CommandReader:
        """See Driver.reader."""
        return CommandReader()


class CommandReader(Reader):
    """A command's output is for people; its exit code is all that counts."""

    def line(self, text: str) -> Sequence[AgentEvent]:
        """See Reader.line."""
        return ()

    def finish(self, exit_code: int, tail: str) -> Finish:
        """See Reader.finish."""
        if exit_code == 0:
            return Finish()
        missing = exit_code in NOT_FOUND
        code = FailureCode.AGENT_MISSING if missing else FailureCode.AGENT_FAILED
        lines = tail.strip().splitlines()
        said = f": {lines[-1][:200]}" if lines else "."
        return Finish(code, f"The agent ended with exit code {exit_code}{said}")
