"""The one list of jobs: name, cadence, function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from agent_os.config.settings import Config
from agent_os.domain.effects import Step
from agent_os.effects.world import World
from agent_os.jobs import organization
from agent_os.jobs.dispatcher import Dispatcher
from agent_os.jobs.organization import Job
from agent_os.jobs.pr_monitor import PullMonitor
from agent_os.jobs.queue_engine import QueueEngine
from agent_os.policy.cadence import Cadence
from agent_os.store import slots


def _log_analyzer() -> Job:
    from agent_os.jobs.log_analyzer import LogAnalyzer

    return LogAnalyzer()


def _backlog_groomer() -> Job:
    from agent_os.jobs.backlog_groomer import BacklogGroomer

    return BacklogGroomer()


def _strategic_planner() -> Job:
    from agent_os.jobs.strategic_planner import StrategicPlanner

    return StrategicPlanner()


#: The rare ones are imported when they run: a crontab line of a frequent one would pay for theirs.
JOBS: dict[str, Callable[[], Job]] = {
    "dispatcher": Dispatcher,
    "queue-engine": QueueEngine,
    "pr-monitor": PullMonitor,
    "log-analyzer": _log_analyzer,
    "backlog-groomer": _backlog_groomer,
    "strategic-planner": _strategic_planner,
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


@cache
def made(name: str) -> Job:
    """The one of that name in this process. KeyError."""
    return JOBS[name]()


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
    return organization.run(made(name), world, keys, preview=preview)


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
