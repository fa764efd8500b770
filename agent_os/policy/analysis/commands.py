"""Setup and checks that can't run: a wrong command, a program that is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from agent_os.domain.attempts import Verdict
from agent_os.domain.failures import FailureCode
from agent_os.domain.signals import Figure, Place
from agent_os.policy.analysis.finding import Finding, Proof, proof, said
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

#: So many of the last runs, without one that ran: no bad hour of a network.
_RUNS = 3
_Run = tuple[datetime, bool, RoundRow, AttemptRow]


def find(history: History) -> list[Finding]:
    found: list[Finding] = []
    for (repo_id, gate), runs in _runs(history).items():
        ordered = sorted(runs, key=lambda run: run[0])
        failed: list[_Run] = []
        for run in reversed(ordered):
            if not run[1]:
                break
            failed.append(run)
        if len(failed) >= _RUNS:
            found.append(_finding(history, repo_id, gate, failed[::-1]))
    return found


def _runs(history: History) -> Mapping[tuple[int, str], list[_Run]]:
    """(when, whether it could not run, round, attempt) by repository and step."""
    found: dict[tuple[int, str], list[_Run]] = {}
    for row in history.recent:
        for attempt in row.tries:
            for name, broken in _steps(attempt):
                at = attempt.ended_at or attempt.started_at
                found.setdefault((row.repo_id, name), []).append((at, broken, row, attempt))
    return found


def _steps(attempt: AttemptRow) -> Iterator[tuple[str, bool]]:
    """Whether setup and each check could run. Who never came to it says nothing."""
    named = {gate.name: gate for gate in attempt.gates if gate.before is not None}
    setup = attempt.code is FailureCode.SETUP_FAILED and not any(
        gate.verdict is Verdict.UNAVAILABLE for name, gate in named.items() if name != "setup"
    )
    if setup or named:
        yield "setup", setup
    for name, gate in named.items():
        if name != "setup":
            broken = gate.verdict is Verdict.UNAVAILABLE
            yield name, broken and gate.code is FailureCode.SETUP_FAILED


def _finding(history: History, repo_id: int, gate: str, runs: list[_Run]) -> Finding:
    repo = history.name(repo_id)
    proofs: list[Proof] = []
    for _, _, row, attempt in runs:
        proofs.append(proof(row, history, said(attempt.detail), attempt))
    tasks = len({row.number for _, _, row, _ in runs})
    which = "The setup command" if gate == "setup" else f"The check {said(gate, 60)}"
    return Finding(
        kind=FindingKind.WRONG_COMMAND,
        key=gate,
        repo_id=repo_id,
        place=Place.REPOSITORY_FILE,
        title=f"{gate} of .agent-os.yaml can't run",
        problem=(
            f"{which} of {repo} could not run in the last {len(runs)} runs ({tasks} tasks), and "
            f"has not run since {runs[0][0]:%Y-%m-%d %H:%M} UTC. No result can be verified so.\n\n"
            f"The last words: {said(runs[-1][3].detail, 400)}"
        ),
        proposal=(
            f"Mend {said(gate, 60)} in `.agent-os.yaml`, or install what it needs in `setup`, so "
            "that it runs in a fresh checkout of the default branch."
        ),
        acceptance=(
            f"{said(gate, 60)} of `.agent-os.yaml` runs in a fresh checkout as it is",
            "Its command and the programs that it needs are named in `.agent-os.yaml` only",
        ),
        proofs=tuple(proofs),
        figure=Figure(name="environment_failures", scope={"repo": repo}, expected=0.0),
        weight=tasks,
    )
