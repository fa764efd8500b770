"""What to do next on the real repository, by what this machine has. Nothing is run for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: The prompt lies beside the task file.
_PROMPT = '"${AGENT_OS_TASK%task.md}prompt.md"'


@dataclass(frozen=True)
class Agent:
    """A coding agent that runs as one command. `keys` are the variables that it may see."""

    program: str
    command: str
    keys: tuple[str, ...]


#: In the order in which they are proposed; edits are allowed, other limits of theirs stay.
AGENTS = (
    Agent("claude", f"claude -p --permission-mode acceptEdits < {_PROMPT}", ("ANTHROPIC_API_KEY",)),
    Agent("codex", f"codex exec --sandbox workspace-write - < {_PROMPT}", ("CODEX_API_KEY",)),
    Agent("gemini", f"gemini --approval-mode auto_edit < {_PROMPT}", ("GEMINI_API_KEY",)),
    Agent("opencode", f'opencode run "$(cat {_PROMPT})"', ("ANTHROPIC_API_KEY",)),
)


#: Where there is no coding agent: a tool that mends what it finds.
RUFF = Agent("ruff", "ruff check --fix --exit-zero .", ())


@dataclass(frozen=True)
class Machine:
    """What was found: agents on PATH, and whether `gh` has an account in its settings."""

    agents: tuple[Agent, ...]
    gh: bool

    @property
    def names(self) -> str:
        return ", ".join(agent.program for agent in self.agents)

    @property
    def mends_lint_only(self) -> bool:
        return self.agents == (RUFF,)


def look(env: Mapping[str, str]) -> Machine:
    """By names on PATH and one file's presence only."""
    path = env.get("PATH", os.defpath)
    found = tuple(agent for agent in AGENTS if shutil.which(agent.program, path=path))
    if not found and shutil.which(RUFF.program, path=path):
        found = (RUFF,)
    config = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME", "/")) / ".config") / "gh"
    hosts = Path(env.get("GH_CONFIG_DIR") or config) / "hosts.yml"
    return Machine(found, bool(shutil.which("gh", path=path)) and hosts.is_file())


def config_lines(machine: Machine, github: str) -> str:
    """A whole config.yaml. Without an agent on this machine it names a place for one."""
    lines = [
        "github: {token: $AGENT_OS_GITHUB_TOKEN}",
        "repositories:",
        f"  - name: {github or 'OWNER/NAME'}",
        "    mode: pull-request",
        "agents:",
    ]
    for agent in machine.agents:
        lines += [f"  {agent.program}:", "    driver: command", f"    command: {agent.command}"]
        lines += [f"    env: [{', '.join(agent.keys)}]"] if agent.keys else []
    if not machine.agents:
        lines += ["  mine:", "    driver: command", "    command: YOUR PROGRAM   # changes files"]
    kind = "chore" if machine.mends_lint_only else "default"
    return "\n".join([*lines, f"routing: {{{kind}: [{machine.names or 'mine'}]}}"]) + "\n"


def commands(machine: Machine) -> list[str]:
    """The shell commands that follow, in order."""
    token = "$(gh auth token)" if machine.gh else "…   # a fine-grained token: README.md"
    keys = dict.fromkeys(key for agent in machine.agents for key in agent.keys)
    unset = [f"export {key}=…" for key in keys if key not in os.environ]
    return [
        f"export AGENT_OS_GITHUB_TOKEN={token}",
        *unset,
        ".venv/bin/agent-os doctor && .venv/bin/agent-os up",
        f"# then label an issue {'`type: chore` and ' if machine.mends_lint_only else ''}`Ready`",
    ]
