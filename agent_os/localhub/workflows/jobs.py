"""One job of a workflow and the order in which jobs need each other."""

import re
from dataclasses import dataclass
from typing import cast

from agent_os.localhub.workflows import conditions, steps
from agent_os.localhub.workflows.conditions import Condition
from agent_os.localhub.workflows.section import Section
from agent_os.localhub.workflows.steps import Defaults, Step

DEFAULT_TIMEOUT_MINUTES = 360.0
KEYS = frozenset(
    [
        "name",
        "needs",
        "runs-on",
        "env",
        "defaults",
        "steps",
        "timeout-minutes",
        "if",
        "permissions",
        "concurrency",
    ]
)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class Job:
    """What to run on one machine. `env` holds the workflow's variables and then the job's."""

    key: str
    name: str
    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    env: tuple[tuple[str, str], ...] = ()
    condition: Condition = Condition.SUCCESS
    timeout_minutes: float = DEFAULT_TIMEOUT_MINUTES


def read_all(document: Section, defaults: Defaults) -> tuple[Job, ...]:
    """The jobs, each after those it needs; raises WorkflowProblem for a cycle or unknown need."""
    found = document.child("jobs", "'jobs'")
    if not found.values:
        raise found.problem("there are no jobs")
    outer = document.environment()
    jobs = {
        key: _read(key, found.child(key, f"job '{key}'"), defaults, outer) for key in found.values
    }
    return _ordered(found, jobs)


def _read(
    key: str, section: Section, defaults: Defaults, outer: tuple[tuple[str, str], ...]
) -> Job:
    if not _KEY.fullmatch(key):
        raise section.problem("a job's key is letters, digits, - and _")
    section.allow(KEYS)
    _check_machine(section)
    inner = steps.read_defaults(section, defaults)
    listed = section.values.get("steps")
    if not isinstance(listed, list) or not listed:
        raise section.problem("'steps' must be a list with at least one step")
    items = cast("list[object]", listed)
    return Job(
        key=key,
        name=section.text("name") or key,
        needs=section.names("needs"),
        steps=tuple(
            steps.read(Section.of(_step_place(section.place, number, item), item), inner)
            for number, item in enumerate(items, start=1)
        ),
        env=(*outer, *section.environment()),
        condition=conditions.read(section),
        timeout_minutes=section.minutes("timeout-minutes", None) or DEFAULT_TIMEOUT_MINUTES,
    )


def _step_place(job: str, number: int, item: object) -> str:
    name = cast("dict[str, object]", item).get("name") if isinstance(item, dict) else None
    return f"{job}, step {number}" + (f" ('{name}')" if isinstance(name, str) else "")


def _check_machine(section: Section) -> None:
    machines = section.names("runs-on")
    if not machines:
        raise section.problem("'runs-on' is missing")
    for machine in machines:
        if not machine.startswith("ubuntu"):
            raise section.problem(f"'runs-on: {machine}' is not supported (ubuntu machines are)")


def _ordered(section: Section, jobs: dict[str, Job]) -> tuple[Job, ...]:
    """Jobs in file order, except that a need comes first."""
    for job in jobs.values():
        for need in job.needs:
            if need not in jobs:
                raise section.problem(f"job '{job.key}' needs '{need}', which is not there")
    ordered: dict[str, Job] = {}
    while len(ordered) < len(jobs):
        ready = [
            job
            for job in jobs.values()
            if job.key not in ordered and set(job.needs) <= set(ordered)
        ]
        if not ready:
            left = ", ".join(sorted(set(jobs) - set(ordered)))
            raise section.problem(f"these jobs need each other in a circle: {left}")
        ordered[ready[0].key] = ready[0]
    return tuple(ordered.values())
