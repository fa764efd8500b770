"""Gates `diff` and `size`: there is a change, and a person could still read it."""

from __future__ import annotations

from agent_os.attempt.gates.context import GateContext
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode

_MOST_NOTES = 5


def check_diff(context: GateContext) -> GateResult:
    """A result without a diff against the recorded base is no result."""
    if context.changes:
        count = len(context.changes)
        detail = f"{count} {'file' if count == 1 else 'files'} changed."
        if context.notes:
            detail += f" Of what the agent left: {'; '.join(context.notes[:_MOST_NOTES])}."
        return GateResult(name="diff", verdict=Verdict.PASS, detail=detail)
    return GateResult(
        name="diff",
        verdict=Verdict.FAIL,
        detail=f"No change against {context.order.base[:12]}.",
        code=FailureCode.NO_CHANGE,
    )


def check_size(context: GateContext) -> GateResult:
    """Files and changed lines stay within the order's limits."""
    gates = context.order.gates
    files = len(context.changes)
    lines = sum(change.insertions + change.deletions for change in context.changes)
    detail = (
        f"{files} files (at most {gates.max_files}), {lines} lines (at most {gates.max_lines})."
    )
    if files <= gates.max_files and lines <= gates.max_lines:
        return GateResult(name="size", verdict=Verdict.PASS, detail=detail)
    code = FailureCode.GATE_FAILED
    return GateResult(name="size", verdict=Verdict.FAIL, detail=detail, code=code)
