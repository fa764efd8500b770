"""Attempts without processes: what a runner would leave behind, at a later simulated time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent_os.domain.attempts import Evidence, Findings, Handoff, KeptRef, Kind, Order, Outcome
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.executor.port import Liveness
from agent_os.localhub.git import Person
from agent_os.simulation.choices import Choices, stream
from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.course import Course, Courses, Job
from agent_os.simulation.gitmodel import OBJECTS
from agent_os.simulation.timetable import Timetable

_STOP_SECONDS = 5.0
_MOST_FILES = 3
#: Remarks in results: every so many-th has one.
_REMARKS = 0.1
_MANY_REMARKS = [
    f"{what} {where}."
    for what in (
        *("The importer keeps a temporary file", "A log line is missing", "The wording differs"),
        *("A helper could be shared", "Old flags are still read", "An index would help"),
        *("The retry waits too long", "Errors are not translated", "A name is misleading"),
    )
    for where in (
        *("when the disk is full", "for empty lists", "in the settings dialog", "after midnight"),
        *("in the French version", "for users without a role", "on the second page", "in exports"),
        *("with very long names", "in the print view", "for deleted accounts", "under load"),
    )
]


@dataclass
class Running:
    """One attempt from its start on."""

    directory: Path
    order: Order
    started_at: datetime
    course: Course
    state: Liveness = "alive"
    stop: str = ""
    made: str = ""
    """The commit that it comes to."""
    outcome: Outcome | None = None


class ModelExecutor:
    """See `executor.port.Executor`. `ended` is told of each end."""

    def __init__(
        self,
        seed: int,
        clock: SimulatedClock,
        timetable: Timetable,
        courses: Courses,
        job_of: Callable[[Order], Job],
    ) -> None:
        self._seed = seed
        self._clock = clock
        self._timetable = timetable
        self._courses = courses
        self._job_of = job_of
        self._attempts: dict[Path, Running] = {}
        self.ended: Callable[[], None] = lambda: None

    def start(self, dir: Path, env: Mapping[str, str]) -> None:
        if self.poll(dir) in ("alive", "ended"):
            return
        order = Order.model_validate_json((dir / "order.json").read_bytes())
        now = self._clock.now()
        course = self._courses.draw(order, self._job_of(order), now)
        made = Running(dir, order, now, course)
        self._attempts[dir] = made
        self._timetable.at(now + timedelta(seconds=course.seconds), lambda: self._ends(made))

    def poll(self, dir: Path) -> Liveness:
        found = self._attempts.get(dir)
        return found.state if found else "absent"

    def stop(self, dir: Path, reason: str) -> None:
        found = self._attempts.get(dir)
        if found and found.state == "alive" and not found.stop:
            found.stop = reason
            soon = self._clock.now() + timedelta(seconds=_STOP_SECONDS)
            self._timetable.at(soon, lambda: self._ends(found))

    def collect(self, dir: Path) -> Outcome:
        found = self._attempts.get(dir)
        if found is None or found.outcome is None:
            raise BadInput(f"The outcome of {dir.name} can't be read.")
        return found.outcome

    def events(self, dir: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
        return [], offset

    def _ends(self, attempt: Running) -> None:
        if attempt.state != "alive":
            return
        code = FailureCode.LOST if attempt.stop else attempt.course.code
        answers = attempt.order.deliverable == "answer"
        if attempt.course.works and not attempt.stop and not answers:
            self._work(attempt)
        if code is None and not attempt.made and not answers:
            code = FailureCode.CONFLICT
        attempt.outcome = self._outcome(attempt, code)
        attempt.state = "ended"
        self.ended()

    def _work(self, attempt: Running) -> None:
        """The commit that it comes to; none for a conflict that is not solved."""
        order = attempt.order
        merged = order.kind is Kind.REFRESH and OBJECTS.is_ancestor(order.base, order.start)
        if order.kind is Kind.VERIFY or merged:
            attempt.made = order.start
            return
        if order.kind is Kind.REFRESH:
            tree = OBJECTS.merged(order.start, order.base)
            files = {**OBJECTS.files(order.base), **OBJECTS.files(order.start)}
            found, parents = OBJECTS.trees[tree] if tree else files, [order.start, order.base]
        else:
            found, parents = OBJECTS.files(order.start) | self._changes(order), [order.start]
        who = Person("agent", "agent@localhost", self._clock.now().isoformat())
        made = OBJECTS.tree(found)
        attempt.made = OBJECTS.commit(made, parents, order.commit_message, who, who)

    def _changes(self, order: Order) -> dict[str, str]:
        """A line more in some files: what others wrote there stays."""
        files = OBJECTS.files(order.start)
        code = [path for path in files if path.startswith("src/")]
        choices = self._choices(order)
        paths = {choices.pick(code) for _ in range(choices.number(1, _MOST_FILES))}
        mark = f"# {order.slug} {order.round}.{order.number} {choices.hexadecimal(6)}\n"
        return {path: files[path] + mark for path in sorted(paths)}

    def _kept(self, attempt: Running) -> tuple[KeptRef, ...]:
        order = attempt.order
        if attempt.made in ("", order.start, order.base):
            return ()
        prefix = f"refs/agent-os/attempts/{order.slug}/{order.round}.{order.number}"
        kept = KeptRef(ref=f"{prefix}/head", sha=attempt.made)
        (attempt.directory / "work.bundle").write_text(json.dumps({kept.ref: kept.sha}))
        return (kept,)

    def _outcome(self, attempt: Running, code: FailureCode | None) -> Outcome:
        order, course, made = attempt.order, attempt.course, attempt.made
        answers = order.deliverable == "answer"
        evidence = Evidence(
            base=order.base,
            head=made or order.base,
            sandbox="none",
            gates=course.gates,
            asked=order.gates.approvals,
            setup_seconds=course.setup_seconds,
        )
        paths = _changed(order.start, made) if made else ()
        return Outcome(
            round=order.round,
            number=order.number,
            fence=order.fence,
            code=code,
            detail=attempt.stop or course.detail,
            signature=course.signature,
            head=(made or None) if code is None and not answers else None,
            answer="Yes.\n\n## Sources\n- README.md:1" if answers and code is None else "",
            work=made or None,
            base=order.base,
            changed_files=len(paths),
            paths=paths,
            insertions=12 * len(paths),
            deletions=3 * len(paths),
            prompt=course.prompt,
            repaired=course.repaired,
            agent=order.agent.name if order.agent else "",
            resets_at=course.resets_at,
            spent=course.spent,
            sandbox="none",
            started_at=attempt.started_at,
            ended_at=self._clock.now(),
            evidence=evidence if course.gates or code is None else None,
            handoff=Handoff(attempted="The task, in simulation."),
            findings=self._findings(order, code),
            kept=self._kept(attempt),
        )

    def _findings(self, order: Order, code: FailureCode | None) -> Findings:
        """Agents remark this and that; mostly each something else."""
        choices = stream(self._seed, "remarks", order.task, order.round, order.number)
        if code is not None or not choices.chance(_REMARKS):
            return Findings()
        return Findings(remaining=choices.pick(_MANY_REMARKS))

    def _choices(self, order: Order) -> Choices:
        return stream(self._seed, "work", order.task, order.round, order.number)


def _changed(before: str, after: str) -> tuple[str, ...]:
    old, new = OBJECTS.files(before), OBJECTS.files(after)
    return tuple(path for path in sorted(old | new) if old.get(path) != new.get(path))
