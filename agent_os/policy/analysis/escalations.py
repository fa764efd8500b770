"""People who are called again and again for the same reason."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.failures import WHAT_TO_DO, FailureCode, Family, family
from agent_os.domain.signals import Figure, Place
from agent_os.policy import statistics
from agent_os.policy.analysis import chance
from agent_os.policy.analysis.chance import Counts
from agent_os.policy.analysis.finding import Finding, proof, share
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History, of_repository
from agent_os.policy.metrics.rounds import RoundRow

_TASKS = 4
_BEFORE = 6
_TIMES = 2.0
#: Surely more than this share, also when it was always so.
_TOO_MANY = 0.25
_CODES = frozenset(code.value for code in FailureCode)


def find(history: History) -> list[Finding]:
    """Of the work's own reasons: those of providers and environment have findings of their own."""
    counts: dict[tuple[int, str], Counts] = {}
    for repo_id in sorted(history.managed):
        now, before = of_repository(history.recent, repo_id), of_repository(history.before, repo_id)
        for reason in sorted({why for row in now for why, _ in row.holds if _ours(why)}):
            mine = (len(_met(now, reason)), len(now), len(_met(before, reason)), len(before))
            counts[repo_id, reason] = Counts(*mine)
    level = chance.threshold([chance.best_p(one) for one in counts.values()])
    return [
        _finding(history, repo_id, reason, one)
        for (repo_id, reason), one in counts.items()
        if one.hits >= _TASKS and (_rose(one, level) or _always(one))
    ]


def _ours(reason: str) -> bool:
    return reason in _CODES and family(FailureCode(reason)) in (Family.TASK, Family.PERSON)


def _met(rows: Sequence[RoundRow], reason: str) -> list[RoundRow]:
    return [row for row in rows if any(why == reason for why, _ in row.holds)]


def _rose(one: Counts, level: float) -> bool:
    if one.samples_before < _BEFORE:
        return False
    before = one.hits_before / one.samples_before
    return one.hits / one.samples >= _TIMES * before and chance.more_hits([one]) <= level


def _always(one: Counts) -> bool:
    return statistics.wilson(one.hits, one.samples)[0] >= _TOO_MANY


def _finding(history: History, repo_id: int, reason: str, one: Counts) -> Finding:
    repo = history.name(repo_id)
    met = _met(of_repository(history.recent, repo_id), reason)
    return Finding(
        kind=FindingKind.SAME_ESCALATION,
        key=reason,
        repo_id=repo_id,
        place=Place.REPOSITORY,
        title=f"People are called again and again: {reason}",
        problem=(
            f"{share(one.hits, one.samples)} tasks that began in {repo} in the last "
            f"{history.weeks} needed a person because of `{reason}`; of the weeks before, "
            f"{share(one.hits_before, one.samples_before)}."
        ),
        proposal=(
            f"What a person does each time: {WHAT_TO_DO[FailureCode(reason)]} Write down in the "
            "repository (its issue form, its docs, `.agent-os.yaml`) what was missing each time."
        ),
        acceptance=("What these tasks lacked is in the repository, where agents read it",),
        proofs=tuple(proof(row, history, f"`{reason}`") for row in met),
        figure=Figure(
            name="escalations",
            scope={"repo": repo},
            expected=one.hits_before / one.samples_before if _rose(one, 1.0) else None,
        ),
        weight=one.hits,
        type="docs",
    )
