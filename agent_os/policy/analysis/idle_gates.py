"""Checks that have never failed: they may check nothing."""

from __future__ import annotations

from agent_os.domain.attempts import Verdict
from agent_os.domain.signals import Figure, Place, Severity
from agent_os.policy.analysis.finding import Finding, proof, said, share
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History
from agent_os.policy.metrics.rounds import AttemptRow, GateRow, RoundRow

_RESULTS = 50
_TOLD = (Verdict.PASS, Verdict.FAIL)
_Run = tuple[GateRow, RoundRow, AttemptRow]


def find(history: History) -> list[Finding]:
    """Only the repository's own checks: ours are there for the one time."""
    runs: dict[tuple[int, str], list[_Run]] = {}
    for row in history.rows:
        for attempt in row.tries:
            for gate in attempt.gates:
                if gate.before is not None and gate.name != "setup":
                    key = (row.repo_id, gate.name)
                    runs.setdefault(key, []).append((gate, row, attempt))
    found: list[Finding] = []
    for (repo_id, check), all_runs in runs.items():
        told = [run for run in all_runs if run[0].verdict in _TOLD]
        fired = any(Verdict.FAIL in (gate.verdict, gate.before) for gate, _, _ in told)
        if len(told) >= _RESULTS and not fired:
            found.append(_finding(history, repo_id, check, told))
    return found


def _finding(history: History, repo_id: int, check: str, runs: list[_Run]) -> Finding:
    repo = history.name(repo_id)
    seconds = sum(gate.seconds for gate, _, _ in runs)
    return Finding(
        kind=FindingKind.IDLE_GATE,
        key=check,
        repo_id=repo_id,
        place=Place.REPOSITORY_FILE,
        title=f"The check {check} has never failed",
        problem=(
            f"{said(check, 60)} of {repo} failed in {share(0, len(runs))} results of the last "
            f"twelve weeks, and took {seconds / 60:.0f} minutes for it. Either it checks nothing "
            "that goes wrong, or it can't fail."
        ),
        proposal="Break what it should check, and see whether it fails; mend it, or take it out.",
        acceptance=(f"{said(check, 60)} fails when what it checks is broken, or is gone",),
        proofs=tuple(proof(row, history, "passed", attempt) for _, row, attempt in runs[-3:]),
        figure=Figure(name="gate_seconds", scope={"repo": repo, "check": check}),
        severity=Severity.INFO,
        weight=0.2,
        type="chore",
    )
