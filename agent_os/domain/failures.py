"""Failure codes. The code alone decides what happens next; see `policy/retry.py`."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    PROVIDER = "provider"
    ENVIRONMENT = "environment"
    TASK = "task"
    PERSON = "person"


class FailureCode(StrEnum):
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    OVERLOADED = "overloaded"
    AUTH_FAILED = "auth_failed"
    MODEL_UNAVAILABLE = "model_unavailable"

    SETUP_FAILED = "setup_failed"
    SANDBOX_FAILED = "sandbox_failed"
    DISK_FULL = "disk_full"
    GIT_FAILED = "git_failed"
    AGENT_MISSING = "agent_missing"
    LOST = "lost"
    REVIEW_UNAVAILABLE = "review_unavailable"
    BASE_RED = "base_red"

    NO_CHANGE = "no_change"
    TESTS_FAILED = "tests_failed"
    TESTS_WEAKENED = "tests_weakened"
    GATE_FAILED = "gate_failed"
    AGENT_FAILED = "agent_failed"
    INVALID_RESULT = "invalid_result"
    TIMEOUT = "timeout"
    STALLED = "stalled"
    BUDGET_EXHAUSTED = "budget_exhausted"
    CI_FAILED = "ci_failed"
    CONFLICT = "conflict"
    INCOMPLETE = "incomplete"

    MISSING_CONTEXT = "missing_context"
    NEEDS_CREDENTIALS = "needs_credentials"
    NEEDS_APPROVAL = "needs_approval"
    PROTECTED_PATH = "protected_path"
    SECRET_FOUND = "secret_found"
    MANUAL_STEP = "manual_step"


_FIRST_OF_FAMILY = {
    FailureCode.RATE_LIMITED: Family.PROVIDER,
    FailureCode.SETUP_FAILED: Family.ENVIRONMENT,
    FailureCode.NO_CHANGE: Family.TASK,
    FailureCode.MISSING_CONTEXT: Family.PERSON,
}


def _families() -> dict[FailureCode, Family]:
    families: dict[FailureCode, Family] = {}
    family = Family.PROVIDER
    for code in FailureCode:
        family = _FIRST_OF_FAMILY.get(code, family)
        families[code] = family
    return families


FAMILIES = _families()

#: What a person does about each code; also the table in the README (a test compares them).
WHAT_TO_DO: dict[FailureCode, str] = {
    FailureCode.RATE_LIMITED: "Nothing: the provider cools down until its reset time.",
    FailureCode.QUOTA_EXHAUSTED: "Wait for the reset, raise the quota, or add another provider.",
    FailureCode.OVERLOADED: "Nothing: it is tried again later.",
    FailureCode.AUTH_FAILED: "Renew the provider's key.",
    FailureCode.MODEL_UNAVAILABLE: "Name a model that the provider has.",
    FailureCode.SETUP_FAILED: (
        "Run `setup` of .agent-os.yaml by hand; hosts it needs go into `profiles.setup.network`."
    ),
    FailureCode.SANDBOX_FAILED: "Run `agent-os doctor`; it names what the sandbox lacks.",
    FailureCode.DISK_FULL: "Free disk space under `home`.",
    FailureCode.GIT_FAILED: "Look at `agent-os logs TASK`; check access to the repository.",
    FailureCode.AGENT_MISSING: "Install the agent's program, or mend its `command`.",
    FailureCode.LOST: "Read `agent-os logs TASK`; the work was kept. `agent-os retry` goes on.",
    FailureCode.REVIEW_UNAVAILABLE: "Run `agent-os agents`; name others in `review` of the config.",
    FailureCode.BASE_RED: "Mend the base branch; the task goes on when it moves.",
    FailureCode.NO_CHANGE: "Say in the issue what should change.",
    FailureCode.TESTS_FAILED: "Read the evidence; sharpen the issue, then label it Ready.",
    FailureCode.TESTS_WEAKENED: "If the tests should change, say so by the label for it.",
    FailureCode.GATE_FAILED: "Read the evidence for the failed gate.",
    FailureCode.AGENT_FAILED: "Read `agent-os logs TASK`; the agent ended with an error.",
    FailureCode.INVALID_RESULT: "Read `agent-os logs TASK`; the result file can't be read.",
    FailureCode.TIMEOUT: "Raise `limits.attempt_minutes`, or make the task smaller.",
    FailureCode.STALLED: "Raise `limits.stall_minutes`, or look why the agent hangs.",
    FailureCode.BUDGET_EXHAUSTED: "Raise the budget, or make the task smaller.",
    FailureCode.CI_FAILED: "Read the failing step on the pull request.",
    FailureCode.CONFLICT: "Solve the conflict on the branch by hand, or retry.",
    FailureCode.INCOMPLETE: "Read what remains in the handoff; split the task or retry.",
    FailureCode.MISSING_CONTEXT: "Answer the question in the issue, then label it Ready.",
    FailureCode.NEEDS_CREDENTIALS: "Provide the credential that is named, then label it Ready.",
    FailureCode.NEEDS_APPROVAL: "Approve what is named, then label it Ready.",
    FailureCode.PROTECTED_PATH: (
        "Make that change by hand, or take the path off the list "
        "(workflows: `approvals.workflows`)."
    ),
    FailureCode.SECRET_FOUND: "Remove the secret from the task or the repository; rotate it.",
    FailureCode.MANUAL_STEP: "Do the step that is named, then label it Ready.",
}


def family(code: FailureCode) -> Family:
    return FAMILIES[code]


def charged(code: FailureCode) -> bool:
    """Whether an attempt that ended so counts against the task's limit (and the agent)."""
    return family(code) is Family.TASK
