"""The one list of jobs: name, cadence, function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_os.config.settings import Config
from agent_os.domain.effects import Step
from agent_os.effects.world import World
from agent_os.jobs import organization
from agent_os.jobs.backlog_groomer import BacklogGroomer
from agent_os.jobs.dispatcher import Dispatcher
from agent_os.jobs.log_analyzer import LogAnalyzer
from agent_os.jobs.organization import Job
from agent_os.jobs.pr_monitor import PullMonitor
from agent_os.jobs.queue_engine import QueueEngine
from agent_os.jobs.strategic_planner import StrategicPlanner
from agent_os.policy.cadence import Cadence
from agent_os.store import slots

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        *(Dispatcher(), QueueEngine(), PullMonitor()),
        *(LogAnalyzer(), BacklogGroomer(), StrategicPlanner()),
    )
}

#: They carry tasks; the others look at the record now and then.
FREQUENT = ("dispatcher", "queue-engine", "pr-monitor")

DESCRIPTIONS = {
    "dispatcher": "what people ask for becomes tasks; tasks that may begin are claimed",
    "queue-engine": "attempts end, results are published, queued tasks start",
    "pr-monitor": "pull requests are watched, mended and merged",
    "log-analyzer": "what fails again and again becomes a task; the week is reported",
    "backlog-groomer": "what is stale, doubled, unclear or missing is pointed out",
    "strategic-planner": "the next sprint is chosen, and the last one looked back at",
}


def cadence(config: Config, name: str) -> Cadence:
    return config.schedule.of(name)


def run(
    world: World,
    name: str,
    preview: Callable[[Step], None] | None = None,
    keys: Sequence[str] | None = None,
) -> bool:
    """Run a job now, whatever its schedule; `keys`: for these repositories only.

    True when something changed.
    """
    return organization.run(JOBS[name], world, keys, preview=preview)


def run_slot(world: World, name: str) -> bool:
    """Run a job for its newest due time, unless that was done: cron and daemon may both call."""
    now = world.clock.now()
    slot = cadence(world.config, name).slot(now)
    if name not in FREQUENT and not slots.is_ours(world.store, name, slot):
        return False
    fence = slots.take(world.store, name, slot, organization.LEASE)
    if fence is None:
        return False
    changed = run(world, name)
    slots.finish(world.store, name, slot, fence)
    return changed
