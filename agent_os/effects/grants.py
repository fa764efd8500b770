"""What a task's agents are granted, by the config and the repository's file on its base branch."""

from __future__ import annotations

from agent_os.config.repository_file import RepositoryFile
from agent_os.domain.attempts import Outcome
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import Family, family
from agent_os.domain.records import Attempt
from agent_os.domain.requests import AgentRequest, Asked, Grant
from agent_os.domain.tasks import Task
from agent_os.effects.world import World
from agent_os.policy import granting, requesting


def granted(world: World, task: Task, file: RepositoryFile) -> Grant:
    settings = world.config.repository(task.repo)
    ours = granting.replaced(world.config.grant, settings.grant if settings else None)
    return granting.narrowed(ours, file.grant)


def accepted(world: World, task: Task, attempt: Attempt, outcome: Outcome) -> list[AgentRequest]:
    """The requests that count: those of complete work, and of an agent that says what blocks it.

    Work that was kept and is accepted later (its review was not to be had) brings its own.
    """
    if outcome.code is not None and family(outcome.code) is not Family.PERSON:
        return []
    done = task.origin(attempt)
    if done.number == attempt.number:
        return list(outcome.requests)
    try:
        return list(world.executor.collect(world.attempt_dir(task, done.number)).requests)
    except BadInput:
        return []  # its files are gone: the work is worth more than what was asked beside it


def judged(
    world: World,
    task: Task,
    attempt: Attempt,
    wanted: list[AgentRequest],
    file: RepositoryFile,
) -> tuple[Asked, ...]:
    """Each with its verdict, by what the owner says now, not by what the order said."""
    before = requesting.counted(task)
    grant = granted(world, task, file)
    return granting.judged(wanted, attempt.number, before, grant, world.config.labels)
