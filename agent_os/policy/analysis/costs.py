"""What work costs: more than before, or more with one agent than with others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from agent_os.domain.signals import Figure, Place, Severity
from agent_os.policy import statistics
from agent_os.policy.analysis import chance
from agent_os.policy.analysis.finding import Finding, proof, said
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History
from agent_os.policy.metrics.figures import measure
from agent_os.policy.metrics.parts import part
from agent_os.policy.metrics.rounds import RoundRow

_TASKS, _TASKS_BEFORE = 6, 10
_TIMES = 1.4
#: A saving is worth a task only when it is large.
_COSTLY_TIMES = 2.0
_SURVIVING = 5
_Priced = tuple[float, RoundRow]


def find_rising(history: History) -> list[Finding]:
    """By agent, each against its own past; then by repository, where no agent explains it."""
    found = _rising(history, "agent", _by_agent)
    return found or _rising(history, "repo", _by_repository)


def _rising(
    history: History, by: str, groups: Callable[[Sequence[RoundRow]], Mapping[str, list[_Priced]]]
) -> list[Finding]:
    now, before = groups(history.recent), groups(history.before)
    enough = [
        name
        for name in now
        if len(now[name]) >= _TASKS and len(before.get(name, ())) >= _TASKS_BEFORE
    ]
    level = chance.ALPHA / max(1, len(enough))
    found: list[Finding] = []
    for name in enough:
        mine, past = _like(now[name], before[name])
        if len(mine) < _TASKS:
            continue
        rose = median(cost for cost, _ in mine) >= _TIMES * median(past)
        if rose and statistics.mann_whitney([cost for cost, _ in mine], past) <= level:
            found.append(_risen(history, by, name, now[name], before[name]))
    return found


def _like(now: Sequence[_Priced], before: Sequence[_Priced]) -> tuple[list[_Priced], list[float]]:
    """Costs in units of what the type of task cost before: more work of a dear type is no rise."""
    usual: dict[str, float] = {}
    for kind in {row.type for _, row in before}:
        costs = [cost for cost, row in before if row.type == kind]
        if len(costs) >= 3:
            usual[kind] = median(costs)
    mine = [(cost / usual[row.type], row) for cost, row in now if row.type in usual]
    return mine, [cost / usual[row.type] for cost, row in before if row.type in usual]


def _priced(row: RoundRow) -> float | None:
    """What its first attempt cost that was the agent's to end: more attempts, for whatever cause,
    are no dearer work. None where that is not known."""
    real = [a for a in row.tries if a.ended_at and (a.code is None or a.charged)]
    return (real[0].usd or None) if real and real[0].tokens else None


def _by_agent(rows: Sequence[RoundRow]) -> Mapping[str, list[_Priced]]:
    found: dict[str, list[_Priced]] = {}
    for row in rows:
        for name in dict.fromkeys(a.agent for a in row.tries if a.agent):
            mine = part(row, "agent", name)
            if (cost := _priced(mine)) is not None:
                found.setdefault(name, []).append((cost, mine))
    return found


def _by_repository(rows: Sequence[RoundRow]) -> Mapping[str, list[_Priced]]:
    found: dict[str, list[_Priced]] = {}
    for row in rows:
        if (cost := _priced(row)) is not None:
            found.setdefault(row.repo, []).append((cost, row))
    return found


def _risen(
    history: History, by: str, name: str, now: Sequence[_Priced], before: Sequence[_Priced]
) -> Finding:
    usual, then = median(c for c, _ in now), median(c for c, _ in before)
    dearest = sorted(now, key=lambda one: one[0])[-6:]
    of_repo = by == "repo"
    repo_id = now[0][1].repo_id if of_repo else 0
    return Finding(
        kind=FindingKind.COST_RISES,
        key=name if by == "agent" else "repository",
        repo_id=repo_id,
        place=Place.CONFIG,
        title=f"Work {'in' if of_repo else 'by'} {name} costs {usual / then:.1f} times what it did",
        problem=(
            f"A task {'in' if of_repo else 'of'} {said(name, 60)} cost US$ {usual:.2f} (median of "
            f"{len(now)} tasks of the last {history.weeks}); in the weeks before, US$ "
            f"{then:.2f} ({len(before)} tasks). Types of tasks are compared each with itself."
        ),
        proposal=(
            "Look at what grew: the prompt's parts (`prompt_tokens`), turns, the model, its price. "
            "Cut what does not help."
        ),
        acceptance=("It is known which part grew, and the config or the prompt bounds it",),
        proofs=tuple(proof(row, history, f"US$ {cost:.2f}") for cost, row in dearest),
        figure=Figure(name="usd_per_attempt", scope={by: name}),
        weight=len(now) / 2,
        type="chore",
    )


def find_costly(history: History) -> list[Finding]:
    """Agents whose surviving changes cost twice those of the others, on the same types."""
    alone = [row for row in history.rows if len({a.agent for a in row.tries if a.agent}) == 1]
    found: list[Finding] = []
    names = sorted({a.agent for row in alone for a in row.tries if a.agent})
    for name in names:
        mine = [row for row in alone if any(a.agent == name for a in row.tries)]
        others = [row for row in alone if not any(a.agent == name for a in row.tries)]
        shared = {row.type for row in mine} & {row.type for row in others}
        one = measure("usd_per_surviving", [r for r in mine if r.type in shared], history.now)
        two = measure("usd_per_surviving", [r for r in others if r.type in shared], history.now)
        if _dearer(one.low, two.high) and min(one.samples, two.samples) >= _SURVIVING:
            assert one.value is not None and two.value is not None
            if one.value >= _COSTLY_TIMES * two.value:
                found.append(_costly(history, name, mine, (one.value, two.value)))
    return found


def _dearer(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low > high


def _costly(
    history: History, name: str, rows: Sequence[RoundRow], values: tuple[float, float]
) -> Finding:
    mine, others = values
    dearest = sorted(rows, key=lambda row: row.usd)[-5:]
    return Finding(
        kind=FindingKind.AGENT_COSTLY,
        key=name,
        repo_id=0,
        place=Place.CONFIG,
        title=f"Agent {name} costs {mine / others:.1f} times what others do",
        problem=(
            f"A surviving change by {said(name, 60)} costs US$ {mine:.2f} over {len(rows)} tasks; "
            f"by the other agents, on the same types of tasks, US$ {others:.2f}. The intervals of "
            "both do not overlap."
        ),
        proposal="Put a cheaper agent before it in `routing` for these types of tasks.",
        acceptance=("The order in `routing` is as the owner wants it, with both costs known",),
        proofs=tuple(proof(row, history, f"US$ {row.usd:.2f}") for row in dearest),
        figure=Figure(name="usd_per_surviving", scope={}, expected=others),
        severity=Severity.INFO,
        weight=min(9.0, mine / others),
        type="chore",
    )
