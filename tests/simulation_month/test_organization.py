"""A simulated organization lives its weeks: the real jobs, store and hub, in jumps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent_os.jobs import registry
from agent_os.simulation.branches import branches
from agent_os.simulation.comparing import simulated
from agent_os.simulation.engine import Organization, organization
from agent_os.simulation.result import SimulationResult, result_of
from agent_os.simulation.scenario import FaultKind, FaultPlan, Scenario, ThinkerPlan, load
from tests.models.scenario import Scenario as Script
from tests.models.server import ModelServer
from tests.models.steps import Say

_ROOT = Path(__file__).parents[2]
_PLAIN = _ROOT / "agent_os/simulation/scenarios/plain.yaml"
_SMALL = """\
name: small
weeks: 0.3
repositories: [{name: acme/app, issues_per_week: 30, ci_red: 0.2}]
people: {ready: 1}
"""


_PR_MONITOR_HOURS = 5 / 60


def _small(**changes: Any) -> Scenario:
    return Scenario.model_validate(yaml.safe_load(_SMALL) | changes)


def test_the_same_seed_does_the_same_also_in_another_process(tmp_path: Path) -> None:
    """There sets are in another order."""
    file = tmp_path / "small.yaml"
    file.write_text(_SMALL)
    found = simulated(_small(), 3)
    again = subprocess.run(
        [sys.executable, "-m", "agent_os", "simulate", str(file), "--seed", "3", "--json"],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    other = SimulationResult.model_validate(json.loads(again.stdout))
    assert other.digest == found.digest
    assert found.done >= 2
    assert found.attempts >= found.done
    assert found.usd > 0
    assert not found.troubles, found.errors
    assert all(one.run < one.due / 4 for one in found.looks[:3]), "nothing was skipped"


def test_each_future_begins_where_the_past_ended() -> None:
    """Each is what would have been without a break, and none knows of another."""
    morning = _small(weeks=0.12)
    with organization(morning, 4) as whole:
        whole.run()
    dear = [FaultPlan(kind=FaultKind.RISING_COST, day=0)]
    with organization(morning, 4) as made:
        made.begin()
        made.live(morning.start + timedelta(hours=12))

        def goes_on(one: Organization, faults: Sequence[FaultPlan]) -> str:
            one.plant(one.conditions.add(faults))
            one.finish()
            return one.digest

        with branches(made) as futures:
            said = [futures.tell(lambda one, f=faults: goes_on(one, f)) for faults in (dear, [])]
    assert said[0] != whole.digest
    assert said[1] == whole.digest


@pytest.mark.long
def test_jumping_misses_nothing_that_looking_each_minute_would_find() -> None:
    repository = {"name": "acme/app", "issues_per_week": 90}
    morning = _small(weeks=0.03, start="2026-03-02T09:00:00Z", repositories=[repository])
    ends: list[tuple[SimulationResult, float]] = []
    for patient in (True, False):
        with organization(morning, 4, patient=patient) as made:
            made.run()
            found = result_of(made)
        ends.append((found, found.figures["lead_time_hours"].value or 0.0))
    (jumping, lead), (looking, lead_of_looking) = ends
    assert jumping.requested == looking.requested
    assert jumping.done == looking.done >= 2
    # Who looks later at one pull request may find another one merged by then.
    assert abs(jumping.attempts - looking.attempts) <= 2
    assert abs(lead - lead_of_looking) < _PR_MONITOR_HOURS


@pytest.mark.long
def test_all_six_jobs_run_for_a_month_without_a_model() -> None:
    """At each due time of the rare ones; nothing of ours fails, and the work gets done."""
    found = simulated(load(_PLAIN), 2)
    runs = {one.job: (one.run, one.due) for one in found.looks}
    assert set(runs) == set(registry.JOBS)
    assert runs["log-analyzer"][0] == runs["backlog-groomer"][0] == 4
    assert runs["strategic-planner"][0] == 28
    assert found.requested > 50
    assert found.done + found.cancelled > 0.9 * found.requested
    assert not found.troubles, found.errors
    assert found.figures["lead_time_hours"].samples > 50


_WORDS = {"title": "Setup takes long", "problem": "It grew.", "proposal": "Cache what it loads."}


@pytest.mark.long
def test_a_month_with_the_scripted_model_differs_in_words_only() -> None:
    """It is asked when something new was found; the same is found and filed without it."""
    plain = _small(
        weeks=4.1,
        repositories=[{"name": "acme/app", "issues_per_week": 14}],
        improvement={"home": "acme/app", "start": True},
        faults=[{"kind": "slow_setup", "day": 10}],
    )
    without = simulated(plain, 2)
    with ModelServer(Script((Say(),), answer=_WORDS)) as server:
        thinker = ThinkerPlan(base_url=server.url, api="anthropic", model="claude-haiku-4-5")
        found = simulated(plain.model_copy(update={"thinker": thinker}), 2)
        assert 1 <= server.count <= 10
    assert not found.troubles, found.errors
    slow = [one for one in found.fates if one.found_days is not None]
    assert [one.found_days for one in slow] == [one.found_days for one in without.fates]
    assert slow[0].filed > 0
    assert slow[0].mended_days is not None, "found, filed, worked on and merged by the loop itself"
