"""Many tasks at once against what the slots and the raw steps allow."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, fields
from pathlib import Path

from agent_os.domain.attempts import Kind
from agent_os.domain.events import EventKind
from agent_os.domain.tasks import Status
from agent_os.effects.world import World
from agent_os.store import log
from scripts.benchmarks import phases
from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from scripts.benchmarks.hub import Hub, git
from scripts.benchmarks.organization import Organization, all_tasks, story, until
from scripts.benchmarks.phases import Phases
from scripts.benchmarks.project import EDIT, files

_RAW = Path(__file__).parents[1] / "raw.sh"
_REPOSITORIES, _SLOTS, _AGENT_SECONDS = 4, 8, 1
_LIMIT_SECONDS = 3600
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Crowd:
    """How many tasks went through in how many seconds, and what they cost."""

    seconds: float
    attempts: int
    refreshes: int
    cpu: dict[str, float]
    walks: list[Phases]


def throughput(setting: Setting) -> list[Figure]:
    """Merged as they are verified: the same steps a task as the raw ones."""
    return _measure(setting, "throughput", stale=True)


def fresh_base(setting: Setting) -> list[Figure]:
    """As by default: nothing is merged that was not verified on the base it is merged into."""
    return _measure(setting, "throughput-fresh-base", stale=False)


def _measure(setting: Setting, name: str, *, stale: bool) -> list[Figure]:
    count = setting.size("tasks", 24, 200)
    repos = [f"acme/crowd{n}" for n in range(_REPOSITORIES)]
    ci = setting.folder / "ci"
    with Hub(setting.folder / "hub", ci_jobs=_SLOTS) as hub:
        for repo in repos:
            hub.make(repo, files(ci))
        raw = _raw(hub, setting.folder, repos, ci, count)
        crowd = _crowd(hub, setting.folder, repos, ci, count, stale=stale)
    bound = count * _AGENT_SECONDS / _SLOTS
    ratio = crowd.seconds / max(bound, raw)
    how = "each verified on the base it is merged into" if not stale else "allow_stale_base"
    return [
        Figure(
            name=name,
            what=f"{count} tasks, {_REPOSITORIES} repositories, {_SLOTS} slots, agent of "
            f"{_AGENT_SECONDS} s, {how}: against the larger of the slots' bound and the raw steps",
            unit="×",
            spread=Spread.of([ratio]),
            how="one run; from the daemon's start until the last merge; raw steps: a shell script "
            "(clone, agent, commit, checks of base and result, bundle, push, CI), "
            f"{_SLOTS} at a time, on the same hub just before",
            target="at most 1.3 ×" if stale else "",
            bound=1.3 if stale else None,
            tables=(_table(crowd, raw, bound, count, how), _phases(crowd, how)),
        )
    ]


def _raw(hub: Hub, folder: Path, repos: list[str], ci: Path, count: int) -> float:
    """Seconds of the raw steps of all tasks."""
    mirrors, work = folder / "raw-mirrors", folder / "raw"
    mirrors.mkdir()
    work.mkdir()
    for repo in repos:
        git("clone", "--quiet", "--bare", hub.address(repo), mirrors / f"{repo.split('/')[1]}.git")
    remote = hub.address("").removesuffix("/.git")
    names = [f"{repos[n % len(repos)].split('/')[1]}/{n}" for n in range(count)]
    argv = ["xargs", "-n", "1", "-P", str(_SLOTS), str(_RAW), str(work), str(mirrors), remote]
    argv += [str(ci), str(_AGENT_SECONDS)]
    who = {
        f"GIT_{role}_{key}": "bench"
        for role in ("AUTHOR", "COMMITTER")
        for key in ("NAME", "EMAIL")
    }
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    begun = time.monotonic()
    subprocess.run(
        argv,
        input="\n".join(names),
        text=True,
        check=True,
        env={**environment, **who},
        timeout=_LIMIT_SECONDS,
    )
    return time.monotonic() - begun


def _crowd(hub: Hub, folder: Path, repos: list[str], ci: Path, count: int, *, stale: bool) -> Crowd:
    ours = Organization(
        hub,
        folder / "ours",
        repos,
        f"sleep {_AGENT_SECONDS}; {EDIT}",
        webhooks=True,
        repositories=[{"name": r, "mode": "auto-merge", "allow_stale_base": stale} for r in repos],
        limits={"concurrent_attempts": _SLOTS},
    )
    for n in range(count):
        hub.issue(repos[n % len(repos)], f"make file {n}", "Ready")
    before = {"hub": _cpu(hub.pid), "machine": _machine_cpu()}
    begun = time.time()
    with ours.daemon() as daemon, ours.world() as world:
        until(lambda: _merged(world) == count, "all are merged", _LIMIT_SECONDS)
        after = {"daemon": _cpu(daemon), "hub": _cpu(hub.pid), "machine": _machine_cpu()}
        cpu = {key: value - before.get(key, 0.0) for key, value in after.items()}
        ended = _last_merge(world)
        until(lambda: all(t.settled for t in all_tasks(world)), "all is tidied up", _LIMIT_SECONDS)
        return _counted(world, ended - begun, cpu, ci, begun)


def _counted(world: World, seconds: float, cpu: dict[str, float], ci: Path, begun: float) -> Crowd:
    found = all_tasks(world)
    attempts = [a for t in found for a in t.attempts]
    walks = [
        phases.measured(begun, *story(world, task.number, task.repo), ci)
        for task in found
        if len(task.attempts) == 1
    ]
    refreshes = sum(1 for a in attempts if a.kind is Kind.REFRESH)
    return Crowd(seconds, len(attempts), refreshes, cpu, walks)


def _merged(world: World) -> int:
    found = all_tasks(world)
    if wrong := [t for t in found if t.status in (Status.BLOCKED, Status.CANCELLED)]:
        raise RuntimeError(f"{wrong[0].name}: {wrong[0].hold or wrong[0].cancelled}")
    return sum(1 for t in found if t.pull and t.pull.merged_sha)


def _last_merge(world: World) -> float:
    with world.store.read() as tx:
        found = log.history(tx, kinds=[EventKind.PULL_MERGED], limit=1)
    return found[0][1].at.timestamp()


def _cpu(pid: int) -> float:
    """Seconds of a process and of those of its children that have ended."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(words[n]) for n in (11, 12, 13, 14)) / _TICKS


