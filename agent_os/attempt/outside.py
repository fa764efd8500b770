"""What the programs of an attempt reach outside: their profile's hosts, and an agent's provider."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from agent_os.agents.driver import Driver, Launch
from agent_os.attempt.journal import Journal
from agent_os.domain.attempts import AgentOrder
from agent_os.domain.profiles import Profile
from agent_os.workspace.sandbox.door import open_door
from agent_os.workspace.sandbox.port import Door, Sandbox
from agent_os.workspace.sandbox.reach import Reach

_VENDORS = {
    "anthropic": "api.anthropic.com:443",
    "openai": "api.openai.com:443",
    "google": "generativelanguage.googleapis.com:443",
}
_PORTS = {"http": 80, "https": 443}


def agents_reach(profile: Profile, agent: AgentOrder, driver: Driver, launch: Launch) -> Reach:
    """Its profile's hosts, and those where it finds its model."""
    own: list[str] = []
    if driver.apis and agent.provider is not None:
        url = agent.provider.base_url
        own.append(place_of(url) if url else _VENDORS.get(agent.provider.api, ""))
    if agent.own_login:
        own += [f"{host}:443" for host in driver.login_hosts]
    # The owner may lend an address by the environment as well.
    own += [place_of(launch.env[name]) for name in agent.env if name.endswith("_BASE_URL")]
    return Reach(profile.network, tuple(dict.fromkeys(place for place in own if place)))


def place_of(url: str) -> str:
    """`HOST:PORT` of an http(s) URL; empty when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    if not parts.hostname or not port:
        return ""
    return f"[{parts.hostname}]:{port}" if ":" in parts.hostname else f"{parts.hostname}:{port}"


@contextmanager
def way_out(
    sandbox: Sandbox, folder: Path, reach: Reach, journal: Journal, stage: str
) -> Generator[Door | None]:
    """The door of one run, in `folder`; without a sandbox there is none, nor is one needed.

    What was asked for there stands in the journal.
    """

    def noted(place: str, problem: str) -> None:
        journal.write(stage, "refused" if problem else "reached", place=place, problem=problem)

    if sandbox.kind == "none":
        yield None
        return
    with open_door(folder, reach, noted) as door:
        yield door
