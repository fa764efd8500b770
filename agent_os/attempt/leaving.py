"""The handoff: what this attempt leaves for the next, from facts, in bounded parts."""

from __future__ import annotations

from collections.abc import Iterable

from agent_os.attempt.failure import Failure
from agent_os.attempt.result import AgentResult, Status
from agent_os.attempt.states import AgentRun
from agent_os.domain.attempts import Evidence, Findings, GateResult, Handoff, Order, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.requests import AgentRequest, QuestionRequest

PART_CHARS = 4_000
_LOG_CHARS = 1_200


def make_handoff(
    order: Order,
    run: AgentRun | None,
    result: AgentResult | None,
    evidence: Evidence | None,
    diff: str,
    failed: Failure | None,
) -> Handoff:
    """Facts of ours first; what the agent says fills what we can't know."""
    who = order.agent.name if order.agent else "no agent"
    how = f", ended after {run.seconds:.0f} s" if run else ""
    attempted = f"{order.kind} by {who} (round {order.round}, attempt {order.number}){how}."
    if result and result.summary:
        attempted += f"\n{result.summary}"
    remains, next_step = (result.remaining, result.next_step) if result else ("", "")
    if failed is not None:
        remains = remains or f"{failed.code}: {failed.detail}"
        next_step = next_step or f"Mend this first: {failed.detail}"
    return Handoff(
        attempted=attempted[:PART_CHARS],
        changed=diff[:PART_CHARS],
        remains=remains[:PART_CHARS],
        failed=_failures(evidence, run, result)[:PART_CHARS],
        next=next_step[:PART_CHARS],
    )


def make_findings(result: AgentResult | None) -> Findings:
    """The result file's sections that outlive the task."""
    if result is None:
        return Findings()
    return Findings(
        remaining=result.remaining[:PART_CHARS],
        risks=result.risks[:PART_CHARS],
        manual_steps=result.manual_steps[:PART_CHARS],
    )


def leaving_requests(
    result: AgentResult | None, code: FailureCode | None
) -> tuple[AgentRequest, ...]:
    """What is asked of the outside by an attempt that ended with `code`; by failed work, nothing.

    The questions of an agent that is blocked are in the notice that a person gets. A review that
    could not be had may still come: then the work is accepted.
    """
    if result is None:
        return ()
    if code in (None, FailureCode.REVIEW_UNAVAILABLE):
        return result.requests
    if result.status is Status.BLOCKED and code is result.blocker:
        return tuple(r for r in result.requests if not isinstance(r, QuestionRequest))
    return ()


def _failures(evidence: Evidence | None, run: AgentRun | None, result: AgentResult | None) -> str:
    parts = list(_failed_gates(evidence.gates if evidence else ()))
    if run is not None and run.code is not None:
        parts.append(f"{run.detail}\n{run.tail[-_LOG_CHARS:]}".strip())
    if result and result.failed_approaches:
        parts.append(f"Tried without success: {result.failed_approaches}")
    return "\n\n".join(parts)


def _failed_gates(gates: Iterable[GateResult]) -> Iterable[str]:
    for gate in gates:
        if gate.verdict in (Verdict.FAIL, Verdict.UNAVAILABLE):
            head = f"{gate.name} ({gate.command or 'gate'}): {gate.detail}"
            yield f"{head}\n{gate.log[-_LOG_CHARS:]}".strip()
