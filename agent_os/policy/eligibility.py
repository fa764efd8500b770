"""Whether a request may be claimed, or the named reason why not."""

from __future__ import annotations

from collections.abc import Mapping

from agent_os.domain.contract import Contract
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import LabelRules, Mode, RepoRules
from agent_os.domain.tasks import Task


class Surroundings(Contract):
    """What besides the task itself decides: the repository, and what the task depends on."""

    rules: RepoRules
    labels: LabelRules
    frozen: str = ""
    owned_elsewhere: str = ""
    all_paused: bool = False
    repo_paused: bool = False
    empty: bool = False
    open_dependencies: tuple[int, ...] = ()
    cycle: tuple[int, ...] = ()


def refusal(task: Task, around: Surroundings) -> tuple[Reason, str] | None:
    """None: claim it. Else the first reason that holds, with its detail."""
    rules = around.rules
    excluded = {x.lower() for x in around.labels.exclude} & {x.lower() for x in task.labels}
    chain = rules.chain(task.spec.type, task.agent_label)
    cases: list[tuple[object, Reason, str]] = [
        (around.frozen, Reason.REPO_FROZEN, around.frozen),
        (around.owned_elsewhere, Reason.OWNED_ELSEWHERE, around.owned_elsewhere),
        (around.all_paused, Reason.ALL_PAUSED, ""),
        (around.repo_paused, Reason.REPO_PAUSED, ""),
        (excluded, Reason.EXCLUDED_LABEL, ", ".join(sorted(excluded))),
        (around.cycle, Reason.DEPENDENCY_CYCLE, _path(around.cycle)),
        (
            around.open_dependencies,
            Reason.WAITS_FOR_DEPENDENCY,
            ", ".join(f"#{n}" for n in around.open_dependencies),
        ),
        (around.empty, Reason.EMPTY_REPOSITORY, ""),
        (not chain, Reason.NO_AGENT, f"type {task.spec.type}"),
        (rules.mode is Mode.DRY_RUN, Reason.DRY_RUN, _would(task, chain)),
    ]
    return next(((reason, detail) for holds, reason, detail in cases if holds), None)


def _would(task: Task, chain: tuple[str, ...]) -> str:
    then = " and post the answer on the issue" if task.spec.deliverable == "answer" else ""
    return f"would run {' → '.join(chain)}{then}"


def _path(cycle: tuple[int, ...]) -> str:
    return " → ".join(f"#{n}" for n in cycle)


def find_cycle(start: int, depends_on: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The dependencies from `start` back to itself, or empty."""
    stack: list[tuple[int, ...]] = [(start,)]
    seen: set[int] = set()
    while stack:
        path = stack.pop()
        for number in depends_on.get(path[-1], ()):
            if number == start:
                return (*path, start)
            if number not in seen:
                seen.add(number)
                stack.append((*path, number))
    return ()
