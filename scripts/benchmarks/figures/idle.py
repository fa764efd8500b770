"""What a job costs when there is nothing to do."""

from __future__ import annotations

import time
from collections import Counter

from agent_os.jobs import registry
from scripts.benchmarks.figure import Figure, Setting, Spread, Table
from scripts.benchmarks.hub import Hub, itemized
from scripts.benchmarks.organization import Organization
from scripts.benchmarks.project import EDIT, files


def idle(setting: Setting) -> list[Figure]:
    """Ticks of the dispatcher and the PR monitor over repositories without open work."""
    folder, ticks = setting.folder, setting.size("ticks", 5, 50)
    repos = [f"acme/idle{n}" for n in range(setting.size("repositories", 2, 4))]
    with Hub(folder / "hub") as hub:
        for repo in repos:
            hub.make(repo, files(folder / "ci"))
            hub.issue(repo, "nobody asked for this")
        ours = Organization(hub, folder / "ours", repos, EDIT)
        with ours.world() as world:
            for _ in range(3):
                registry.run(world, "dispatcher")
            calls: list[float] = []
            seconds: list[float] = []
            seen: Counter[tuple[str, str]] = Counter()
            for _ in range(ticks):
                hub.reset_traffic()
                begun = time.perf_counter()
                registry.run(world, "dispatcher")
                seconds.append((time.perf_counter() - begun) * 1000 / len(repos))
                traffic = hub.traffic()
                calls.append(len(traffic) / len(repos))
                seen += itemized(traffic)
            hub.reset_traffic()
            registry.run(world, "pr-monitor")
            monitor = float(len(hub.traffic()))
    rows = tuple((what, kind, n / ticks / len(repos)) for (what, kind), n in sorted(seen.items()))
    how = f"{ticks} ticks over {len(repos)} repositories; the hub's log of requests"
    fresh = sum(n for (_, kind), n in seen.items() if kind != "304")
    return [
        Figure(
            name="idle-dispatcher",
            what="requests of an idle dispatcher tick, a repository",
            unit="requests",
            spread=Spread.of(calls),
            how=f"{how}; not answered 304: {fresh}",
            target="one, answered 304",
            bound=1,
            judged=max(calls) + fresh,
            tables=(Table("An idle tick, a repository", ("request", "answer", "times"), rows),),
        ),
        Figure(
            name="idle-dispatcher-time",
            what="time of an idle dispatcher tick, a repository",
            unit="ms",
            spread=Spread.of(seconds),
            how=f"{how}; wall clock, with the hub on the same machine",
        ),
        Figure(
            name="idle-monitor",
            what="requests of an idle PR monitor without open pull requests of ours",
            unit="requests",
            spread=Spread.of([monitor]),
            how="one tick; the hub's log of requests",
            target="none",
            bound=0,
        ),
    ]
