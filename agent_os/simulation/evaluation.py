"""Do our jobs find what is wrong? Over seeds: a healthy past, and from it futures with faults.

A group's faults are at places of their own, so that none hides another; the first group has none.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from datetime import timedelta

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.simulation import telltale
from agent_os.simulation.branches import branches
from agent_os.simulation.conditions import Planted
from agent_os.simulation.engine import Organization, organization
from agent_os.simulation.result import Fate, fates
from agent_os.simulation.scenario import FaultKind, FaultPlan, Scenario

#: Without a fault.
CLEAN = "clean"
_BUSY, _SMALL, _SMALLEST = range(3)
#: (kind, repository, agent): by their places in the scenario.
_Place = tuple[FaultKind, int, int]
GROUPS: dict[str, tuple[_Place, ...]] = {
    CLEAN: (),
    "a": (
        (FaultKind.BREAKING_PROMPT, _BUSY, 0),
        (FaultKind.DUPLICATE_ISSUES, _BUSY, 0),
        (FaultKind.WRONG_GATE, _SMALL, 0),
    ),
    "b": (
        (FaultKind.DEGRADING_AGENT, _BUSY, 0),
        (FaultKind.SLOW_SETUP, _BUSY, 0),
        (FaultKind.EAGER_GROOMER, _SMALL, 0),
    ),
    "c": (
        (FaultKind.REFUTED_IMPROVEMENT, _BUSY, 0),
        (FaultKind.FLAKY_CHECK, _SMALL, 0),
        (FaultKind.STALE_DEPENDENCY, _SMALLEST, 0),
    ),
    "d": (
        (FaultKind.WRONG_LESSON, _BUSY, 0),
        (FaultKind.RISING_COST, _BUSY, 0),
        (FaultKind.DEAD_PROVIDER, _BUSY, 1),
    ),
}
#: From the beginning of a future on: it is a Monday.
_DAY = 1.0
#: Findings that are no alarm: candidates of low rank, and what the groomer proposes as work.
_QUIET = (
    *("analyzer:idle_gate:", "analyzer:leftover:", "analyzer:planted:"),
    *("groomer:", "groom:", "memory:"),
)


class Verdict(Contract):
    """Of one planted fault."""

    kind: str
    found_days: float | None = None
    found_by: str = ""
    filed: bool = False
    mended_days: float | None = None
    confirmed: bool = False


class Run(Contract):
    """One future. `alarms`: findings of the analyzer that no planted fault explains; those of the
    past are the clean one's."""

    group: str
    seed: int
    verdicts: tuple[Verdict, ...] = ()
    hits: int = 0
    """Findings that name a fault."""
    alarms: tuple[str, ...] = ()
    troubles: dict[str, int] = Field(default_factory=dict[str, int])
    seconds: float = 0.0
    """Of real time, its past included."""


class Row(Contract):
    kind: str
    planted: int
    found: int
    filed: int
    mended: int
    median_days: float | None


def evaluated(
    scenario: Scenario, seed: int, groups: Sequence[str], past: float, told: Callable[[Run], None]
) -> None:
    """`past`: so many of the scenario's weeks are healthy, and the same for all groups."""
    begins = timedelta(weeks=past)
    aging = FaultPlan(
        kind=FaultKind.STALE_DEPENDENCY,
        repository=scenario.repositories[_SMALLEST].name,
        day=begins.days + _DAY,
    )
    # What ages has to be there before it is old: where it is no fault, somebody renews it in time.
    healthy = scenario.model_copy(update={"faults": (aging,)})
    with organization(healthy, seed) as made:
        made.conditions.planted.clear()
        made.begin()
        made.live(scenario.start + begins)
        with branches(made) as futures:
            for group in groups:
                plans = faults_of(scenario, group, begins.days + _DAY)
                said = futures.tell(lambda one, g=group, p=plans: _future(one, g, p))
                told(Run.model_validate_json(said))


def faults_of(scenario: Scenario, group: str, day: float) -> tuple[FaultPlan, ...]:
    return tuple(
        FaultPlan(
            kind=kind,
            day=day,
            repository=scenario.repositories[repo].name,
            agent=scenario.agents[agent].name,
        )
        for kind, repo, agent in GROUPS[group]
    )


def _future(made: Organization, group: str, plans: Sequence[FaultPlan]) -> str:
    faults = made.conditions.add(plans)
    if not any(fault.kind is FaultKind.STALE_DEPENDENCY for fault in faults):
        made.site.renew(made.scenario.repositories[_SMALLEST].name, 0)
    made.plant(faults)
    before = frozenset() if group == CLEAN else frozenset(made.watching.signals)
    made.finish()
    return run_of(
        group,
        made.seed,
        faults,
        fates(made),
        [name for name in made.watching.signals if name not in before],
        {f"{name}: {made.said.get(name, '')}": n for name, n in made.troubles.items()},
        made.seconds,
    ).model_dump_json()


def run_of(
    group: str,
    seed: int,
    faults: Sequence[Planted],
    found: Sequence[Fate],
    signals: Sequence[str],
    troubles: dict[str, int],
    seconds: float = 0.0,
) -> Run:
    """`signals`: the ids of all findings."""
    named = [[name for name in signals if telltale.names(fault, name)] for fault in faults]
    # Some are told by another sign than a signal.
    hits = [
        max(len(names), int(one.found_days is not None))
        for names, one in zip(named, found, strict=True)
    ]
    loud = [name for name in signals if not name.startswith(_QUIET)]
    alarms = [n for n in loud if not any(telltale.follows(fault, n) for fault in faults)]
    return Run(
        group=group,
        seed=seed,
        verdicts=tuple(
            Verdict(
                kind=one.kind,
                found_days=one.found_days,
                found_by=one.found_by,
                filed=bool(one.filed),
                mended_days=one.mended_days,
                confirmed=one.confirmed_days is not None,
            )
            for one in found
        ),
        hits=sum(hits),
        alarms=tuple(alarms),
        troubles=troubles,
        seconds=round(seconds, 1),
    )


def rows(runs: Sequence[Run]) -> list[Row]:
    verdicts = [verdict for run in runs for verdict in run.verdicts]
    found: list[Row] = []
    for kind in sorted({v.kind for v in verdicts}):
        mine = [v for v in verdicts if v.kind == kind]
        days = [v.found_days for v in mine if v.found_days is not None]
        found.append(
            Row(
                kind=kind,
                planted=len(mine),
                found=len(days),
                filed=sum(v.filed for v in mine),
                mended=sum(v.mended_days is not None for v in mine),
                median_days=statistics.median(days) if days else None,
            )
        )
    return found


def recall(runs: Sequence[Run]) -> tuple[int, int]:
    """(found, planted)"""
    planted = [verdict for run in runs for verdict in run.verdicts]
    return sum(v.found_days is not None for v in planted), len(planted)


def precision(runs: Sequence[Run]) -> tuple[int, int]:
    """(findings that name what was planted, these and the alarms that nothing explains), over all
    runs, the clean ones among them."""
    hits = sum(run.hits for run in runs)
    return hits, hits + sum(len(run.alarms) for run in runs)
