"""Each agent as it is here and now: program, credentials, provider, and what came of its work."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from agent_os.agents.driver import Driver
from agent_os.agents.registry import driver_named
from agent_os.config.agents import AgentSettings
from agent_os.domain.errors import AgentOSError, BadInput
from agent_os.domain.events import Event, EventKind
from agent_os.domain.health import Health, Trials
from agent_os.domain.tasks import Task
from agent_os.effects.world import World
from agent_os.policy import health, quality, routing
from agent_os.store import log, providers, repositories, trials

_VERSION_SECONDS = 20.0


def listed(world: World) -> list[dict[str, Any]]:
    """One entry an agent. Programs are asked for their version; no key is ever in it."""
    with world.store.read() as tx:
        known, results = providers.listed(tx), trials.summary(tx)
    return [_one(world, name, known, results) for name in world.config.agents]


def _one(
    world: World, name: str, known: dict[str, Health], results: dict[str, dict[str, Trials]]
) -> dict[str, Any]:
    settings = world.config.agents[name]
    entry: dict[str, Any] = {
        "agent": name,
        "driver": settings.driver,
        "model": settings.model,
        "provider": _account(settings),
        "program": "",
        "version": "",
        "problem": "",
        "fix": "",
        "credentials": _credentials(world, settings),
        "health": _health(world, settings, known),
        "results": {kind: _result(found[name]) for kind, found in results.items() if name in found},
    }
    try:
        driver = driver_named(settings.driver)
    except AgentOSError as error:
        return entry | {"problem": error.message}
    return entry | _program(settings, driver) | _misfit(world, settings, driver)


def _credentials(world: World, settings: AgentSettings) -> str:
    """`present`, `missing: …`, `own login: …` or `none needed`."""
    provider = world.config.providers.get(settings.provider or "")
    if provider is not None:
        key = provider.api_key
        if key.missing:
            return f"missing: ${key.variable} is not set"
        return f"present (${key.variable})" if key.variable else "none needed"
    if settings.credentials != "own":
        return "none needed"
    try:
        files = driver_named(settings.driver).login_files
    except AgentOSError:
        files = ()
    found = [file for file in files if (Path.home() / file).is_file()]
    return f"own login: ~/{found[0]}; the agent can read it" if found else "missing: no login"


def _account(settings: AgentSettings) -> str:
    """By the name that `--reset` takes; empty: no model."""
    return settings.provider or (f"{settings.driver}-login" if settings.credentials else "")


def _health(world: World, settings: AgentSettings, known: dict[str, Health]) -> str:
    name = _account(settings)
    now = world.clock.now()
    for key in (name, f"{name}/{settings.model}"):
        found = known.get(key)
        if found is None or found.code is None or found.until is None:
            continue
        if health.unwell(found, world.key_marks.get(name, ""), now):
            opened = "; renew its key" if health.is_open(found) else ""
            return f"{found.code} until {found.until:%Y-%m-%d %H:%M:%S} UTC{opened}"
    return "well" if name else ""


def _result(found: Trials) -> dict[str, Any]:
    low, high = quality.interval(found)
    return {
        "merged": found.merged,
        "failed": found.failed,
        "low": round(low, 3),
        "high": round(high, 3),
        "usd_each": round(found.usd / found.priced, 4) if found.priced else None,
    }


def _program(settings: AgentSettings, driver: Driver) -> dict[str, str]:
    if settings.driver == "command":
        return _command(settings.command)
    if not driver.program:
        return {"program": "built in"}
    found = shutil.which(driver.program)
    if found is None:
        problem = f"`{driver.program}` is not on PATH"
        fix = f"scripts/install-agents.sh, or: {driver.install}"
        return {"problem": problem, "fix": fix}
    return {"program": found, "version": _version(found)}


def _command(command: str) -> dict[str, str]:
    try:
        words = shlex.split(command, comments=False) or [""]
    except ValueError:  # a script of several lines need not be shell words
        words = command.split() or [""]
    found = shutil.which(words[0])
    if found:
        return {"program": found}
    fix = "Install it, or mend `command` (a shell word is fine too)."
    return {"problem": f"`{words[0]}` is not on PATH", "fix": fix}


def _version(program: str) -> str:
    """What it says of itself, in a home of its own: some write there as soon as they start."""
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home}
        try:
            said = subprocess.run(
                [program, "--version"],
                capture_output=True,
                text=True,
                timeout=_VERSION_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
                env=env,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"does not start: {type(error).__name__}"
    lines = said.stdout.strip().splitlines()
    return lines[-1][:60] if lines else f"says nothing (exit code {said.returncode})"


def _misfit(world: World, settings: AgentSettings, driver: Driver) -> dict[str, str]:
    """A driver that can't speak its provider's interface would fail at each attempt."""
    provider = world.config.providers.get(settings.provider or "")
    if provider is None or provider.api in driver.apis:
        return {}
    said = f"the driver `{settings.driver}` speaks {', '.join(driver.apis) or 'to no provider'}"
    return {
        "problem": f"{said}, the provider `{settings.provider}` is `{provider.api}`",
        "fix": "Name another provider, or another driver.",
    }


def why(world: World, task: Task) -> list[str]:
    """How the agents of the task stand, in their order, and why."""
    rules = world.config.rules(task.repo)
    if rules is None:
        raise BadInput(f"{task.repo} is not in the config.")
    with world.store.read() as tx:
        row = repositories.get(tx, task.repo_id)
        pool = routing.Pool(
            health=providers.listed(tx),
            trials=trials.summary(tx),
            key_marks=world.key_marks,
            vendors=row.vendors if row else None,
        )
    choice = routing.choose(task, rules, pool, world.clock.now())
    kind = pool.trials.get(task.spec.type, {})
    head = f"{task.name} is of type {task.spec.type}."
    label = f" The label `agent: {task.agent_label}` asks for one." if task.agent_label else ""
    return [head + label, *routing.explain(choice, rules, kind)]


def reset(world: World, provider: str) -> None:
    """Ask the provider again at once, whatever it said. BadInput when it is not in the config."""
    known = {*world.config.providers, *_logins(world)}
    if provider not in known:
        raise BadInput(
            f"No provider `{provider}`; there are: {', '.join(sorted(known)) or 'none'}."
        )
    now = world.clock.now()
    with world.store.write() as tx:
        names = [n for n in providers.listed(tx) if n.partition("/")[0] == provider]
        for name in names:
            data = Health(name=name, at=now).model_dump(mode="json")
            event = Event(kind=EventKind.PROVIDER_SEEN, at=now, data=data)
            log.append(world.store, tx, [event])


def _logins(world: World) -> list[str]:
    return [f"{a.driver}-login" for a in world.config.agents.values() if a.credentials]
