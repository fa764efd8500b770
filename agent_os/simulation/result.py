"""What came of a simulated organization, in figures: made from its log, as those of a real one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.events import EventKind
from agent_os.jobs import measuring
from agent_os.policy.metrics.figures import Value, measure
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.simulation.control import RARE, SHORT
from agent_os.simulation.engine import Organization

#: What is printed, in this order.
SHOWN = (
    *("lead_time_hours", "lead_time_hours_p90", "success", "first_attempt"),
    *("usd_per_merged", "usd_per_surviving"),
)


class Fate(Contract):
    """What became of a planted fault; days are counted from its beginning."""

    kind: str
    repository: str
    found_days: float | None = None
    found_by: str = ""
    filed: int = 0
    mended_days: float | None = None
    confirmed_days: float | None = None


class Looks(Contract):
    """How often a job was due by its cadence, and how often it had to be run."""

    job: str
    due: int
    run: int


class SimulationResult(Contract):
    scenario: str
    seed: int
    weeks: float
    seconds: float = 0.0
    """Of real time."""
    digest: str
    requested: int
    done: int
    cancelled: int
    attempts: int
    usd: float
    figures: dict[str, Value] = Field(default_factory=dict[str, Value])
    late: dict[str, Value] = Field(default_factory=dict[str, Value])
    """The same, of what was asked for in the second half of the time."""
    signals: int = 0
    outcomes: dict[str, int] = Field(default_factory=dict[str, int])
    """Of signals, as they were first recorded."""
    filed: int = 0
    own_merged: int = 0
    """Merged work that the organization gave itself."""
    hypotheses: dict[str, int] = Field(default_factory=dict[str, int])
    """By verdict; `open` are those without one."""
    fates: tuple[Fate, ...] = ()
    found: dict[str, str] = Field(default_factory=dict[str, str])
    """Every signal with its title."""
    looks: tuple[Looks, ...] = ()
    requests: dict[str, int] = Field(default_factory=dict[str, int])
    troubles: dict[str, int] = Field(default_factory=dict[str, int])
    errors: dict[str, str] = Field(default_factory=dict[str, str])
    """Of each trouble the first error."""


def result_of(made: Organization) -> SimulationResult:
    now = made.world.clock.now()
    rows = measuring.rows(made.world)
    watching, passed = made.watching, timedelta(weeks=made.scenario.weeks)
    outcomes: dict[str, int] = {}
    for event in watching.signals.values():
        name = str(event.data.get("outcome", ""))
        outcomes[name] = outcomes.get(name, 0) + 1
    return SimulationResult(
        scenario=made.scenario.name,
        seed=made.seed,
        weeks=made.scenario.weeks,
        seconds=round(made.seconds, 2),
        digest=made.digest,
        requested=len(rows),
        done=sum(row.finished_at is not None for row in rows),
        cancelled=sum(bool(row.cancelled) for row in rows),
        attempts=sum(len(row.attempts) for row in rows),
        usd=round(sum(row.usd for row in rows), 2),
        figures=_figures(rows, now),
        late=_figures([row for row in rows if row.requested_at >= now - passed / 2], now),
        signals=len(watching.signals),
        outcomes=outcomes,
        filed=watching.counts[EventKind.ISSUE_FILED],
        own_merged=sum(bool(row.signal) and row.merged_at is not None for row in rows),
        hypotheses=watching.verdicts(),
        fates=tuple(fates(made)),
        found={name: str(e.data.get("title", "")) for name, e in watching.signals.items()},
        looks=tuple(
            Looks(job=job, due=made.control.slots(job, passed), run=made.control.runs[job])
            for job in (*SHORT, *RARE)
        ),
        requests=dict(made.wire.counts),
        troubles=dict(made.troubles),
        errors=dict(made.said),
    )


def _figures(rows: Sequence[RoundRow], now: datetime) -> dict[str, Value]:
    return {name: measure(name, rows, now) for name in SHOWN}


def fates(made: Organization) -> list[Fate]:
    found: list[Fate] = []
    for fault in made.conditions.planted:
        moments = (fault.found_at, fault.mended_at, fault.confirmed_at)
        days = [
            None if at is None else round((at - fault.begins) / timedelta(days=1), 1)
            for at in moments
        ]
        found.append(
            Fate(
                kind=fault.kind.value,
                repository=fault.repo,
                found_days=days[0],
                found_by=fault.found_by,
                filed=fault.filed,
                mended_days=days[1],
                confirmed_days=days[2],
            )
        )
    return found
