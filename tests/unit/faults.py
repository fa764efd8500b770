"""What goes wrong in a made-up organization from a week on, each as a sensible size of it."""

from __future__ import annotations

from agent_os.domain.attempts import Verdict
from agent_os.domain.failures import FailureCode
from agent_os.policy.analysis.kinds import FindingKind

from .organizations import CHECKS, Draft, Fault

#: Three weeks before the end of a record of twelve.
BEGINS = 9.0


def _fails(draft: Draft, code: FailureCode, signature: str, detail: str) -> None:
    draft.code, draft.signature, draft.detail = code, signature, detail


def wrong_command(draft: Draft) -> None:
    if draft.repo == "acme/app":
        _fails(draft, FailureCode.SETUP_FAILED, "setup:x", "setup: sh: pyhton: not found")
        draft.gates = {"setup": (Verdict.FAIL, Verdict.UNAVAILABLE)}
        draft.seconds["setup"] = draft.setup


def missing_check(draft: Draft) -> None:
    if draft.repo == "acme/app":
        if draft.code is None:
            _fails(draft, FailureCode.SETUP_FAILED, "lint:x", "lint: The command was not found")
        draft.gates["lint"] = (Verdict.UNAVAILABLE, Verdict.UNAVAILABLE)


def new_failure(draft: Draft) -> None:
    """Four tenths of the tasks of one repository meet a thing that was not there."""
    if draft.repo == "acme/app" and draft.rng.random() < 0.4:
        _fails(draft, FailureCode.TESTS_FAILED, "tests_failed:new", "unit: a fixture is gone")
        draft.gates["unit"] = (Verdict.PASS, Verdict.FAIL)


def slow_setup(draft: Draft) -> None:
    if draft.repo == "acme/lib":
        draft.setup *= 2.5


def slow_check(draft: Draft) -> None:
    if draft.repo == "acme/lib":
        draft.seconds["unit"] *= 2.5


def flaky(draft: Draft) -> None:
    """A fifth of all runs of one check fail, on the base or on the result."""
    if draft.repo != "acme/site" or draft.code is not None:
        return
    base, result = (
        Verdict.FAIL if draft.rng.random() < 0.2 else Verdict.PASS for _ in ("base", "result")
    )
    draft.gates["unit"] = (base, result)
    if result is Verdict.FAIL:
        _fails(draft, FailureCode.TESTS_FAILED, f"flaky:{draft.rng.random()}", "unit: it failed")


def bad_prompt(draft: Draft) -> None:
    draft.prompt = "v2"
    if draft.rng.random() < 0.35:
        draft.repaired = True


def degrading(draft: Draft) -> None:
    if draft.agent == "first" and draft.code is None and draft.rng.random() < 0.5:
        _fails(draft, FailureCode.TESTS_FAILED, f"mine:{draft.rng.random()}", "unit: it failed")
        draft.gates[draft.rng.choice(CHECKS)] = (Verdict.PASS, Verdict.FAIL)


def dearer(draft: Draft) -> None:
    if draft.agent == "second":
        draft.usd *= 2.5


def escalating(draft: Draft) -> None:
    """A third of the tasks of one repository lack what only a person knows."""
    if draft.repo == "acme/app" and draft.rng.random() < 0.6:
        _fails(draft, FailureCode.MISSING_CONTEXT, "asks", "Which of the two databases?")


FAULTS: dict[str, tuple[Fault, set[FindingKind]]] = {
    "a wrong setup command": (wrong_command, {FindingKind.WRONG_COMMAND}),
    "a check without its program": (missing_check, {FindingKind.WRONG_COMMAND}),
    "a new failure": (new_failure, {FindingKind.NEW_FAILURE, FindingKind.RISING_FAILURE}),
    "a slow setup": (slow_setup, {FindingKind.SLOW_STEP}),
    "a slow check": (slow_check, {FindingKind.SLOW_STEP}),
    "a flaky check": (flaky, {FindingKind.FLAKY_CHECK}),
    "a prompt that breaks results": (bad_prompt, {FindingKind.PROMPT_BREAKS_RESULTS}),
    "an agent that degrades": (degrading, {FindingKind.AGENT_DEGRADES}),
    "an agent that costs more": (dearer, {FindingKind.COST_RISES}),
    "questions to people": (
        escalating,
        {
            *(FindingKind.SAME_ESCALATION, FindingKind.NEW_FAILURE),
            FindingKind.RISING_FAILURE,
        },
    ),
}


def from_week(fault: Fault, week: float = BEGINS) -> Fault:
    def later(draft: Draft) -> None:
        if draft.week >= week:
            fault(draft)

    return later
