"""The real programs: which there are, and orders that run them against the model server."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_os.domain.attempts import AgentOrder, ProviderOrder
from agent_os.domain.usage import Price
from tests import planted

KEY = "TEST_MODEL_KEY"
SECRET = planted.PROGRAM_KEY
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
INSTALLED = _CACHE / "agent-os" / "agents" / "bin"

Api = Literal["anthropic", "openai", "openai-chat", "google"]


@dataclass(frozen=True)
class Agent:
    """One line of the matrix. `program` empty: it needs none."""

    name: str
    driver: str
    program: str
    api: Api
    model: str
    stall: float = 10.0
    """Seconds without a word that are enough, also before the first one on a busy machine."""


AGENTS = (
    Agent("claude", "claude", "claude", "anthropic", "claude-sonnet-4-5"),
    Agent("codex", "codex", "codex", "openai", "gpt-5-codex"),
    Agent("gemini", "gemini", "gemini", "google", "gemini-2.5-pro"),
    Agent("opencode", "opencode", "opencode", "openai-chat", "deepseek-chat", 20.0),
    Agent("qwen", "qwen", "qwen", "openai-chat", "qwen3-coder-plus", 15.0),
    Agent("native-anthropic", "native", "", "anthropic", "claude-sonnet-4-5"),
    Agent("native-openai", "native", "", "openai", "gpt-5-codex"),
    Agent("native-chat", "native", "", "openai-chat", "deepseek-chat"),
    Agent("native-google", "native", "", "google", "gemini-2.5-pro"),
)
NAMED = {agent.name: agent for agent in AGENTS}


def search_path() -> str:
    """PATH with the programs that scripts/install-agents.sh has installed."""
    return f"{INSTALLED}{os.pathsep}{os.environ['PATH']}"


def available(agent: Agent) -> bool:
    return not agent.program or shutil.which(agent.program, path=search_path()) is not None


def order(agent: Agent, url: str, price: Price | None = None) -> AgentOrder:
    """The agent's order, its provider being the model server at `url`."""
    suffix = "/v1" if agent.api.startswith("openai") else ""
    return AgentOrder(
        name=agent.name,
        driver=agent.driver,
        model=agent.model,
        price=price,
        provider=ProviderOrder(
            name="scripted",
            api=agent.api,
            vendor=agent.api,
            base_url=url + suffix,
            key_variable=KEY,
        ),
    )
