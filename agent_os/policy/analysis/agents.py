"""Agents that succeed less often than they did, on the same repositories and types of tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set

from agent_os.domain.attempts import Verdict
from agent_os.domain.signals import Figure, Place
from agent_os.policy.analysis import chance
from agent_os.policy.analysis.chance import Counts
from agent_os.policy.analysis.finding import Finding, proof, said, share
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import AttemptId, History, attempt_id
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

_TASKS, _TASKS_BEFORE = 6, 8
_DROP = 0.20
#: A repository tells something of an agent from so many tasks on.
_HERE, _HERE_BEFORE = 4, 5
_HERE_DROP = 0.10
#: So much alike, failures come from what the agent works on.
_ALIKE = 0.6
_Try = tuple[RoundRow, AttemptRow]


def find(history: History, explained: Set[AttemptId]) -> tuple[list[Finding], set[AttemptId]]:
    """The findings, and the failed attempts that they explain."""
    now, before = _tries(history.recent, explained), _tries(history.before, explained)
    names = sorted({attempt.agent for _, attempt in now})
    strata = {name: _strata(now, before, name) for name in names}
    totals = {name: chance.together(one) for name, one in strata.items()}
    level = chance.threshold([chance.best_p(one) for one in totals.values()])
    found: list[Finding] = []
    failed: set[AttemptId] = set()
    for name in names:
        worse = _worse(totals[name]) and chance.more_hits(strata[name]) <= level
        if worse and _is_the_agents(now, before, name):
            mine = [one for one in now if one[1].agent == name and one[1].code is not None]
            found.append(_finding(history, name, totals[name], mine))
            failed |= {
                attempt_id(row, a) for row in history.recent for a in row.tries if a.agent == name
            }
    return found, failed


def _tries(rows: Sequence[RoundRow], explained: Set[AttemptId]) -> list[_Try]:
    """The first attempt of each agent in a round that says something of the agent: provider and
    environment failures do not, nor does what has an explanation."""
    found: list[_Try] = []
    for row in rows:
        seen: set[str] = set()
        for attempt in row.tries:
            if attempt.agent in seen or not _tells(attempt):
                continue
            seen.add(attempt.agent)
            if attempt_id(row, attempt) not in explained:
                found.append((row, attempt))
    return found


def _tells(attempt: AttemptRow) -> bool:
    """Where a check could not run, only what failed otherwise is charged: that would be unfair."""
    ran = all(gate.verdict is not Verdict.UNAVAILABLE for gate in attempt.gates)
    told = attempt.ended_at is not None and (attempt.code is None or attempt.charged)
    return bool(attempt.agent) and told and ran


def _strata(now: Sequence[_Try], before: Sequence[_Try], name: str) -> list[Counts]:
    """By repository and type: harder work is no worse agent."""
    found: list[Counts] = []
    mine, past = _of(now, name), _of(before, name)
    for key in sorted({_stratum(one) for one in mine} & {_stratum(one) for one in past}):
        here = [one for one in mine if _stratum(one) == key]
        then = [one for one in past if _stratum(one) == key]
        found.append(_counts(here, then))
    return found


def _of(tries: Sequence[_Try], name: str) -> list[_Try]:
    return [one for one in tries if one[1].agent == name]


def _stratum(one: _Try) -> tuple[int, str]:
    return one[0].repo_id, one[0].type


def _counts(now: Sequence[_Try], before: Sequence[_Try]) -> Counts:
    return Counts(
        sum(a.code is not None for _, a in now),
        len(now),
        sum(a.code is not None for _, a in before),
        len(before),
    )


def _worse(one: Counts) -> bool:
    enough = one.samples >= _TASKS and one.samples_before >= _TASKS_BEFORE
    return enough and _dropped(one) >= _DROP


def _dropped(one: Counts) -> float:
    return one.hits / one.samples - one.hits_before / one.samples_before


def _is_the_agents(now: Sequence[_Try], before: Sequence[_Try], name: str) -> bool:
    """Whether it is the agent and not a repository that went bad: it fails in more than one, or
    where others do not; alone in one repository, it fails in different ways."""
    here = _by_repository(now, before, lambda agent: agent == name)
    bad = [repo for repo, one in here.items() if _dropped(one) >= _HERE_DROP]
    if len(bad) > 1:
        return True
    others = _by_repository(now, before, lambda agent: agent != name)
    compared = [others[repo] for repo in bad if repo in others]
    if compared:
        return all(_dropped(one) < _HERE_DROP for one in compared)
    if len(here) > 1:
        return False
    failed = Counter(a.signature for _, a in _of(now, name) if a.code is not None)
    most = failed.most_common(1)[0][1] if failed else 0
    return most < _ALIKE * failed.total()


def _by_repository(
    now: Sequence[_Try], before: Sequence[_Try], chosen: Callable[[str], bool]
) -> dict[int, Counts]:
    found: dict[int, Counts] = {}
    for repo in sorted({row.repo_id for row, _ in now}):
        mine = [one for one in now if one[0].repo_id == repo and chosen(one[1].agent)]
        past = [one for one in before if one[0].repo_id == repo and chosen(one[1].agent)]
        if len(mine) >= _HERE and len(past) >= _HERE_BEFORE:
            found[repo] = _counts(mine, past)
    return found


def _finding(history: History, name: str, one: Counts, failed: Sequence[_Try]) -> Finding:
    worked, before = one.samples - one.hits, one.samples_before - one.hits_before
    reasons = Counter(str(a.code) for _, a in failed).most_common(4)
    return Finding(
        kind=FindingKind.AGENT_DEGRADES,
        key=name,
        repo_id=0,
        place=Place.CONFIG,
        title=f"Agent {name} succeeds less often than it did",
        problem=(
            f"The first attempts of {said(name, 60)} passed in {share(worked, one.samples)} "
            f"tasks of the last {history.weeks}; in the weeks before, on the same repositories "
            f"and types, in {share(before, one.samples_before)}. Failures of providers and of the "
            "environment are left out.\n\nIt failed by "
            + ", ".join(f"`{code}` ({count})" for code, count in reasons)
            + "."
        ),
        proposal=(
            "Look at what changed: the model's version, the program's version, its settings, the "
            "prompt. Go back to what worked, or give its types of tasks to another agent in "
            "`routing`."
        ),
        acceptance=("The config names what is to work on these types of tasks, and why",),
        proofs=tuple(proof(row, history, str(a.code), a) for row, a in failed),
        figure=Figure(
            name="first_attempt",
            scope={"agent": name},
            goal="higher",
            expected=before / one.samples_before,
        ),
        weight=one.hits,
        type="chore",
    )
