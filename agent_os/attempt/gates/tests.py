"""Gate `tests`: a result may not pass because its tests were weakened."""

from __future__ import annotations

from agent_os.attempt.gates.changes import Change, readable
from agent_os.attempt.gates.checkout import Checkout
from agent_os.attempt.gates.checks import run_side
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.testfiles import count_skips, count_tests, is_runner_file, is_test_file
from agent_os.attempt.gates.testsettings import deciding_lines
from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.workspace.git import git_start, run_git

NAME = "tests"
_MAX_READ = 2_000_000
_SHOWN = 5


def check_tests(context: GateContext) -> GateResult:
    """Compare the touched test files, then run the base's own tests on the result."""
    commands = context.order.gates.checks.values()
    running = [c for c in context.changes if is_runner_file(c.path, commands)]
    touched = [c for c in context.changes if c in running or is_test_file(c.path)]
    # A new conftest.py reaches into the tests that are there, a new unittest.py replaces them.
    new = [c for c in touched if c in running or c.path.rsplit("/", 1)[-1] == "conftest.py"]
    reaching = [c for c in touched if c.in_base or c in new]
    reasons = [*_weaknesses(context, reaching), *_changed_settings(context)]
    if not (reaching or reasons):
        return GateResult(name=NAME, verdict=Verdict.PASS, detail="Existing tests untouched.")
    allowed = context.order.gates.tests_may_change
    log, seconds = "", 0.0
    if not reasons and not allowed and context.order.gates.checks:
        reasons, log, seconds = _run_old_tests(context, touched)
    if not reasons:
        words = "Existing tests changed; none was removed or switched off."
        return GateResult(name=NAME, verdict=Verdict.PASS, detail=words, seconds=seconds)
    shown = "; ".join(reasons[:_SHOWN])
    if allowed:
        words = f"Weakened, allowed by {allowed}: {shown}."
        return GateResult(name=NAME, verdict=Verdict.PASS, detail=words)
    return GateResult(
        name=NAME,
        verdict=Verdict.FAIL,
        detail=f"Tests weakened: {shown}.",
        code=FailureCode.TESTS_WEAKENED,
        log=log,
        seconds=seconds,
    )


def _weaknesses(context: GateContext, changes: list[Change]) -> list[str]:
    return [reason for change in changes if (reason := weakened(context, change))]


def _changed_settings(context: GateContext) -> list[str]:
    """Settings files in which the choice of tests changed; only where there were tests."""
    found = [
        f"{readable(change.path)} changes which tests run"
        for change in context.changes
        if deciding_lines(change.path, _text(context, context.merge_base, change.path))
        != deciding_lines(change.path, _text(context, context.head, change.path))
    ]
    return found if found and _has_tests(context) else []


def weakened(context: GateContext, change: Change) -> str:
    """How this change takes something from the tests; empty if it does not, as far as one sees."""
    name = readable(change.path)
    if change.status == "D":
        return f"{name} deleted"
    if change.new_mode not in ("100644", "100755"):
        return f"{name} is no regular file any more"
    before = _text(context, context.merge_base, change.path) if change.in_base else ""
    after = _text(context, context.head, change.path)
    if before.strip() and not after.strip():
        return f"{name} emptied"
    tests = count_tests(change.path, before), count_tests(change.path, after)
    if tests[1] < tests[0]:
        return f"{name} has {tests[1]} tests, {tests[0]} before"
    if count_skips(after) > count_skips(before):
        return f"{name} switches tests off"
    return ""


def _text(context: GateContext, commit: str, path: str) -> str:
    data = git_start(
        *("cat-file", "blob", f"{commit}:{path}"),
        git_dir=context.repository.path,
        max_bytes=_MAX_READ,
    )
    return data.decode("utf-8", "replace")


def _run_old_tests(context: GateContext, touched: list[Change]) -> tuple[list[str], str, float]:
    """Run the checks on the result with the base's version of every touched test file."""

    def restore(checkout: Checkout) -> None:
        checkout.take_back(touched, context.merge_base)

    if not (_has_tests(context) or any(change.in_base for change in touched)):
        return [], "", 0.0
    side = run_side(context, "old-tests", context.head, restore)
    runs = [side.setup] if side.setup is not None and not side.ready else [*side.checks.values()]
    failed = [run for run in runs if not run.passed]
    seconds = sum(run.seconds for run in runs)
    if not failed:
        return [], "", seconds
    words = f"the tests as they were on the base fail on this result ({failed[0].words})"
    return [words], failed[0].tail[-6000:], seconds


def _has_tests(context: GateContext) -> bool:
    args = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", context.merge_base)
    listed = run_git(*args, git_dir=context.repository.path)
    return any(is_test_file(path) for path in listed.split("\0") if path)
