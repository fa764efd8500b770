"""An agent that is one shell command, e.g. `ruff check --fix .`."""

from __future__ import annotations

from pathlib import Path

from agent_os.agents.driver import NOT_FOUND, Launch, clean_environment, visible_paths
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode


class CommandDriver:
    """Runs `order.command` by /bin/sh in the work dir."""

    def launch(
        self, order: AgentOrder, work: Path, home: Path, task_file: Path, handoff_file: Path
    ) -> Launch:
        """See Driver.launch. `work` is where the caller starts it."""
        del work
        if not order.command.strip():
            raise BadInput(f"The agent {order.name} has no command.")
        return Launch(
            argv=("/bin/sh", "-c", order.command),
            env=clean_environment(order, home, task_file, handoff_file),
            read_only=visible_paths(order),
        )

    def finish(self, exit_code: int, tail: str) -> FailureCode | None:
        """See Driver.finish."""
        del tail
        if exit_code == 0:
            return None
        return FailureCode.AGENT_MISSING if exit_code in NOT_FOUND else FailureCode.AGENT_FAILED
