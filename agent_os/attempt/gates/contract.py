"""Gate `result contract`: what the agent itself says. It can only lower the verdict."""

from __future__ import annotations

from agent_os.attempt import asking
from agent_os.attempt.result import AgentResult, Status
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode

NAME = "result contract"


def check_contract(result: AgentResult | None, problem: str) -> GateResult:
    """`problem` is why the file could not be read; `result` is None when there was no file."""
    if problem:
        code = FailureCode.INVALID_RESULT
        return GateResult(name=NAME, verdict=Verdict.FAIL, detail=problem, code=code)
    if result is None:
        return GateResult(name=NAME, verdict=Verdict.NONE, detail="No result file.")
    if result.status is Status.COMPLETE:
        return GateResult(name=NAME, verdict=Verdict.PASS, detail="The agent says: complete.")
    code = FailureCode.INCOMPLETE if result.status is Status.PARTIAL else result.blocker
    why = result.manual_steps if code is FailureCode.MANUAL_STEP else result.summary
    detail = f"The agent says it is {result.status}: {' '.join(why.split())[:600]}"
    for question in asking.questions(result.requests):
        detail += f" It asks: {' '.join(question.split())[:600]}"
    return GateResult(name=NAME, verdict=Verdict.FAIL, detail=detail, code=code)
