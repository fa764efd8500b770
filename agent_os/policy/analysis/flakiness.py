"""Checks that fail and pass on the same commit: on a base, on a kept result, in CI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_os.domain.attempts import Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.signals import Figure, Place
from agent_os.policy.analysis.finding import Finding, proof, said
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import AttemptId, History, attempt_id
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

#: Tasks that met it: a single flip may have been the machine's.
_TASKS = 2
#: So many, where one of them has met it surely, and the others between two runs that passed.
_TASKS_ALONE = 3
_TOLD = (Verdict.PASS, Verdict.FAIL)
_CI = "CI"


@dataclass(frozen=True, eq=False)
class _Run:
    """One run of a check on a commit."""

    row: RoundRow
    attempt: AttemptRow
    check: str
    commit: str
    passed: bool


def find(history: History) -> tuple[list[Finding], set[AttemptId]]:
    """The findings, and the attempts that failed for nothing but that."""
    found: list[Finding] = []
    explained: set[AttemptId] = set()
    flips: dict[tuple[int, str], list[_Run]] = {}
    for run in (*_flipped(history.recent), *_ci_flips(history.recent)):
        flips.setdefault((run.row.repo_id, run.check), []).append(run)
    alone: dict[tuple[int, str], list[_Run]] = {}
    for run in _alone(history.recent):
        alone.setdefault((run.row.repo_id, run.check), []).append(run)
    for (repo_id, check), runs in flips.items():
        together = [*runs, *alone.get((repo_id, check), ())]
        enough = _tasks(runs) >= _TASKS or _tasks(together) >= _TASKS_ALONE
        if enough and _comes_back(history, repo_id, check, together):
            found.append(_finding(history, repo_id, check, runs))
            explained |= _explained(history, repo_id, check)
    return found, explained


def _comes_back(history: History, repo_id: int, check: str, failed: Sequence[_Run]) -> bool:
    """Whether it passed between two failures: what broke once and was mended is not flaky."""
    if check.startswith(_CI):
        return True
    times = [run.attempt.started_at for run in failed]
    return any(
        run.passed and min(times) < run.attempt.started_at < max(times)
        for run in _runs(history.recent)
        if (run.row.repo_id, run.check) == (repo_id, check)
    )


def _tasks(runs: Sequence[_Run]) -> int:
    return len({run.row.number for run in runs})


def _runs(rows: Sequence[RoundRow]) -> Iterator[_Run]:
    for row in rows:
        for attempt in row.tries:
            for gate in attempt.gates:
                if gate.before is None:
                    continue  # ours, not a command of the repository
                if attempt.base and gate.before in _TOLD:
                    passed = gate.before is Verdict.PASS
                    yield _Run(row, attempt, gate.name, attempt.base, passed)
                if attempt.head and gate.verdict in _TOLD:
                    passed = gate.verdict is Verdict.PASS
                    yield _Run(row, attempt, gate.name, attempt.head, passed)


def _flipped(rows: Sequence[RoundRow]) -> Iterator[_Run]:
    """The failed runs of a check on a commit on which it passed, too."""
    groups: dict[tuple[int, str, str], list[_Run]] = {}
    for run in _runs(rows):
        groups.setdefault((run.row.repo_id, run.check, run.commit), []).append(run)
    for runs in groups.values():
        if any(run.passed for run in runs):
            yield from (run for run in runs if not run.passed)


def _alone(rows: Sequence[RoundRow]) -> Iterator[_Run]:
    """The failed runs on a base between two that passed: a base that broke would stay so."""
    groups: dict[tuple[int, str], list[_Run]] = {}
    for run in _runs(rows):
        if run.commit == run.attempt.base:
            groups.setdefault((run.row.repo_id, run.check), []).append(run)
    for runs in groups.values():
        ordered = sorted(runs, key=lambda run: run.attempt.started_at)
        for before, run, after in zip(ordered, ordered[1:], ordered[2:], strict=False):
            if before.passed and not run.passed and after.passed:
                yield run


def _ci_flips(rows: Sequence[RoundRow]) -> Iterator[_Run]:
    """CI sent a commit back, nobody made another one, and it was merged."""
    for row in rows:
        for place, attempt in enumerate(row.tries):
            later = row.tries[place + 1 :]
            refused = attempt.code is FailureCode.CI_FAILED
            if refused and row.merged_at and all(a.code is not None for a in later):
                yield _Run(row, attempt, _ci_check(attempt), attempt.head, passed=False)


def _ci_check(attempt: AttemptRow) -> str:
    return f"{_CI}: {attempt.detail.removeprefix('CI failed: ')}"[:120]


def _explained(history: History, repo_id: int, check: str) -> set[AttemptId]:
    """All failures of the check count as its own, also where no second run tells."""
    found: set[AttemptId] = set()
    for row in (*history.recent, *history.before):
        for attempt in row.tries if row.repo_id == repo_id else ():
            red = any(g.name == check and g.verdict is Verdict.FAIL for g in attempt.gates)
            ci = attempt.code is FailureCode.CI_FAILED and _ci_check(attempt) == check
            if attempt.code is not None and (red or ci):
                found.add(attempt_id(row, attempt))
    return found


def _finding(history: History, repo_id: int, check: str, runs: Sequence[_Run]) -> Finding:
    repo, tasks = history.name(repo_id), len({run.row.number for run in runs})
    ci = check.startswith(_CI)
    scope = {"repo": repo} if ci else {"repo": repo, "check": check}
    proofs = [
        proof(run.row, history, f"failed on `{run.commit[:10] or 'its commit'}`", run.attempt)
        for run in runs
    ]
    return Finding(
        kind=FindingKind.FLAKY_CHECK,
        key=check,
        repo_id=repo_id,
        place=Place.REPOSITORY,
        title=f"{check} fails and passes on the same commit",
        problem=(
            f"{said(check, 80)} of {repo} failed {len(runs)} times in {tasks} tasks on a commit on "
            "which it passed as well. Work is sent back, or waits, for nothing that it did."
        ),
        proposal=(
            "Find what the check depends on besides the code (time, order, network, random numbers,"
            " shared files) and take that out, or take the one test out until it is mended."
        ),
        acceptance=(
            f"{said(check, 80)} passes twenty times in a row on one commit of the default branch",
            "No test is left out without a reason beside it",
        ),
        proofs=tuple(proofs),
        figure=Figure(name="ci_failures" if ci else "gate_failures", scope=scope),
        weight=tasks,
    )
