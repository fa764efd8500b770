"""Faults that need more than other conditions: something false is put into the record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from agent_os.domain.effects import Effect
from agent_os.domain.events import Event, EventKind
from agent_os.domain.signals import Figure, Signal
from agent_os.effects.applier import Applier
from agent_os.jobs.organization import LEASE
from agent_os.policy import filing
from agent_os.simulation.conditions import Planted, lesson_of
from agent_os.simulation.control import SHORT
from agent_os.simulation.plane import SimulatedWorld
from agent_os.simulation.scenario import FaultKind
from agent_os.store import leases, log, tasks

if TYPE_CHECKING:
    from agent_os.simulation.engine import Organization


#: So often the same is learned that all tasks of the repository are told it.
_OFTEN = 3


def plant(organization: Organization, faults: Sequence[Planted]) -> None:
    for fault in faults:
        act = {
            FaultKind.WRONG_LESSON: _lesson,
            FaultKind.REFUTED_IMPROVEMENT: _improvement,
        }.get(fault.kind)
        if act is not None:
            organization.timetable.at(fault.begins, partial(act, organization, fault))


def _lesson(organization: Organization, fault: Planted) -> None:
    """As merged work would have left it."""
    world = organization.world
    with world.store.write() as tx:
        event = Event(
            kind=EventKind.LESSON,
            at=world.clock.now(),
            repo_id=organization.site.ids[fault.repo],
            number=0,
            data={"text": lesson_of(fault)},
        )
        log.append(world.store, tx, [event] * _OFTEN)


def _improvement(organization: Organization, fault: Planted) -> None:
    """One that sounds well: it is filed as others are, and somebody wants it."""
    repo_id = organization.site.ids[fault.repo]
    signal = Signal(
        id=f"analyzer:planted:{repo_id}:parallel",
        kind="planted",
        by="analyzer",
        repo_id=repo_id,
        repo=fault.repo,
        title="Let the attempts share one build folder",
        problem="Each attempt builds everything anew.",
        acceptance=("Attempts of this repository share their build folder.",),
        figure=Figure(name="first_attempt", scope={"repo": fault.repo}, goal="higher"),
    )
    _apply(organization.world, filing.filing(signal, start=True))
    organization.control.wake(*SHORT, repositories=[fault.repo])


def _apply(world: SimulatedWorld, effect: Effect) -> None:
    lease = leases.take(world.store, "simulation", LEASE)
    assert lease is not None  # nobody else has this name
    with world.store.read() as tx:
        seen = tasks.seq(tx, effect.key)
    Applier(world, lease).apply(effect, seen)
    leases.release(world.store, lease)
