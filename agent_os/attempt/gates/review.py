"""Gate `review`: another agent looks at the result. Nobody who can is no pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from agent_os.attempt.directory import write_atomic
from agent_os.attempt.gates.changes import fingerprint_of
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.contract import NAME as CONTRACT
from agent_os.attempt.gates.reviewer import Reviewer, Task
from agent_os.attempt.listening import spent_before
from agent_os.attempt.lost import end_left_behind
from agent_os.attempt.states import Reviewed, load, save
from agent_os.domain.attempts import GateResult, ReviewerRun, ReviewOrder, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.review import Judged, Met, Review, criteria_of
from agent_os.domain.usage import together

NAME = "review"
_LOG_CHARS = 6_000


def run_review(
    context: GateContext, asked: ReviewOrder, gates: Sequence[GateResult]
) -> tuple[GateResult, Review | None]:
    """The verdict of the first reviewer that gives one that can be read."""
    parts = context.order.parts
    criteria = criteria_of(parts.acceptance, parts.goal or context.order.title)
    change = fingerprint_of(context.repository.path, context.merge_base, context.head)
    if (known := _known(asked.known, criteria, change)) is not None:
        words = f"{known.agent} looked at the same change on an earlier base."
        return GateResult(name=NAME, verdict=Verdict.PASS, detail=words), known
    # What the worker says of itself is no evidence.
    shown = tuple(gate for gate in gates if gate.name != CONTRACT)
    reviewed = _ask(context, asked, Task(criteria, shown, change))
    if reviewed.review is None:
        return _unavailable(asked, reviewed.runs), None
    return judge(reviewed.review), reviewed.review


def judge(review: Review) -> GateResult:
    """One criterion that is not met or one grave fault fails; what can't be told is only shown."""
    words = [
        *(f"criterion {c.number} is not met ({c.criterion}): {c.why}" for c in review.not_met),
        *(f"{f.kind} fault at {f.where}: {f.what}" for f in review.grave),
    ]
    open_ones = [str(c.number) for c in review.criteria if c.verdict is Met.CANT_TELL]
    if words:
        detail = f"{review.agent}: {'; '.join(words)}"
    else:
        met = len(review.criteria) - len(open_ones)
        detail = f"{review.agent}: {met} of {len(review.criteria)} criteria met"
        detail += f", can't tell: {', '.join(open_ones)}." if open_ones else "."
    return GateResult(
        name=NAME,
        verdict=Verdict.FAIL if words else Verdict.PASS,
        detail=" ".join(detail.split())[:1500],
        code=FailureCode.GATE_FAILED if words else None,
        signature=f"{NAME}:{review.signature}" if words else "",
        log=_written(review)[-_LOG_CHARS:],
    )


def _known(before: Review | None, criteria: tuple[str, ...], change: str) -> Review | None:
    """A verdict on the same change and the same criteria, that passed."""
    if before is None or not change or before.diff != change or not before.passes:
        return None
    return before if tuple(c.criterion for c in before.criteria) == criteria else None


def _ask(context: GateContext, asked: ReviewOrder, task: Task) -> Reviewed:
    """One reviewer after the other; goes on where a runner that died had been."""
    directory = context.directory
    reviewed = load(directory.reviewed, Reviewed) or Reviewed()
    if directory.review_started.exists() and reviewed.review is None:
        end_left_behind(directory, context.sandbox)
    for number, agent in list(enumerate(asked.reviewers, 1))[len(reviewed.runs) :]:
        if reviewed.review is not None:
            break
        reviewer = Reviewer(context, agent, number, timedelta(seconds=asked.seconds))
        lost = spent_before(directory.events, agent, reviewer.stage)
        write_atomic(directory.review_started, f"{agent.name}\n")
        before = together(context.spent, *(run.spent for run in reviewed.runs), lost)
        run, review = reviewer.run(task, before)
        run = run.model_copy(update={"spent": together(lost, run.spent)})
        reviewed = Reviewed(runs=(*reviewed.runs, run), review=review)
        context.stop.check()
        save(directory.reviewed, reviewed)
        code = run.code.value if run.code else None
        context.journal.write(NAME, "ended", agent=agent.name, code=code, detail=run.detail)
    return reviewed


def _unavailable(asked: ReviewOrder, runs: Sequence[ReviewerRun]) -> GateResult:
    said = "; ".join(f"{run.agent}: {run.code} ({run.detail})" for run in runs)
    return GateResult(
        name=NAME,
        verdict=Verdict.UNAVAILABLE,
        detail=f"Nobody could look at it: {said or asked.nobody or 'nobody may'}"[:1500],
        code=FailureCode.REVIEW_UNAVAILABLE,
        signature=f"{NAME}:{','.join(f'{run.agent}={run.code}' for run in runs)}",
    )


def _written(review: Review) -> str:
    """For the next worker; what weighs most comes last, where a cut leaves it."""
    lower = [c for c in review.criteria if c.verdict is Met.CANT_TELL]
    faults = sorted(review.faults, key=lambda f: f in review.grave)
    lines = [_line(c) for c in lower]
    lines += [f"{f.severity} {f.kind} fault at {f.where}: {f.what}" for f in faults]
    return "\n".join([*lines, *(_line(c) for c in review.not_met)])


def _line(judged: Judged) -> str:
    where = f" [{', '.join(judged.where)}]" if judged.where else ""
    return f"{judged.verdict}: {judged.number}. {judged.criterion}{where}: {judged.why}"
