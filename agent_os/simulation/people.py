"""People: they ask, review, answer, approve, and take back what was bad; all in their own time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from agent_os.domain.rules import LabelRules, Mode
from agent_os.simulation.choices import Choices, stream
from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.conditions import Conditions, Planted
from agent_os.simulation.course import Job, difficulty
from agent_os.simulation.scenario import FaultKind, RepositoryPlan
from agent_os.simulation.site import Site
from agent_os.simulation.timetable import WORKING_HOURS, Timetable, working_hours_later
from agent_os.simulation.wishes import Wish, Wishes

_DUPLICATES_A_WEEK = 5.0
_DEFECT_HOURS = 16.0
_REOPENS = 0.7
#: Looks at a pull request whose checks are not green yet, before it is left to others.
_MOST_LOOKS = 30


class People:
    """`jobs`: what each issue is, by repository and number."""

    def __init__(
        self,
        site: Site,
        seed: int,
        clock: SimulatedClock,
        timetable: Timetable,
        conditions: Conditions,
    ) -> None:
        self._site = site
        self._clock = clock
        self._timetable = timetable
        self._conditions = conditions
        self._plan = conditions.scenario.people
        # What is asked for must not depend on what became of the last wish: runs are compared.
        self._asking = {
            r.name: stream(seed, "asks", r.name) for r in conditions.scenario.repositories
        }
        self._seed = seed
        self._counts: Counter[tuple[object, ...]] = Counter()
        self._wishes = {name: Wishes(stream) for name, stream in self._asking.items()}
        self.jobs: dict[tuple[str, int], Job] = {}
        self.acted: Callable[[str], None] = lambda _: None

    def begin(self) -> None:
        for plan in self._conditions.scenario.repositories:
            if plan.issues_per_week > 0:
                self._plan_wish(plan)

    def plant(self, faults: Sequence[Planted]) -> None:
        """What they do because of faults."""
        for fault in faults:
            if fault.kind in (FaultKind.DUPLICATE_ISSUES, FaultKind.EAGER_GROOMER):
                self._plan_duplicate(fault.repo, fault.begins, fault.plan.size)

    def _after(self, hours: float, act: Callable[..., None], repo: str, *about: object) -> None:
        """`hours` of work on average; the first thing that it is about is a number."""
        choices = self._stream(act.__name__, repo, about[0])
        moment = working_hours_later(self._clock.time, choices.waiting(hours))
        self._timetable.at(moment, partial(act, repo, *about))

    def _stream(self, *names: object) -> Choices:
        """Each time that the same comes up it is another one."""
        self._counts[names] += 1
        return stream(self._seed, *names, self._counts[names])

    # what they ask for

    def _plan_wish(self, plan: RepositoryPlan) -> None:
        hours = self._asking[plan.name].waiting(WORKING_HOURS / plan.issues_per_week)
        moment = working_hours_later(self._clock.time, hours)
        self._timetable.at(moment, partial(self._wishes_something, plan))

    def _wishes_something(self, plan: RepositoryPlan) -> None:
        stream = self._asking[plan.name]
        self._asks(plan.name, self._wishes[plan.name].next(difficulty(stream)), stream)
        self._plan_wish(plan)

    def _plan_duplicate(self, repo: str, since: datetime, size: float) -> None:
        hours = self._asking[repo].waiting(WORKING_HOURS / (_DUPLICATES_A_WEEK * size))
        start = max(since, self._clock.time)
        moment = working_hours_later(start, hours)
        self._timetable.at(moment, partial(self._asks_again, repo, size))

    def _asks_again(self, repo: str, size: float) -> None:
        stream, wishes = self._asking[repo], self._wishes[repo]
        if wishes.asked:
            self._asks(repo, wishes.again(difficulty(stream)), stream, ready=0.0)
        self._plan_duplicate(repo, self._clock.time, size)

    def _asks(self, repo: str, wish: Wish, stream: Choices, *, ready: float | None = None) -> None:
        labels = [wish.label] if stream.chance(self._plan.labelled) else []
        body = {"title": wish.title, "body": wish.body, "labels": labels}
        made = self._site.ask("POST", repo, "/issues", body)
        number: int = made["number"]
        self.jobs[repo, number] = Job(repo, wish.type, wish.difficulty)
        if stream.chance(self._plan.ready if ready is None else ready):
            self._site.label(repo, number, "Ready")
        self.acted(repo)

    # what they answer

    def filed(self, repo: str, number: int, *, by_hand: bool) -> None:
        """An issue that we opened: work like any other, once somebody wants it."""
        self.jobs[repo, number] = Job(repo, "default", 0.0, by_hand)

    def looks_at_filed(self, repo: str, number: int, *, by_hand: Callable[[], None] | None) -> None:
        """An issue of ours that waits for a person's word."""
        self._after(self._plan.answer_hours, self._judges, repo, number, by_hand)

    def looks_at_sprint(self, repo: str, number: int) -> None:
        """A plan that waits for their approval."""
        if self._plan.approves:
            self._after(self._plan.answer_hours, self._approves, repo, number)

    def _approves(self, repo: str, number: int) -> None:
        if self._site.issue(repo, number).get("state") == "open":
            self._site.label(repo, number, LabelRules().approved)
            self.acted(repo)

    def _judges(self, repo: str, number: int, by_hand: Callable[[], None] | None) -> None:
        if self._site.issue(repo, number).get("state") != "open":
            return
        if by_hand is not None:
            self._mends(repo, number, by_hand)
        elif self._stream("accepts", repo, number).chance(self._plan.accepts):
            self._site.label(repo, number, "Ready")
        else:
            self._site.close(repo, number, "not_planned")
        self.acted(repo)

    def _mends(self, repo: str, number: int, by_hand: Callable[[], None]) -> None:
        by_hand()
        self._site.comment(repo, number, "Done by hand.")
        self._site.close(repo, number, "completed")

    def looks_at_blocked(
        self, repo: str, number: int, *, by_hand: Callable[[], None] | None
    ) -> None:
        self._after(self._plan.answer_hours, self._answers, repo, number, by_hand)

    def _answers(self, repo: str, number: int, by_hand: Callable[[], None] | None) -> None:
        if by_hand is not None:
            self._mends(repo, number, by_hand)
        elif self._stream("retries", repo, number).chance(self._plan.retries):
            self._site.comment(repo, number, "Look at the neighbouring module; go on.")
            self._site.label(repo, number, "Ready")
        else:
            self._site.close(repo, number, "not_planned")
        self.acted(repo)

    def contradicts(self, repo: str, number: int) -> None:
        """They do not want what the groomer proposes there."""
        self._after(2.0, self._says_no, repo, number)

    def _says_no(self, repo: str, number: int) -> None:
        self._site.comment(repo, number, "No, this is something else. Please leave it open.")
        self.acted(repo)

    # pull requests and what was merged

    def looks_at_pull(self, repo: str, pull: int) -> None:
        """Where people merge."""
        if self._conditions.repository(repo).mode is Mode.PULL_REQUEST:
            self.looks_at_proposal(repo, pull)

    def looks_at_proposal(self, repo: str, pull: int) -> None:
        self._after(self._plan.review_hours, self._reviews, repo, pull, 0)

    def _reviews(self, repo: str, pull: int, looks: int) -> None:
        seen = self._site.ask("GET", repo, f"/pulls/{pull}") or {}
        if seen.get("state") != "open" or looks >= _MOST_LOOKS:
            return
        head = seen["head"]["sha"]
        state = (self._site.ask("GET", repo, f"/commits/{head}/status") or {}).get("state")
        if looks == 0 and self._stream("changes", repo, pull).chance(self._plan.asks_changes):
            body = {"event": "REQUEST_CHANGES", "body": "Name the case in the test, please."}
            self._site.ask("POST", repo, f"/pulls/{pull}/reviews", body)
        elif state == "success":
            if looks:  # what they asked for is there
                body = {"event": "APPROVE", "body": "Good."}
                self._site.ask("POST", repo, f"/pulls/{pull}/reviews", body)
            self._site.ask("PUT", repo, f"/pulls/{pull}/merge", {"merge_method": "squash"})
        self.acted(repo)
        self._after(self._plan.review_hours, self._reviews, repo, pull, looks + 1)

    def meets_merged(self, repo: str, number: int, sha: str, title: str) -> None:
        """Some of what was merged turns out to be bad."""
        if self._stream("defects", repo, number).chance(self._plan.defects):
            self._after(_DEFECT_HOURS, self._takes_back, repo, number, sha, title)

    def _takes_back(self, repo: str, number: int, sha: str, title: str) -> None:
        self._site.revert(repo, sha, title)
        if self._stream("reopens", repo, number).chance(_REOPENS):
            self._site.ask("PATCH", repo, f"/issues/{number}", {"state": "open"})
            self._site.label(repo, number, "Ready")
        self.acted(repo)
