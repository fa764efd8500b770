"""Continuous integration: one report for each commit that a branch comes to, in its own time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from agent_os.simulation.choices import stream
from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.conditions import Conditions
from agent_os.simulation.site import Site
from agent_os.simulation.timetable import Timetable

_RERUN = timedelta(hours=1)


class Ci:
    """`told` is called with the repository of each report."""

    def __init__(
        self,
        site: Site,
        seed: int,
        clock: SimulatedClock,
        timetable: Timetable,
        conditions: Conditions,
    ) -> None:
        self._site = site
        self._seed = seed
        self._clock = clock
        self._timetable = timetable
        self._conditions = conditions
        self._seen: set[str] = set()
        self._counts: Counter[str] = Counter()
        self.told: Callable[[str], None] = lambda _: None

    def looks(self, repo: str) -> None:
        """Commits that are new on a branch are tested."""
        main = self._site.head(repo)
        for branch, sha in self._site.heads(repo).items():
            if sha in self._seen:
                continue
            self._seen.add(sha)
            name = f"{repo} {branch}"
            self._counts[name] += 1
            choices = stream(self._seed, name, self._counts[name])
            plan = self._conditions.repository(repo)
            after = timedelta(seconds=choices.spread(plan.ci_seconds, 0.2))
            red = sha != main and choices.chance(plan.ci_red)
            first = next(iter(plan.checks), "")
            flaky = self._conditions.flaky(repo, first, self._clock.time) - plan.flaky
            flaked = choices.chance(flaky)
            state = "failure" if red or flaked else "success"
            self._timetable.at(self._clock.time + after, partial(self._tells, repo, sha, state))
            if flaked and not red:
                # Whoever sees it starts it again.
                later = self._clock.time + after + _RERUN
                self._timetable.at(later, partial(self._tells, repo, sha, "success"))

    def _tells(self, repo: str, sha: str, state: str) -> None:
        self._site.report(repo, sha, state)
        self.told(repo)