def _machine_cpu() -> float:
    """Seconds that all cores were at work (user, nice, system, irq) since the machine's start."""
    words = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(int(words[n]) for n in (0, 1, 2, 5, 6)) / _TICKS


def _table(crowd: Crowd, raw: float, bound: float, count: int, how: str) -> Table:
    rest = crowd.cpu["machine"] - crowd.cpu["daemon"] - crowd.cpu["hub"]
    rows: list[tuple[str | float, ...]] = [
        ("ours", round(crowd.seconds, 1)),
        ("the raw steps", round(raw, 1)),
        ("the slots' bound", round(bound, 1)),
        ("ours, a task", round(crowd.seconds / count, 2)),
        ("attempts (count)", crowd.attempts),
        ("refreshes among them (count)", crowd.refreshes),
        ("CPU: daemon with its gits", round(crowd.cpu["daemon"], 1)),
        ("CPU: hub with its gits and CI", round(crowd.cpu["hub"], 1)),
        ("CPU: the rest of the machine (runners, agents, and whatever else ran)", round(rest, 1)),
    ]
    return Table(f"{count} tasks, {how} (seconds)", ("what", "value"), tuple(rows))


def _phases(crowd: Crowd, how: str) -> Table:
    rows: list[tuple[str | float, ...]] = []
    if crowd.walks:
        for field in fields(Phases)[2:]:
            spread = Spread.of([getattr(w, field.name) for w in crowd.walks])
            words = field.name.replace("_", " ")
            rows.append((words, *(round(v, 2) for v in (spread.low, spread.median, spread.high))))
    title = f"Where the time goes in a crowd (s), tasks with one attempt, {how}"
    return Table(title, ("phase", "min", "median", "max"), tuple(rows))
