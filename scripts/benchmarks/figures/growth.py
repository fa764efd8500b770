"""How a tick grows with the number of open tasks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_os.domain.tasks import Status
from agent_os.effects.world import World
from agent_os.jobs import registry
from agent_os.store import log, repositories
from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from scripts.benchmarks.history import task_events
from scripts.benchmarks.hub import BOT, Hub, git
from scripts.benchmarks.organization import Organization, all_tasks

_REPO = "acme/growth"
_FILES = {"README.md": "A repository of the bench.\n"}
_ROUNDS = 15
_SETTLE_SECONDS = 6


@dataclass(frozen=True)
class Tick:
    """Medians of one idle tick of a job; `cpu` in milliseconds, without git's processes."""

    job: str
    open_tasks: int
    milliseconds: float
    cpu: float
    calls: int
    not_modified: int


def growth(setting: Setting) -> list[Figure]:
    """Queued tasks for dispatcher and queue engine, open pull requests for the PR monitor."""
    largest = setting.size("largest", 30, 1000)
    counts = sorted({count for count in (10, 100, 1000) if count < largest} | {largest})
    ticks: list[Tick] = []
    for count in counts:
        ticks += _ticks(setting.folder / f"queued{count}", count, _queued)
        ticks += _ticks(setting.folder / f"review{count}", count, _in_review)
    rows = tuple(
        (t.job, t.open_tasks, round(t.milliseconds, 1), round(t.cpu, 1), t.calls, t.not_modified)
        for t in sorted(ticks, key=lambda t: (t.job, t.open_tasks))
    )
    factor = counts[-1] / counts[0]
    worst = [_exponent(ticks, job) for job in sorted({t.job for t in ticks})]
    return [
        Figure(
            name="growth",
            what=f"growth of an idle tick, {counts[0]} → {counts[-1]:,} open tasks: time and calls "
            "against the growth of the number of tasks",
            unit="×",
            spread=Spread.of(worst),
            how="the largest step of each job's CPU time or calls between two counts, divided by "
            f"that of the tasks ({factor:.0f} × in all); 1 is linear",
            target="no faster than linearly",
            bound=1.0,
            judged=max(worst),
            tables=(_table(rows),),
        )
    ]


def _table(rows: tuple[tuple[str | float, ...], ...]) -> Table:
    columns = ("job", "open tasks", "ms a tick", "CPU ms a tick", "calls a tick", "304 among them")
    return Table("Growth of an idle tick", columns, rows)


def _exponent(ticks: list[Tick], job: str) -> float:
    """The growth of time or calls, divided by that of the tasks; the worse one."""
    found = sorted((t for t in ticks if t.job == job), key=lambda t: t.open_tasks)
    worst = 0.0
    for one, other in itertools.pairwise(found):
        tasks = other.open_tasks / one.open_tasks
        worst = max(worst, other.cpu / one.cpu / tasks)
        if one.calls:
            worst = max(worst, other.calls / one.calls / tasks)
    return worst


_Prepare = Callable[[Hub, World, Path, int], tuple[str, ...]]


def _ticks(folder: Path, count: int, prepare: _Prepare) -> list[Tick]:
    with Hub(folder / "hub") as hub:
        hub.make(_REPO, _FILES)
        limits = {"concurrent_attempts": 1}
        ours = Organization(hub, folder / "ours", [_REPO], "sleep 3600", limits=limits)
        with ours.world() as world:
            jobs = prepare(hub, world, folder, count)
            try:
                _rest(world, jobs)
                return [_tick(hub, world, job, count) for job in jobs]
            finally:
                ours.stop_attempts(world)


def _rest(world: World, jobs: tuple[str, ...]) -> None:
    """Run the jobs until nothing changes any more."""
    for _ in range(200):
        if not any([registry.run(world, job) for job in jobs]):
            return
    raise RuntimeError("the jobs do not come to rest")


def _tick(hub: Hub, world: World, job: str, count: int) -> Tick:
    # An issue that changed in the second of its last look is read again for some seconds.
    time.sleep(_SETTLE_SECONDS)
    registry.run(world, job)
    hub.reset_traffic()
    times: list[float] = []
    cpu: list[float] = []
    for _ in range(_ROUNDS):
        begun, used = time.perf_counter(), time.process_time()
        registry.run(world, job)
        times.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    traffic = hub.traffic()
    same = sum(1 for r in traffic if r["status"] == 304)
    calls, free = round(len(traffic) / _ROUNDS), round(same / _ROUNDS)
    medians = Spread.of(times).median, Spread.of(cpu).median
    return Tick(job, count, *medians, calls, free)


def _queued(hub: Hub, world: World, _folder: Path, count: int) -> tuple[str, ...]:
    """One task runs (its agent sleeps), the others wait for its slot."""
    for n in range(count):
        hub.issue(_REPO, f"wait {n}", "Ready")
    _rest(world, ("dispatcher", "queue-engine"))
    waiting = sum(1 for t in all_tasks(world) if t.status in (Status.QUEUED, Status.RUNNING))
    if waiting != count:
        raise RuntimeError(f"{waiting} of {count} tasks wait")
    return ("dispatcher", "queue-engine")


def _in_review(hub: Hub, world: World, folder: Path, count: int) -> tuple[str, ...]:
    """Open pull requests whose CI goes on, made on the hub; their events are written by us."""
    registry.run(world, "dispatcher")
    base = hub.api("GET", f"/repos/{_REPO}/git/ref/heads/main")["object"]["sha"]
    numbers = [hub.issue(_REPO, f"review {n}", "In Review") for n in range(count)]
    heads = _branches(hub, folder / "branches", numbers)
    with world.store.read() as tx:
        row = repositories.named(tx, _REPO)
    assert row is not None
    mirror = world.mirror(row.repo_id)
    mirror.ensure(row.clone_url)
    mirror.fetch(row.clone_url, world.token)
    for number in numbers:
        body = {"title": f"Mend {number}", "head": f"agent-os/{number}", "base": "main"}
        pull = hub.api("POST", f"/repos/{_REPO}/pulls", body, user=BOT)["number"]
        status = {"state": "pending", "context": "ci"}
        hub.api("POST", f"/repos/{_REPO}/statuses/{heads[number]}", status)
        events = task_events(
            _REPO, row.repo_id, number, base=base, head=heads[number], pull=pull, ends=False
        )
        with world.store.write() as tx:
            log.append(world.store, tx, events)
    return ("pr-monitor",)


def _branches(hub: Hub, work: Path, numbers: list[int]) -> dict[int, str]:
    """A branch with one commit for each issue, pushed in one go; its commit."""
    git("clone", "--quiet", hub.address(_REPO), work)
    tree = git("rev-parse", "HEAD^{tree}", cwd=work).strip()
    heads: dict[int, str] = {}
    for number in numbers:
        words = ("commit-tree", tree, "-p", "HEAD", "-m", f"Mend {number}")
        heads[number] = git(*words, cwd=work).strip()
        git("update-ref", f"refs/heads/agent-os/{number}", heads[number], cwd=work)
    git("push", "--quiet", "origin", "refs/heads/agent-os/*:refs/heads/agent-os/*", cwd=work)
    return heads
