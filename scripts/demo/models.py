"""Real agents for the demo: which there are on this machine, and what lets them work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_os.agents.registry import driver_named

NAMES = ("claude", "codex", "gemini", "native")
#: Where scripts/install-agents.sh puts the programs unless it is told otherwise.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
INSTALLED = _CACHE / "agent-os" / "agents" / "bin"


@dataclass(frozen=True)
class Account:
    """A vendor's interface, the variables that people have for it, and a model for the demo."""

    api: str
    key: str
    base_url: str
    model: str


_ANTHROPIC = Account("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "claude-sonnet-4-5")
_OPENAI = Account("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL", "gpt-5-codex")
_GOOGLE = Account("google", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "gemini-2.5-pro")
_ACCOUNTS = {"claude": (_ANTHROPIC,), "codex": (_OPENAI,), "gemini": (_GOOGLE,)}
_ANY = (_ANTHROPIC, _OPENAI, _GOOGLE)


@dataclass(frozen=True)
class RealAgent:
    """An agent that can work here: its part of the config, and who lets it (for people)."""

    name: str
    config: dict[str, Any]
    provider: dict[str, Any] | None
    by: str


def look(name: str, model: str = "", environ: Mapping[str, str] = os.environ) -> RealAgent | str:
    """The agent, or what it lacks and how to get that."""
    driver = driver_named(name)
    if driver.program and shutil.which(driver.program) is None:
        return (
            f"`{driver.program}` is not installed: scripts/install-agents.sh, or {driver.install}"
        )
    own = {"driver": name, "provider": "real"}
    if name == "native" and environ.get("AGENT_OS_LLM_MODEL"):
        chosen = model or environ["AGENT_OS_LLM_MODEL"]
        account = Account(
            environ.get("AGENT_OS_LLM_BACKEND", "openai-chat"),
            "AGENT_OS_LLM_API_KEY",
            "AGENT_OS_LLM_BASE_URL",
            chosen,
        )
        return RealAgent(name, {**own, "model": chosen}, _provider(account, environ), account.key)
    accounts = _ACCOUNTS.get(name, _ANY)
    for account in accounts:
        if environ.get(account.key):
            config = {**own, "model": model or account.model}
            return RealAgent(name, config, _provider(account, environ), f"${account.key}")
    login = next((f for f in driver.login_files if (Path.home() / f).is_file()), "")
    if login:
        config = {"driver": name, "credentials": "own", "model": model}
        return RealAgent(name, config, None, f"your login in ~/{login}")
    keys = " or ".join(account.key for account in accounts)
    return f"it has no key: export {keys}=…" + (", or log in with it" if driver.program else "")


def _provider(account: Account, environ: Mapping[str, str]) -> dict[str, Any]:
    provider = {"api": account.api, "vendor": account.api}
    if environ.get(account.key):
        provider["api_key"] = f"${account.key}"
    if url := environ.get(account.base_url):
        provider["base_url"] = url
    return provider


def search_path() -> str:
    """PATH, and where the programs are that scripts/install-agents.sh has installed."""
    return f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{INSTALLED}"
