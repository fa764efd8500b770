"""What our log tells: whom it concerns, what of the planted was found, what was merged."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import Status, TaskKey
from agent_os.simulation import telltale
from agent_os.simulation.conditions import Conditions, Planted
from agent_os.simulation.people import People
from agent_os.simulation.plane import SimulatedWorld
from agent_os.simulation.scenario import FaultKind
from agent_os.simulation.site import Site
from agent_os.store import log, tasks

_PAGE = 5_000


class Watching:
    """Reads what was written since it looked last, and lets people react."""

    def __init__(
        self, world: SimulatedWorld, site: Site, people: People, conditions: Conditions
    ) -> None:
        self._world = world
        self._site = site
        self._people = people
        self._conditions = conditions
        self._seen = 0
        self._digest = hashlib.sha256()
        self._blocked: dict[TaskKey, datetime] = {}
        self._home = str(world.config.home)
        self.counts: Counter[EventKind] = Counter()
        self.signals: dict[str, Event] = {}
        """Each signal as it was first recorded."""
        self.filed: dict[tuple[str, int], Event] = {}
        self._verdicts: dict[str, str] = {}
        self._reactions: dict[EventKind, Callable[[Event, str], None]] = {
            EventKind.ISSUE_FILED: self._filed,
            EventKind.SIGNAL_SEEN: self._signal,
            EventKind.ISSUE_TOLD: self._told,
            EventKind.PULL_OPENED: self._opened,
            EventKind.PROPOSAL_OPENED: self._proposed,
            EventKind.PULL_MERGED: self._merged,
            EventKind.HYPOTHESIS_JUDGED: self._judged,
        }

    @property
    def digest(self) -> str:
        """Of all that was written: equal when two runs did the same."""
        return self._digest.hexdigest()

    def looks(self) -> dict[str, set[EventKind]]:
        """What is new, by repository."""
        found: dict[str, set[EventKind]] = {}
        numbers: set[TaskKey] = set()
        for event in self._new():
            repo = self._site.names.get(event.repo_id or 0, "")
            found.setdefault(repo, set()).add(event.kind)
            self.counts[event.kind] += 1
            self._finds(event, repo)
            if reaction := self._reactions.get(event.kind):
                reaction(event, repo)
            if event.key is not None and event.key.number:
                numbers.add(event.key)
        self._look_at_blocked(sorted(numbers))
        found.pop("", None)
        return found

    def _new(self) -> list[Event]:
        found: list[Event] = []
        while True:
            with self._world.store.read() as tx:
                page = log.history(tx, after=self._seen, limit=_PAGE)
            for seq, event in page:
                self._seen = seq
                said = json.dumps(event.model_dump(mode="json"), sort_keys=True)
                self._digest.update(said.replace(self._home, "HOME").encode())
                found.append(event)
            if len(page) < _PAGE:
                return found

    def _finds(self, event: Event, repo: str) -> None:
        for fault in self._conditions.planted:
            if fault.found_at is not None or not fault.begins <= event.at:
                continue
            if said := telltale.tells(fault, event, repo):
                fault.found_at, fault.found_by = event.at, said
                if event.kind is EventKind.LESSON_ENDED:
                    self._mended(fault)

    def _fault_of(self, repo: str, number: int) -> Planted | None:
        """The fault that an issue is about."""
        filed = self.filed.get((repo, number))
        if filed is None:
            return None
        signal = str(filed.data["signal"])
        for fault in self._conditions.planted:
            if fault.kind is FaultKind.REFUTED_IMPROVEMENT:
                if signal == fault.found_by or signal.startswith("analyzer:planted:"):
                    return fault
            elif fault.mended_at is None and telltale.tells(fault, filed, repo):
                return fault
        return None

    def _by_hand(self, repo: str, number: int) -> Callable[[], None] | None:
        fault = self._fault_of(repo, number)
        if fault is None or fault.kind not in telltale.BY_HAND:
            return None
        return lambda: self._mended(fault)

    def _mended(self, fault: Planted) -> None:
        fault.mended_at = fault.mended_at or self._world.clock.now()

    def verdicts(self) -> dict[str, int]:
        """Hypotheses by their newest verdict."""
        with_figure = [e for e in self.filed.values() if "figure" in e.data]
        said = [self._verdicts.get(str(e.data["signal"]), "open") for e in with_figure]
        return dict(Counter(said))

    # reactions

    def _signal(self, event: Event, repo: str) -> None:
        self.signals.setdefault(str(event.data.get("signal", "")), event)

    def _filed(self, event: Event, repo: str) -> None:
        number = int(event.data["number"])
        self.filed[repo, number] = event
        fault = self._fault_of(repo, number)
        by_hand = self._by_hand(repo, number)
        if fault is not None:
            fault.filed = fault.filed or number
        self._people.filed(repo, number, by_hand=by_hand is not None)
        if event.data.get("by") == "planner":
            self._people.looks_at_sprint(repo, number)
        elif event.data.get("by") != "report" and not event.data.get("started"):
            self._people.looks_at_filed(repo, number, by_hand=by_hand)

    def _told(self, event: Event, repo: str) -> None:
        eager = self._conditions.at_work(FaultKind.EAGER_GROOMER, event.at, repo=repo)
        if eager and event.number and str(event.data.get("purpose", "")).startswith("groom:"):
            self._people.contradicts(repo, event.number)

    def _opened(self, event: Event, repo: str) -> None:
        self._people.looks_at_pull(repo, int(event.data["number"]))

    def _proposed(self, event: Event, repo: str) -> None:
        """People merge those wherever they are."""
        self._people.looks_at_proposal(repo, int(event.data["number"]))

    def _merged(self, event: Event, repo: str) -> None:
        assert event.number is not None
        title = str(self._site.issue(repo, event.number).get("title", ""))
        fault = self._fault_of(repo, event.number)
        if fault is not None:
            self._mended(fault)
        else:
            self._people.meets_merged(repo, event.number, str(event.data["sha"]), title)

    def _judged(self, event: Event, repo: str) -> None:
        signal, verdict = str(event.data.get("signal", "")), str(event.data.get("verdict", ""))
        self._verdicts[signal] = verdict
        for fault in self._conditions.planted:
            if verdict == "confirmed" and signal == fault.found_by:
                fault.confirmed_at = fault.confirmed_at or event.at

    def _look_at_blocked(self, keys: list[TaskKey]) -> None:
        for key in keys:
            with self._world.store.read() as tx:
                task = tasks.get(tx, key)
            if task is None or task.status is not Status.BLOCKED or task.hold is None:
                continue
            if self._blocked.get(key) == task.hold.since:
                continue
            self._blocked[key] = task.hold.since
            by_hand = self._by_hand(task.repo, key.number)
            self._people.looks_at_blocked(task.repo, key.number, by_hand=by_hand)
