"""Gate `protected paths`: what decides who may do what is not changed by an agent."""

from __future__ import annotations

from agent_os.attempt.gates.changes import Change, readable
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.patterns import fixed_folders, folded, matches
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode

NAME = "protected paths"
_SHOWN = 10


def check_protected(context: GateContext) -> GateResult:
    """Any kind of change counts: edits, deletions, modes, links, both ends of a rename."""
    patterns = context.order.gates.protected_paths
    touched = [change for change in context.changes if is_protected(change, patterns)]
    if not touched:
        return GateResult(name=NAME, verdict=Verdict.PASS, detail="None touched.")
    names = ", ".join(readable(change.path) for change in touched[:_SHOWN])
    return GateResult(
        name=NAME,
        verdict=Verdict.FAIL,
        detail=f"Changes protected paths: {names}.",
        code=FailureCode.PROTECTED_PATH,
    )


def is_protected(change: Change, patterns: tuple[str, ...]) -> bool:
    """Whether the path matches, or is no folder any more where a pattern needs one."""
    path = folded(change.path)
    return any(
        matches(pattern, change.path) or path in fixed_folders(pattern) for pattern in patterns
    )
