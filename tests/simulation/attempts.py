"""Attempts without processes: what a runner leaves behind, at a later simulated time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_os.domain.attempts import Evidence, Handoff, KeptRef, Kind, Order, Outcome
from agent_os.domain.clock import Clock
from agent_os.domain.errors import BadInput, SandboxError
from agent_os.domain.failures import FailureCode
from agent_os.domain.requests import (
    AgentRequest,
    CommentRequest,
    FollowUpRequest,
    LabelRequest,
    QuestionRequest,
)
from agent_os.executor.port import Liveness
from agent_os.localhub.git import Person
from agent_os.simulation.choices import Choices
from agent_os.simulation.gitmodel import OBJECTS

from .points import Points

_FAILURES: tuple[tuple[FailureCode, float], ...] = (
    (FailureCode.TESTS_FAILED, 4),
    (FailureCode.NO_CHANGE, 1),
    (FailureCode.AGENT_FAILED, 2),
    (FailureCode.TIMEOUT, 1),
    (FailureCode.LOST, 2),
    (FailureCode.RATE_LIMITED, 2),
    (FailureCode.BASE_RED, 1),
    (FailureCode.GIT_FAILED, 1),
    (FailureCode.MISSING_CONTEXT, 1),
)
_AGENT = "agent"
#: What agents may set.
LABEL = "ux"


def _asked_for(order: Order) -> tuple[AgentRequest, ...]:
    """The same from each attempt at an issue, so that one of each is granted for a round."""
    number = int(order.slug.partition("-")[2])
    if number % 2 == 0:
        return (QuestionRequest(kind="question", text=f"Why, #{number}?"),)
    return (
        CommentRequest(kind="comment", text=f"A word on {number}."),
        FollowUpRequest(kind="follow_up", title=f"After {number}", body="Do it."),
        LabelRequest(kind="label", label=LABEL),
    )


@dataclass
class Running:
    """One attempt from its start on. `made` is the commit it has worked out so far."""

    directory: Path
    order: Order
    state: Liveness
    stop: str = ""
    deaths: int = 0
    made: str = ""
    outcome: Outcome | None = None


class SimulatedExecutor:
    """See `executor.port.Executor`. Attempts outlive the process that started them."""

    def __init__(self, choices: Choices, clock: Clock, points: Points) -> None:
        self._choices = choices
        self._clock = clock
        self._points = points
        self.attempts: dict[Path, Running] = {}
        self.refuses = 0.0
        """How probably a start fails."""
        self.fails = 0.0
        """How probably an attempt ends with a failure."""
        self.failures_left = 99
        self.failures = _FAILURES
        self.made: list[str] = []
        """Every commit that an agent made."""
        self.verified: set[str] = set()
        """Every commit that passed the gates."""

    def start(self, dir: Path, env: Mapping[str, str]) -> None:
        self._points.reached("executor.start")
        if self.poll(dir) in ("alive", "ended"):
            return
        if self._choices.chance(self.refuses):
            raise SandboxError("The attempt could not be started: no more processes.")
        order = Order.model_validate_json((dir / "order.json").read_bytes())
        self._only_one(dir, order)
        known = self.attempts.get(dir)
        if known is None:
            self.attempts[dir] = Running(dir, order, "alive")
        else:
            known.state = "alive"
        self._points.reached("executor.started")

    def _only_one(self, dir: Path, order: Order) -> None:
        for other in self.attempts.values():
            same = other.order.slug == order.slug and other.directory != dir
            both = same and other.state == "alive"
            self._points.must(not both, f"two attempts of {order.task} run at the same time")

    def poll(self, dir: Path) -> Liveness:
        found = self.attempts.get(dir)
        return found.state if found else "absent"

    def stop(self, dir: Path, reason: str) -> None:
        if found := self.attempts.get(dir):
            found.stop = found.stop or reason

    def collect(self, dir: Path) -> Outcome:
        found = self.attempts.get(dir)
        if found is None or found.outcome is None:
            raise BadInput(f"The outcome of {dir.name} can't be read.")
        return found.outcome

    def events(self, dir: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
        return [], offset

    # what happens to them, by the scheduler

    def alive(self) -> list[Running]:
        return [a for a in self.attempts.values() if a.state == "alive"]

    def dies(self, attempt: Running) -> None:
        """Its runner is killed; started again, it goes on."""
        attempt.state = "lost"
        attempt.deaths += 1
        if not attempt.made and self._choices.chance(0.5):
            self._work(attempt)
        if attempt.made:  # a runner keeps what is there before anything else
            kept = self._kept(attempt)
            snapshot = {"head": attempt.made, "kept": [k.model_dump() for k in kept]}
            (attempt.directory / "snapshot.json").write_text(json.dumps(snapshot))

    def ends(self, attempt: Running) -> str:
        """It writes its outcome; in short what came of it."""
        code = self._code(attempt)
        if code is None or self._choices.chance(0.5):
            self._work(attempt)
        answers = attempt.order.deliverable == "answer"
        if code is None and not attempt.made and not answers:
            code = FailureCode.CONFLICT
        if code is None and not answers:
            self.verified.add(attempt.made)
        attempt.outcome = self._outcome(attempt, code)
        attempt.state = "ended"
        return code.value if code else "complete"

    def _code(self, attempt: Running) -> FailureCode | None:
        if attempt.stop:
            return FailureCode.LOST
        if self.failures_left <= 0 or not self._choices.chance(self.fails):
            return None
        self.failures_left -= 1
        return self._choices.weighted(self.failures)

    def _work(self, attempt: Running) -> None:
        """The commit that the attempt comes to, once; none for a conflict that nobody solves."""
        if attempt.made:
            return
        order = attempt.order
        fresh = order.kind is Kind.REFRESH and OBJECTS.is_ancestor(order.base, order.start)
        if order.kind is Kind.VERIFY or fresh:
            attempt.made = order.start
        elif order.kind is Kind.REFRESH:
            self._merge(attempt)
        else:
            issue = order.slug.partition("-")[2]
            text = f"{order.round}.{order.number} {self._choices.hexadecimal(4)}\n"
            changed = {f"task-{issue}.txt": text}
            if self._choices.chance(0.15):
                changed["calc.py"] = text  # what other tasks change too
            self._commit(attempt, {**OBJECTS.files(order.start), **changed}, [order.start])

    def _merge(self, attempt: Running) -> None:
        order = attempt.order
        tree = OBJECTS.merged(order.start, order.base)
        if tree is None:
            files = {**OBJECTS.files(order.base), **OBJECTS.files(order.start)}
            tree = OBJECTS.tree(files)
        self._commit(attempt, OBJECTS.trees[tree], [order.start, order.base])

    def _commit(self, attempt: Running, files: Mapping[str, str], parents: list[str]) -> None:
        who = Person(_AGENT, "agent@localhost", self._clock.now().isoformat())
        message = attempt.order.commit_message
        attempt.made = OBJECTS.commit(OBJECTS.tree(files), parents, message, who, who)
        self.made.append(attempt.made)
        self._kept(attempt)

    def _kept(self, attempt: Running) -> tuple[KeptRef, ...]:
        order = attempt.order
        if attempt.made in ("", order.start, order.base):
            return ()
        prefix = f"refs/agent-os/attempts/{order.slug}/{order.round}.{order.number}"
        kept = KeptRef(ref=f"{prefix}/head", sha=attempt.made)
        (attempt.directory / "work.bundle").write_text(json.dumps({kept.ref: kept.sha}))
        return (kept,)

    def _outcome(self, attempt: Running, code: FailureCode | None) -> Outcome:
        order, now = attempt.order, self._clock.now()
        answers = order.deliverable == "answer"
        made = "" if answers else attempt.made
        evidence = Evidence(
            base=order.base,
            head=made or order.base,
            sandbox="none",
            gates=(),
            asked=order.gates.approvals,
        )
        return Outcome(
            round=order.round,
            number=order.number,
            fence=order.fence,
            code=code,
            detail=attempt.stop or (f"it ended with {code}" if code else "All gates passed."),
            signature=f"{code}:{self._choices.number(1, 3)}" if code else "",
            head=(made or None) if code is None else None,
            answer="Yes." if answers and code is None else "",
            requests=() if code else _asked_for(order),
            work=made or None,
            base=order.base,
            agent=order.agent.name if order.agent else "",
            sandbox="none",
            started_at=now,
            ended_at=now,
            evidence=evidence if code is None else None,
            handoff=Handoff(attempted="simulated"),
            kept=self._kept(attempt),
        )
