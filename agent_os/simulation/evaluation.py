"""Do our jobs find what is wrong? One fault at a time, over seeds, and clean runs beside."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.simulation import telltale
from agent_os.simulation.comparing import simulated
from agent_os.simulation.conditions import Planted
from agent_os.simulation.result import SimulationResult
from agent_os.simulation.scenario import FaultKind, FaultPlan, Scenario

#: Without a fault.
CLEAN = "clean"
_DAY = 10.0
#: They need a history of their own: there from the first day.
_FROM_THE_START = (FaultKind.STALE_DEPENDENCY, FaultKind.DUPLICATE_ISSUES, FaultKind.EAGER_GROOMER)
_EARLY_DAY = 3.0
#: Findings that are no alarm: candidates of low rank, and what the groomer proposes as work.
_QUIET = (
    *("analyzer:idle_gate:", "analyzer:leftover:", "analyzer:planted:"),
    *("groomer:", "groom:", "memory:"),
)


class Verdict(Contract):
    """One run. `alarms`: findings of the analyzer that no planted fault explains."""

    kind: str
    seed: int
    found_days: float | None = None
    filed: bool = False
    mended_days: float | None = None
    confirmed: bool = False
    hits: int = 0
    """Findings that name the fault."""
    alarms: tuple[str, ...] = ()
    troubles: dict[str, int] = Field(default_factory=dict[str, int])
    seconds: float = 0.0


class Row(Contract):
    kind: str
    planted: int
    found: int
    filed: int
    mended: int
    median_days: float | None
    alarms: int


def with_fault(scenario: Scenario, kind: str) -> Scenario:
    if kind == CLEAN:
        return scenario
    fault = FaultKind(kind)
    early = fault in _FROM_THE_START
    day = _EARLY_DAY if early else _DAY
    plan = FaultPlan(kind=fault, day=day)
    return scenario.model_copy(update={"faults": (plan,)})


def evaluated(scenario: Scenario, kind: str, seed: int) -> Verdict:
    made = with_fault(scenario, kind)
    result = simulated(made, seed)
    faults = [
        Planted(
            plan=plan,
            repo=plan.repository or scenario.repositories[0].name,
            agent=plan.agent or scenario.agents[0].name,
            begins=scenario.start,
        )
        for plan in made.faults
    ]
    fate = result.fates[0] if result.fates else None
    loud = [name for name in result.found if not name.startswith(_QUIET)]
    hits = [name for name in result.found if any(telltale.names(f, name) for f in faults)]
    alarms = [n for n in loud if not any(telltale.follows(fault, n) for fault in faults)]
    return Verdict(
        kind=kind,
        seed=seed,
        found_days=fate.found_days if fate else None,
        filed=bool(fate and fate.filed),
        mended_days=fate.mended_days if fate else None,
        confirmed=bool(fate and fate.confirmed_days is not None),
        hits=max(len(hits), int(bool(fate and fate.found_days is not None))),
        alarms=tuple(alarms),
        troubles=_troubles(result),
        seconds=result.seconds,
    )


def _troubles(result: SimulationResult) -> dict[str, int]:
    return {f"{name}: {result.errors.get(name, '')}": n for name, n in result.troubles.items()}


def rows(verdicts: Sequence[Verdict]) -> list[Row]:
    found: list[Row] = []
    for kind in dict.fromkeys(v.kind for v in verdicts):
        mine = [v for v in verdicts if v.kind == kind]
        days = [v.found_days for v in mine if v.found_days is not None]
        found.append(
            Row(
                kind=kind,
                planted=0 if kind == CLEAN else len(mine),
                found=len(days),
                filed=sum(v.filed for v in mine),
                mended=sum(v.mended_days is not None for v in mine),
                median_days=statistics.median(days) if days else None,
                alarms=sum(len(v.alarms) for v in mine),
            )
        )
    return found


def recall(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """(found, planted)"""
    planted = [v for v in verdicts if v.kind != CLEAN]
    return sum(v.found_days is not None for v in planted), len(planted)


def precision(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """(findings that name what was planted, these and the alarms that nothing explains), over all
    runs, the clean ones among them."""
    hits = sum(v.hits for v in verdicts)
    return hits, hits + sum(len(v.alarms) for v in verdicts)
