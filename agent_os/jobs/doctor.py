"""Checks of this machine, the config and each repository, each with its fix. Changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

from agent_os.config.repository_file import PATHS, RepositoryFile, parse_repository_file
from agent_os.domain.errors import AgentOSError, NotFound
from agent_os.domain.observed import RepositorySeen
from agent_os.domain.rules import Mode
from agent_os.effects.world import World
from agent_os.github import readers
from agent_os.jobs import agents, enforced
from agent_os.jobs.findings import Finding, Grade
from agent_os.policy import trust
from agent_os.workspace import git

_LOWEST_GIT = (2, 38)
_LOW_DISK_MB = 2_000
_MOST_SKEW_SECONDS = 30


def examine(world: World) -> Iterator[Finding]:
    """Every check in turn; one that can't be made is a finding too."""
    checks: list[tuple[str, Callable[[World], Iterator[Finding]]]] = [
        ("git", _git),
        ("disk", _disk),
        ("sandbox", lambda world: enforced.findings(world.config)),
        ("agents", _agents),
        ("github", _github),
        ("improvement", _improvement),
    ]
    for name, check in checks:
        yield from _guarded(name, lambda check=check: check(world))
    for settings in world.config.repositories:
        name = settings.name
        yield from _guarded(name, lambda name=name: _repository(world, name))


def _guarded(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except AgentOSError as error:
        yield Finding(name=name, grade=Grade.FAIL, detail=error.message, fix=error.next_step)


def _git(_world: World) -> Iterator[Finding]:
    said = git.run_git("version").strip()
    numbers = [int(p) for p in said.split()[2].split(".")[:2]]
    good = tuple(numbers) >= _LOWEST_GIT
    lowest = ".".join(map(str, _LOWEST_GIT))
    yield Finding(
        name="git",
        grade=Grade.OK if good else Grade.FAIL,
        detail=said,
        fix="" if good else f"Install git {lowest} or newer.",
    )


def _disk(world: World) -> Iterator[Finding]:
    free = shutil.disk_usage(world.config.home).free // 1_000_000
    low = free < _LOW_DISK_MB
    yield Finding(
        name="disk",
        grade=Grade.WARN if low else Grade.OK,
        detail=f"{free} MB free at {world.config.home}",
        fix=f"Keep {_LOW_DISK_MB} MB free." if low else "",
    )


def _agents(world: World) -> Iterator[Finding]:
    if not world.config.agents:
        yield Finding(
            name="agents", grade=Grade.FAIL, detail="none defined", fix="Add one under `agents`."
        )
    for entry in agents.listed(world):
        lacks = entry["credentials"].startswith("missing")
        detail = entry["problem"] or f"{entry['program']} {entry['version']}".strip()
        yield Finding(
            name=f"agent {entry['agent']}",
            grade=Grade.WARN if entry["problem"] or lacks else Grade.OK,
            detail=f"{detail}; {entry['credentials']}" if entry["provider"] else detail,
            fix=entry["fix"] or (_how_to_get(entry) if lacks else ""),
        )
    for name, model in world.config.models.items():
        key = world.config.providers[model.provider].api_key
        yield Finding(
            name=f"model {name}",
            grade=Grade.WARN if key.missing else Grade.OK,
            detail=f"{model.model} at {model.provider}"
            + (f": ${key.variable} is not set" if key.missing else ""),
            fix="Set it, then start anew; until then nobody reads issues first."
            if key.missing
            else "",
        )


def _how_to_get(entry: dict[str, Any]) -> str:
    """The credentials that an agent lacks."""
    if entry["provider"].endswith("-login"):
        return f"Start `{entry['program']}` once as the user that runs this, and log in."
    return "Set it, then start anew."


def _github(world: World) -> Iterator[Finding]:
    login = world.client.login
    skew = abs((world.client.governor.github_now() - world.clock.now()).total_seconds())
    yield Finding(name="github", grade=Grade.OK, detail=f"{world.client.api_url} as {login}")
    if skew > _MOST_SKEW_SECONDS:
        yield Finding(
            name="clock",
            grade=Grade.WARN,
            detail=f"this machine's clock is {skew:.0f} seconds off GitHub's",
            fix="Switch on time synchronization.",
        )


def _improvement(world: World) -> Iterator[Finding]:
    home = world.config.improvement.home
    if home and world.config.repository(home) is None:
        yield Finding(
            name="improvement",
            grade=Grade.WARN,
            detail=f"`improvement.home` is {home}, which is not in `repositories`; what is found "
            "about this installation stands in the report only",
            fix="Add it to `repositories`, or name another.",
        )


def _repository(world: World, name: str) -> Iterator[Finding]:
    try:
        seen = readers.repository(world.client, name)
    except NotFound:
        fix = "Check `name`, and that the token may see it."
        yield Finding(name=name, grade=Grade.FAIL, detail="not found", fix=fix)
        return
    permission = readers.permission(world.client, name, world.client.login)
    may = trust.trusted(world.client.login, permission, world.config.people)
    yield Finding(
        name=name,
        grade=Grade.OK if may and not seen.archived else Grade.FAIL,
        detail=f"{'archived, ' if seen.archived else ''}our permission: {permission}",
        fix="" if may else "Give the token's user write permission.",
    )
    head = readers.branch_head(world.client, seen.name, seen.default_branch)
    if head is None:
        fix = "Push a first commit."
        yield Finding(name=name, grade=Grade.WARN, detail="the repository is empty", fix=fix)
        return
    yield from _checks(world, seen, head)


def _checks(world: World, seen: RepositorySeen, head: str) -> Iterator[Finding]:
    file = _repository_file(world, seen)
    if file is not None:
        names = ", ".join(file.named_checks) or "none configured"
        yield Finding(
            name=f"{seen.name} checks",
            grade=Grade.OK if file.named_checks else Grade.WARN,
            detail=names,
            fix="" if file.named_checks else f"Name the test command in {PATHS[0]}: `test: CMD`.",
        )
    reported = {c.name for c in readers.checks(world.client, seen.name, head).checks}
    required = readers.required_checks(world.client, seen.name, seen.default_branch)
    for missing in sorted(set(required) - reported):
        yield Finding(
            name=f"{seen.name} CI",
            grade=Grade.WARN,
            detail=f"the required check `{missing}` did not report on the newest commit",
            fix="Mend the workflow, or take the check off the branch protection.",
        )
    settings = world.config.repository(seen.name)
    merges_alone = settings is not None and settings.mode is Mode.AUTO_MERGE
    if merges_alone and not reported and settings and not settings.merge_without_ci:
        yield Finding(
            name=f"{seen.name} CI",
            grade=Grade.WARN,
            detail="no check reported on the newest commit, so nothing will be merged",
            fix="Add a workflow, or set `merge_without_ci: true`.",
        )


def _repository_file(world: World, seen: RepositorySeen) -> RepositoryFile | None:
    """Read over the API, as there may be no mirror yet. None when GitHub has none."""
    for path in PATHS:
        try:
            content = readers.file(world.client, seen.name, path, seen.default_branch)
        except NotFound:
            continue
        return parse_repository_file(content, path)
    return RepositoryFile()
