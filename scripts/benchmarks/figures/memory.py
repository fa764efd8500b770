"""Memory of an attempt's runner, and of the control plane with many attempts at work."""

from __future__ import annotations

import json
import time
from pathlib import Path

from agent_os.domain.tasks import Status
from agent_os.effects.world import World
from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from scripts.benchmarks.hub import Hub
from scripts.benchmarks.organization import Organization, all_tasks, until
from scripts.benchmarks.process import Size, size
from scripts.benchmarks.project import EDIT, files

REPO = "acme/memory"
#: The agents sleep while they are looked at, and are ended afterwards.
_SLEEP = f"sleep 600; {EDIT}"
_START_SECONDS = 600
_SETTLE_SECONDS = 5
_SAMPLES = 10
_SAMPLE_SECONDS = 0.005


def runner(setting: Setting) -> list[Figure]:
    """Whole attempts, one after the other, watched from start to end."""
    count = setting.size("runs", 1, 10)
    peaks: list[Size] = []
    with Hub(setting.folder / "hub") as hub:
        hub.make(REPO, files(setting.folder / "ci"))
        ours = Organization(hub, setting.folder / "ours", [REPO], EDIT, webhooks=True)
        with ours.daemon(), ours.world() as world:
            for n in range(count):
                number = hub.issue(REPO, f"make file {n}")
                hub.label(REPO, number)
                peaks.append(_watched(world, number))
    return [
        Figure(
            name="runner",
            what="memory of an attempt's runner: the largest resident size of its life",
            unit="MB",
            spread=Spread.of([s.peak for s in peaks]),
            how=f"{count} attempts; VmHWM in /proc, read every {_SAMPLE_SECONDS * 1000:.0f} ms "
            "until it ended; without its children (git, sandbox, agent)",
            target="at most 45 MB",
            bound=45,
            judged=max(s.peak for s in peaks),
        )
    ]


def _watched(world: World, number: int) -> Size:
    """The runner of this task's attempt as it was last, just before it ended."""

    def started() -> Path | None:
        task = next((t for t in all_tasks(world) if t.number == number), None)
        found = Path(task.attempts[0].directory) if task and task.attempts else None
        return found if found and (found / "started.json").exists() else None

    folder = until(started, "the attempt starts", 60)
    pid = json.loads((folder / "started.json").read_text())["pid"]
    last = size(pid)
    while (now := size(pid)) is not None:
        last = now
        time.sleep(_SAMPLE_SECONDS)
    if last is None:
        raise RuntimeError("the attempt was over before it could be looked at")
    return last


def plane(setting: Setting) -> list[Figure]:
    """The daemon while many agents run."""
    count = setting.size("attempts", 3, 50)
    with Hub(setting.folder / "hub") as hub:
        hub.make(REPO, files(setting.folder / "ci"))
        limits = {"concurrent_attempts": count}
        ours = Organization(
            hub, setting.folder / "ours", [REPO], _SLEEP, webhooks=True, limits=limits
        )
        with ours.daemon() as daemon:
            time.sleep(_SETTLE_SECONDS)
            first = _living(daemon)
        with ours.daemon() as daemon, ours.world() as world:
            for n in range(count):
                hub.label(REPO, hub.issue(REPO, f"sleep {n}"))
            until(lambda: len(_asleep(world)) == count, "all agents sleep", _START_SECONDS)
            time.sleep(_SETTLE_SECONDS)
            sizes = [_living(daemon) for _ in range(_SAMPLES) if not time.sleep(0.2)]
            runners = [_living(_pid(folder)) for folder in _asleep(world)]
        with ours.world() as world:  # the daemon is down: nothing is started again
            ours.stop_attempts(world)
    peak = max(s.peak for s in sizes)
    return [
        Figure(
            name="control-plane",
            what=f"memory of the control plane with {count} running attempts",
            unit="MB",
            spread=Spread.of([s.rss for s in sizes]),
            how=f"resident size of `agent-os up` with webhooks, {_SAMPLES} samples while {count} "
            "agents sleep; the target is held against the peak since the daemon's start on a home "
            "that was there; its very first start also loads the migrations",
            target="at most 100 MB",
            bound=100,
            judged=peak,
            tables=(_table(first, sizes, runners),),
        )
    ]


def _table(first: Size, plane: list[Size], runners: list[Size]) -> Table:
    rows: list[tuple[str | float, ...]] = []
    for name, found in (
        ("control plane, very first start, idle", [first]),
        ("control plane, attempts running", plane),
        ("a runner whose agent works", runners),
    ):
        spreads = [Spread.of([getattr(s, key) for s in found]) for key in ("rss", "pss", "peak")]
        rows.append((name, len(found), *(round(s.median, 1) for s in spreads)))
    columns = ("process", "samples", "resident", "proportional (pss)", "peak")
    return Table("Memory (MB, medians)", columns, tuple(rows))


def _asleep(world: World) -> list[Path]:
    """Directories of the attempts whose agent runs."""
    running = [t.running for t in all_tasks(world) if t.status is Status.RUNNING]
    folders = [Path(attempt.directory) for attempt in running if attempt]
    return [folder for folder in folders if (folder / "agent.process").exists()]


def _pid(folder: Path) -> int:
    return json.loads((folder / "started.json").read_text())["pid"]


def _living(pid: int) -> Size:
    found = size(pid)
    if found is None:
        raise RuntimeError(f"process {pid} has ended")
    return found
