"""Setup and checks that take much longer than they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from agent_os.domain.signals import Figure, Place
from agent_os.policy import statistics
from agent_os.policy.analysis import chance
from agent_os.policy.analysis.finding import Finding, proof, said
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

_TASKS = 5
_TIMES = 1.5
_SECONDS = 10.0
_SETUP = "setup"
_Times = dict[tuple[int, str], list[tuple[float, RoundRow, AttemptRow]]]


def find(history: History) -> list[Finding]:
    now, before = _times(history.recent), _times(history.before)
    enough = {
        key: (now[key], [seconds for seconds, _, _ in before[key]])
        for key in now
        if len(now[key]) >= _TASKS and len(before.get(key, ())) >= _TASKS
    }
    level = chance.ALPHA / max(1, len(enough))
    found: list[Finding] = []
    for (repo_id, step), (rows, past) in enough.items():
        times = [seconds for seconds, _, _ in rows]
        usual, then = median(times), median(past)
        slower = usual >= _TIMES * then and usual - then >= _SECONDS
        if slower and statistics.mann_whitney(times, past) <= level:
            found.append(_finding(history, repo_id, step, rows, past))
    return found


def _times(rows: Sequence[RoundRow]) -> _Times:
    """One time a round and step, its median: runs of one task are much alike."""
    found: _Times = {}
    for row in rows:
        for step, of in _steps(row).items():
            runs = [(of(attempt), attempt) for attempt in row.tries if of(attempt) > 0]
            if runs:
                middle = median(seconds for seconds, _ in runs)
                found.setdefault((row.repo_id, step), []).append((middle, row, runs[-1][1]))
    return found


def _steps(row: RoundRow) -> Mapping[str, Callable[[AttemptRow], float]]:
    names = {
        g.name for a in row.tries for g in a.gates if g.before is not None and g.name != _SETUP
    }

    def seconds(name: str) -> Callable[[AttemptRow], float]:
        return lambda attempt: sum(g.seconds for g in attempt.gates if g.name == name)

    return {_SETUP: lambda attempt: attempt.setup_seconds} | {n: seconds(n) for n in sorted(names)}


def _finding(
    history: History,
    repo_id: int,
    step: str,
    rows: Sequence[tuple[float, RoundRow, AttemptRow]],
    past: Sequence[float],
) -> Finding:
    repo, setup = history.name(repo_id), step == _SETUP
    usual, then = median(seconds for seconds, _, _ in rows), median(past)
    slowest = sorted(rows, key=lambda one: one[0])[-5:]
    scope = {"repo": repo} if setup else {"repo": repo, "check": step}
    return Finding(
        kind=FindingKind.SLOW_STEP,
        key=step,
        repo_id=repo_id,
        place=Place.REPOSITORY_FILE if setup else Place.REPOSITORY,
        title=f"{step} takes {usual:.0f} s, {then:.0f} s before",
        problem=(
            f"{said(step, 60)} of {repo} takes {usual:.0f} s (median of {len(rows)} tasks of the "
            f"last {history.weeks}), {usual / then:.1f} times the {then:.0f} s of the {len(past)} "
            "tasks in the weeks before. Each attempt pays for it, on base and result."
        ),
        proposal=f"Find what made {said(step, 60)} slower; bring it back to {then:.0f} s.",
        acceptance=(
            f"{said(step, 60)} takes at most {max(then * 1.2, then + 5):.0f} s in a fresh checkout",
            "It checks what it checked before",
        ),
        proofs=tuple(
            proof(row, history, f"{seconds:.0f} s", attempt) for seconds, row, attempt in slowest
        ),
        figure=Figure(
            name="setup_seconds" if setup else "gate_seconds", scope=scope, expected=then
        ),
        weight=len(rows) / 3,
        type="chore",
    )
