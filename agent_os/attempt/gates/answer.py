"""Gates of an answer, instead of those of a change: it says something, from where, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent_os.attempt.answer import missing
from agent_os.attempt.gates.sources import check_sources
from agent_os.attempt.journal import Journal
from agent_os.domain.attempts import Evidence, GateResult, Order, Verdict
from agent_os.domain.failures import FailureCode


@dataclass(frozen=True)
class Answer:
    """What was taken. `thrown_away` counts the files that were changed though nobody asked."""

    text: str
    problem: str = ""
    thrown_away: int = 0
    gives_away: str = ""
    """What kinds of secrets were taken out of it."""


def judge_answer(
    order: Order,
    git_dir: Path,
    answer: Answer,
    contract: GateResult,
    sandbox: str,
    journal: Journal,
) -> Evidence:
    """Nothing is run: an answer changes nothing."""
    results = [contract, check_answer(answer)]
    if results[-1].verdict is Verdict.PASS:
        results += [
            check_sources(git_dir, order.base, answer.text),
            check_sections(answer.text, order.sections),
        ]
    for result in results:
        facts = {"name": result.name, "verdict": result.verdict.value, "detail": result.detail}
        journal.write("gates", "gate", **facts)
    return Evidence(base=order.base, head=order.start, sandbox=sandbox, gates=tuple(results))


def check_answer(answer: Answer) -> GateResult:
    """There is one, it can be posted, and it gives no secret away."""
    if answer.problem or not answer.text:
        detail, code = answer.problem or "There is no answer.", FailureCode.INVALID_RESULT
        return GateResult(name="answer", verdict=Verdict.FAIL, detail=detail, code=code)
    if answer.gives_away:
        detail, code = f"It gives away: {answer.gives_away}.", FailureCode.SECRET_FOUND
        return GateResult(name="answer", verdict=Verdict.FAIL, detail=detail, code=code)
    detail = f"{len(answer.text):,} characters."
    if answer.thrown_away:
        files = "1 file" if answer.thrown_away == 1 else f"{answer.thrown_away} files"
        detail += f" No change was asked for: that of {files} was thrown away."
    return GateResult(name="answer", verdict=Verdict.PASS, detail=detail)


def check_sections(text: str, asked: tuple[str, ...]) -> GateResult:
    """Those that the issue asks for are there, with text below."""
    if not asked:
        return GateResult(name="sections", verdict=Verdict.NONE, detail="The issue asks for none.")
    lacks = missing(text, asked)
    if not lacks:
        detail = f"All {len(asked)} that were asked for."
        return GateResult(name="sections", verdict=Verdict.PASS, detail=detail)
    detail, code = f"Missing or empty: {', '.join(lacks)}.", FailureCode.INCOMPLETE
    return GateResult(name="sections", verdict=Verdict.FAIL, detail=detail, code=code)
