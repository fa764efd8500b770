"""The `if:` of jobs and steps: always(), success() and failure(), nothing else."""

import re
from enum import StrEnum

from agent_os.localhub.workflows.section import Section

_CALL = re.compile(r"(?:\$\{\{\s*(\w+)\(\s*\)\s*\}\}|(\w+)\(\s*\))")


class Condition(StrEnum):
    """When a job or a step runs."""

    ALWAYS = "always"
    SUCCESS = "success"
    FAILURE = "failure"

    def holds(self, *, failed: bool, complete: bool = True) -> bool:
        """Whether to run, given that something before failed, or that all before succeeded.

        complete -- False when something before was skipped or cancelled without a failure.
        """
        if self is Condition.ALWAYS:
            return True
        if self is Condition.FAILURE:
            return failed
        return complete and not failed


def read(section: Section) -> Condition:
    """The section's condition, success() when absent; raises WorkflowProblem for any other."""
    value = section.values.get("if")
    if value is None:
        return Condition.SUCCESS
    match = _CALL.fullmatch(value.strip()) if isinstance(value, str) else None
    name = (match.group(1) or match.group(2)) if match else ""
    if name not in set(Condition):
        raise section.problem(f"the condition 'if: {value}' is not supported")
    return Condition(name)
