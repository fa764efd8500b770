"""Steering: retry and stop a task, pause and resume a repository or everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, opened, show
from agent_os.cli.target import TaskArgument, find

if TYPE_CHECKING:
    from agent_os.effects.world import World

ScopeArgument = Annotated[
    str | None, typer.Argument(metavar="[OWNER/REPO]", help="A repository of the config.")
]
AllOption = Annotated[bool, typer.Option("--all", help="Every repository.")]


def retry(
    task: TaskArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Ask for a task again: a new round, or new attempts when it is blocked."""
    with opened(config) as world:
        from agent_os.jobs import steering

        said = steering.retry(world, find(world, task))
        show(json, {"task": task, "result": said}, lambda console: console.print(said))


def stop(
    task: TaskArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Stop a task: its attempt ends, its pull request is closed, its branch is kept."""
    with opened(config) as world:
        from agent_os.jobs import steering

        said = steering.stop(world, find(world, task))
        show(json, {"task": task, "result": said}, lambda console: console.print(said))


def undo(
    task: TaskArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Open the pull request that takes back what a task has merged."""
    with opened(config) as world:
        from agent_os.jobs import watching

        said = watching.undo(world, find(world, task))
        show(json, {"task": task, "result": said}, lambda console: console.print(said))


def pause(
    repo: ScopeArgument = None,
    everything: AllOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Start, publish and merge nothing there. Running attempts go on. (Short form: off)"""
    with opened(config) as world:
        from agent_os.jobs import steering

        _set(world, repo, everything, json, steering.pause, "paused", "paused already")


def resume(
    repo: ScopeArgument = None,
    everything: AllOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Go on after a pause. (Short form: on)"""
    with opened(config) as world:
        from agent_os.jobs import steering

        _set(world, repo, everything, json, steering.resume, "goes on", "was not paused")


def takeover(
    repo: Annotated[str, typer.Argument(metavar="OWNER/REPO", help="A repository of the config.")],
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Make a repository ours that another installation works on: from then on that one is refused.

    Stop the other one first; what it has not pushed stays on its machine."""
    with opened(config) as world:
        from agent_os.jobs import steering

        said = steering.takeover(world, _named(world, repo))
        show(json, {"repository": repo, "result": said}, lambda console: console.print(said))


def _set(
    world: World,
    repo: str | None,
    everything: bool,
    json: bool,
    change: Callable[[World, str], bool],
    changed: str,
    same: str,
) -> None:
    scope = _scope(world, repo, everything)
    name = "everything" if everything else scope
    said = f"{name}: {changed if change(world, scope) else same}"
    show(json, {"scope": scope, "result": said}, lambda console: console.print(said))


def _scope(world: World, repo: str | None, everything: bool) -> str:
    from agent_os.domain.errors import BadInput
    from agent_os.store import pauses

    if everything == bool(repo):
        raise BadInput("Name one repository, or --all.")
    return pauses.ALL if everything or repo is None else _named(world, repo)


def _named(world: World, repo: str) -> str:
    from agent_os.domain.errors import BadInput

    known = [r.name for r in world.config.repositories]
    named = [
        n for n in known if n.lower() == repo.lower() or n.lower().endswith(f"/{repo.lower()}")
    ]
    if len(named) != 1:
        raise BadInput(
            f"`{repo}` is not a repository of the config.", next_step=f"Known: {', '.join(known)}."
        )
    return named[0]
