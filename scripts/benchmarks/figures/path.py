"""One task after the other with a daemon: calls, overhead, and the way to the agent."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from agent_os.domain.tasks import Status
from agent_os.effects.world import World
from scripts.benchmarks import phases
from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from scripts.benchmarks.hub import Hub, itemized
from scripts.benchmarks.organization import NEVER, Organization, all_tasks, story, until
from scripts.benchmarks.phases import Phases
from scripts.benchmarks.project import EDIT, files

REPO = "acme/path"
POLL_SECONDS = 5
_TASK_SECONDS = 120


@dataclass(frozen=True)
class Walk:
    """What one task cost."""

    phases: Phases
    traffic: list[dict[str, Any]]

    @property
    def calls(self) -> int:
        """Those that count for GitHub's limit."""
        return _counted(self.traffic)

    @property
    def calls_to_merge(self) -> int:
        """Those of them up to the merge."""
        merge = next(n for n, r in enumerate(self.traffic) if r["path"].endswith("/merge"))
        return _counted(self.traffic[: merge + 1])


def _counted(traffic: list[dict[str, Any]]) -> int:
    return sum(1 for r in traffic if r["status"] != 304)


def webhooks(setting: Setting) -> list[Figure]:
    """Calls, overhead and the start with webhooks; nothing is polled."""
    count = setting.size("path", 3, 20)
    walks = _walk(setting.folder / "webhooks", count, webhooks=True)
    return [
        _calls("calls-webhooks", walks, "with webhooks", bound=14),
        _overhead(walks),
        _start("start-webhooks", walks, "with webhooks", "under 1 s", bound=1.0),
    ]


def polling(setting: Setting) -> list[Figure]:
    """The same without webhooks."""
    count = setting.size("path", 2, 10)
    walks = _walk(setting.folder / "polling", count, webhooks=False)
    target = f"under the interval ({POLL_SECONDS} s) + 1 s"
    means = f"polling every {POLL_SECONDS} s"
    start = _start("start-polling", walks, means, target, bound=POLL_SECONDS + 1.0)
    return [_calls("calls-polling", walks, means, bound=None), start]


def _walk(folder: Path, count: int, *, webhooks: bool) -> list[Walk]:
    ci = folder / "ci"
    schedule = NEVER if webhooks else f"every {POLL_SECONDS}s"
    with Hub(folder / "hub") as hub:
        hub.make(REPO, files(ci))
        ours = Organization(
            hub, folder / "ours", [REPO], EDIT, schedule=schedule, webhooks=webhooks
        )
        with ours.daemon(), ours.world() as world:
            _one(hub, world, ci)  # the first one makes labels and the mirror
            return [_one(hub, world, ci) for _ in range(count)]


def _one(hub: Hub, world: World, ci: Path) -> Walk:
    """A task from its label until nothing is left to do."""
    number = hub.issue(REPO, "make a file")
    until(lambda: _quiet(hub), "the jobs rest", 30)
    hub.reset_traffic()
    labelled = hub.label(REPO, number)
    until(lambda: _settled(world, number), f"#{number} ends", _TASK_SECONDS)
    until(lambda: _quiet(hub), "the jobs rest", 30)
    task, events = story(world, number, REPO)
    return Walk(phases.measured(labelled, task, events, ci), hub.traffic())


def _settled(world: World, number: int) -> bool:
    found = [t for t in all_tasks(world) if t.number == number]
    return bool(found) and found[0].settled and found[0].status is Status.DONE


def _quiet(hub: Hub) -> bool:
    """Nobody has asked for anything for a while."""
    before = len(hub.traffic())
    time.sleep(0.7)
    return len(hub.traffic()) == before


def _calls(name: str, walks: list[Walk], means: str, bound: float | None) -> Figure:
    total: Counter[tuple[str, str]] = Counter()
    for walk in walks:
        total += itemized(walk.traffic)
    routes = sorted({what for what, _ in total}, key=lambda w: -total[w, "counted"])
    rows: list[tuple[str | float, ...]] = [
        (
            what,
            round(total[what, "counted"] / len(walks), 2),
            round(total[what, "304"] / len(walks), 2),
        )
        for what in routes
    ]
    free = sum(1 for w in walks for r in w.traffic if r["status"] == 304) / len(walks)
    merged = round(sum(w.calls_to_merge for w in walks) / len(walks), 2)
    rows.append(("all up to the merge", merged, ""))
    rows.append(("all", round(sum(w.calls for w in walks) / len(walks), 2), round(free, 2)))
    return Figure(
        name=name,
        what=f"API calls a task, Ready → merged and tidied up, {means}",
        unit="calls",
        spread=Spread.of([w.calls for w in walks]),
        how=f"{len(walks)} tasks one after the other; the hub's log of requests; git and 304 apart",
        target="at most 14" if bound else "",
        bound=bound,
        tables=(Table(f"Calls a task, {means}", ("request", "counted", "304"), tuple(rows)),),
    )


def _overhead(walks: list[Walk]) -> Figure:
    rows: list[tuple[str | float, ...]] = []
    for field in fields(Phases):
        spread = Spread.of([getattr(w.phases, field.name) * 1000 for w in walks])
        words = field.name.replace("_", " ")
        rows.append((words, round(spread.low), round(spread.median), round(spread.high)))
    return Figure(
        name="overhead",
        what="own overhead, label → merged without agent, gates and CI, with webhooks",
        unit="s",
        spread=Spread.of([w.phases.overhead for w in walks]),
        how=f"{len(walks)} tasks one after the other; times of the event log, the attempt's files "
        "and the CI step's own clock; CI is the time from the push until its step ended",
        target="p50 at most 1 s",
        bound=1.0,
        tables=(Table("Where the time goes (ms)", ("phase", "min", "median", "max"), tuple(rows)),),
    )


def _start(name: str, walks: list[Walk], means: str, target: str, bound: float) -> Figure:
    found = [w.phases.label_to_agent for w in walks]
    return Figure(
        name=name,
        what=f"label → agent process started, {means}",
        unit="s",
        spread=Spread.of(found),
        how=f"{len(walks)} tasks one after the other; from just before the label's request until "
        "the runner noted the agent's process id",
        target=target,
        bound=bound,
        judged=max(found) if "polling" in name else None,
    )
