"""What the checks on a pull request mean: wait, mend, or nothing against a merge."""

from __future__ import annotations

from datetime import timedelta

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import Record
from agent_os.domain.events import EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.observed import Check, CheckState
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import Mode
from agent_os.policy import texts
from agent_os.policy.pull_facts import Answer, PullFacts, pushed_at, wait, wanted
from agent_os.policy.steps import event, incident, record

_CI_MAY_START = timedelta(minutes=1)


def judge(facts: PullFacts) -> Answer:
    assert facts.head_checks is not None and facts.base_checks is not None
    head = {c.name: c for c in facts.head_checks.checks}
    base = {c.name: c for c in facts.base_checks.checks}
    expected = set(facts.required) or set(head) | set(base)
    if not expected:
        return _no_ci(facts)
    failed = [head[n] for n in sorted(expected & set(head)) if _is(head[n], CheckState.FAILURE)]
    if failed:
        return _red(facts, failed, base)
    asking = [n for n in sorted(expected & set(head)) if _is(head[n], CheckState.NEEDS_PERSON)]
    if asking:
        said = "; ".join(f"{n}: {head[n].summary}" for n in asking)
        return wait(facts, Reason.CI_NEEDS_PERSON, said[:500])
    pending = [n for n in sorted(expected & set(head)) if _is(head[n], CheckState.PENDING)]
    if pending:
        return wait(facts, Reason.CI_RUNNING, ", ".join(pending))
    missing = sorted(expected - set(head))
    return wait(facts, Reason.CI_MISSING, ", ".join(missing)) if missing else None


def _is(check: Check, state: CheckState) -> bool:
    return check.state is state


def _no_ci(facts: PullFacts) -> Answer:
    """That a repository has no CI needs positive proof, and the owner's consent."""
    if facts.active_workflows:
        return wait(facts, Reason.CI_MISSING, f"{facts.active_workflows} active workflows")
    if facts.now - pushed_at(facts.task) < _CI_MAY_START:
        return wait(facts, Reason.CI_MISSING, "the push is less than a minute ago")
    if facts.rules.mode is not Mode.AUTO_MERGE or facts.rules.merge_without_ci:
        return None
    return wait(facts, Reason.NO_CI)


def _red(facts: PullFacts, failed: list[Check], base: dict[str, Check]) -> Answer:
    """What also fails on the base charges nobody; the rest goes back as a fix."""
    task = facts.task
    assert task.result is not None
    names = ", ".join(c.name for c in failed)
    before = facts.verified_base_checks
    old = {c.name: c for c in before.checks} if before else {}
    if all(_red_on(base, c.name) or _red_on(old, c.name) for c in failed):
        if facts.base_head != task.result.base:
            return wanted(facts, Kind.REFRESH, "its base moved while checks fail on both")
        answer = wait(facts, Reason.BASE_RED, names)
        opened = incident(task, facts.now, f"base_red:{facts.base_head}", names)
        return record(task, *answer.events, opened) if isinstance(answer, Record) else answer
    if any(c.name in base and _is(base[c.name], CheckState.PENDING) for c in failed):
        return wait(facts, Reason.CI_RUNNING, f"{names}, on the base")
    feedback = texts.ci_feedback(failed, facts.logs)
    rejected = event(
        task,
        EventKind.RESULT_REJECTED,
        facts.now,
        attempt=task.result.attempt,
        code=FailureCode.CI_FAILED.value,
        detail=f"CI failed: {names}",
        signature=texts.digest("ci", *(n for c in failed for n in (c.name, _tail(facts, c)))),
    )
    mend = wanted(facts, Kind.FIX, f"CI failed: {names}", feedback)
    return record(task, rejected, *mend.events)


def _red_on(base: dict[str, Check], name: str) -> bool:
    return name in base and _is(base[name], CheckState.FAILURE)


def _tail(facts: PullFacts, check: Check) -> str:
    return texts.without_numbers(facts.logs.get(check.name, ""))
