"""One reviewer's run: a fresh checkout, its program in the sandbox, one file read back."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agent_os.agents.registry import driver_named
from agent_os.attempt.agent import AgentStage
from agent_os.attempt.directory import write_atomic
from agent_os.attempt.gates.changes import diff_text, readable
from agent_os.attempt.gates.checkout import Checkout
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.place import Place
from agent_os.attempt.prompt import cut, from_outside, render, sources_of
from agent_os.attempt.result import read_left
from agent_os.attempt.reviewing import (
    FILE_NAME,
    MAX_BYTES,
    example,
    instructions,
    parse_review,
    place,
)
from agent_os.attempt.secrets import finder_of
from agent_os.domain.attempts import AgentOrder, GateResult, ReviewerRun
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FailureCode
from agent_os.domain.profiles import Role
from agent_os.domain.review import Review
from agent_os.domain.usage import Spent, together
from agent_os.policy.invisible import spelled_out
from agent_os.workspace.git import git_start
from agent_os.workspace.removing import remove
from agent_os.workspace.steering import steers

_LARGEST_FILE = 20_000_000
_MESSAGE = "The result that is looked at"


@dataclass(frozen=True)
class Task:
    """What every reviewer is asked. `gates` are those of ours that came before."""

    criteria: tuple[str, ...]
    gates: tuple[GateResult, ...]
    change: str


class Reviewer:
    """Nothing that it leaves but its verdict is looked at; the result is not within its reach."""

    def __init__(
        self, context: GateContext, agent: AgentOrder, number: int, time: timedelta
    ) -> None:
        self.stage = f"review.{number}"
        self._context = context
        self._agent = agent
        self._time = time
        self._finder = finder_of(context.order)

    def run(self, task: Task, spent: Spent | None) -> tuple[ReviewerRun, Review | None]:
        """`spent`: by this attempt before. A review only when its run has no code."""
        cap = self._context.order.limits.usd
        if cap is not None and spent is not None and spent.usd is not None and spent.usd >= cap:
            words = f"${spent.usd:.2f} of the ${cap:.2f} that this attempt may cost are spent."
            return self._failed(FailureCode.BUDGET_EXHAUSTED, words), None
        try:
            return self._run(task, spent)
        except BadInput as error:
            # A driver or a template that can't be used; another reviewer may do.
            return self._failed(FailureCode.AGENT_MISSING, error.message), None

    def _run(self, task: Task, spent: Spent | None) -> tuple[ReviewerRun, Review | None]:
        checkout, restored = self._checkout()
        stage = self._stage(checkout)
        first = stage.run(self._prompt(task, restored), spent=spent)
        runs = [first]
        review, problem = self._read(checkout, task) if first.code is None else (None, "")
        driver = driver_named(self._agent.driver)
        if problem and driver.apis and not self._context.stop.asked():
            self._context.journal.write(self.stage, "repair", problem=problem)
            session = first.session if driver.resumes else ""
            again = self._prompt(task, restored, problem, resumed=bool(session))
            runs.append(stage.run(again, session, together(spent, first.spent)))
            if runs[-1].code is None:
                review, problem = self._read(checkout, task)
        last = runs[-1]
        code = last.code or (FailureCode.INVALID_RESULT if review is None else None)
        run = ReviewerRun(
            agent=self._agent.name,
            code=code,
            detail=last.detail if last.code else problem,
            resets_at=last.resets_at,
            spent=together(*(one.spent for one in runs)),
        )
        return run, review if code is None else None

    def _failed(self, code: FailureCode, detail: str) -> ReviewerRun:
        return ReviewerRun(agent=self._agent.name, code=code, detail=detail)

    def _checkout(self) -> tuple[Checkout, str]:
        """The result as one commit of ours on its base, without the worker's messages; and the
        files that were taken back."""
        context = self._context
        repository = context.repository
        tree = repository.tree_of(context.head)
        commit = repository.commit(tree, (context.merge_base,), _MESSAGE)
        checkout = Checkout(context, self.stage, commit)
        steering = [change for change in context.changes if steers(os.fsencode(change.path))]
        checkout.take_back(steering, context.merge_base)
        _remove(checkout.path / FILE_NAME)
        return checkout, ", ".join(readable(change.path) for change in steering)

    def _stage(self, checkout: Checkout) -> AgentStage:
        context, directory = self._context, self._context.directory
        prompt = directory.review_prompt
        return AgentStage(
            directory,
            context.order,
            self._agent,
            Place(
                stage=self.stage,
                work=checkout.path,
                home=checkout.home,
                log=directory.path / f"{self.stage}.log",
                task=prompt,
                handoff=prompt,
                shown=(prompt, *context.repository.object_stores),
                deadline=min(context.order.limits.deadline, context.clock.now() + self._time),
                role=Role.REVIEWER,
            ),
            context.sandbox,
            context.clock,
            context.stop,
            context.journal,
        )

    def _prompt(
        self, task: Task, restored: str, problem: str = "", *, resumed: bool = False
    ) -> str:
        context, order = self._context, self._context.order
        budget = order.budget.model_dump()
        parts = {
            name: from_outside(cut(text, budget[name]))
            for name, text in order.parts.model_dump().items()
        }
        shown = (context.repository.path, context.merge_base, context.head, 4 * order.budget.diff)
        numbered = "\n".join(f"{n}. {text}" for n, text in enumerate(task.criteria, 1))
        text = render(
            "review.md.j2",
            context.directory.prompts,
            resumed=resumed,
            title=from_outside(" ".join(order.title.split())),
            sources=sources_of(order),
            removed=order.removed,
            task=order.task,
            base=context.merge_base,
            parts=parts,
            criteria=from_outside(numbered),
            diff=from_outside(cut(spelled_out(diff_text(*shown)), order.budget.diff)),
            gates=task.gates,
            checked=from_outside(cut(_checked(task.gates), order.budget.feedback)),
            restored=from_outside(cut(restored, order.budget.lessons)),
            problem=problem,
            instructions=instructions(),
            example=example(),
        )
        text = self._finder.redact(text)
        write_atomic(context.directory.review_prompt, text)
        return text

    def _read(self, checkout: Checkout, task: Task) -> tuple[Review | None, str]:
        """The verdict, or why it can't be used."""
        try:
            data = read_left(checkout.path, FILE_NAME, MAX_BYTES)
            if data is None:
                raise BadInput(f"There is no {FILE_NAME} in the top folder.")
            criteria, faults = parse_review(data, task.criteria)
            self._check_places([w for c in criteria for w in c.where])
            self._check_places([fault.where for fault in faults])
        except BadInput as error:
            return None, self._finder.redact(error.message)
        provider = self._agent.provider
        review = Review(
            agent=self._agent.name,
            model=self._agent.model,
            vendor=provider.vendor if provider else "",
            criteria=criteria,
            faults=faults,
            diff=task.change,
        )
        return self._finder.redact_model(review), ""

    def _check_places(self, wheres: Sequence[str]) -> None:
        """BadInput for lines that are nowhere: what does not exist shows nothing."""
        count = functools.cache(self._lines)
        for where in wheres:
            path, last = place(where)
            if last > max(count(self._context.head, path), count(self._context.merge_base, path)):
                raise BadInput(f"{FILE_NAME} names {where}, which is not there.")

    def _lines(self, commit: str, path: str) -> int:
        data = git_start(
            *("cat-file", "blob", f"{commit}:{path.removeprefix('./')}"),
            git_dir=self._context.repository.path,
            max_bytes=_LARGEST_FILE,
        )
        return data.count(b"\n") + (not data.endswith(b"\n")) if data else 0


def _checked(gates: Sequence[GateResult]) -> str:
    """One line a gate. What they print is the repository's, so it is text from outside, too."""
    lines = list[str]()
    for gate in gates:
        command = f" (`{gate.command}`)" if gate.command else ""
        line = f"- {gate.name}: {gate.verdict.value}{command}. {gate.detail}"
        lines.append(spelled_out(" ".join(line.split())))
    return "\n".join(lines)


def _remove(path: Path) -> None:
    """A verdict that stands in the result is the worker's."""
    if path.is_dir() and not path.is_symlink():
        remove(path)
    else:
        path.unlink(missing_ok=True)
