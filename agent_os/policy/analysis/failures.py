"""Failures that are new or rising, by normalized signature and by check, task by task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from agent_os.domain.attempts import Verdict
from agent_os.domain.failures import FailureCode, Family, family
from agent_os.domain.signals import Figure, Place
from agent_os.policy.analysis import chance
from agent_os.policy.analysis.chance import Counts
from agent_os.policy.analysis.finding import Finding, proof, said, share
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import AttemptId, History, attempt_id
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

#: Tasks of now that must have met it, and tasks before that there must be to compare with.
_TASKS = 3
_BEFORE = 6
_TIMES = 2.0
#: These say something of the agent or of its prompt, which have findings of their own.
_OF_AGENTS = frozenset(
    {
        *(FailureCode.NO_CHANGE, FailureCode.AGENT_FAILED, FailureCode.INVALID_RESULT),
        *(FailureCode.TIMEOUT, FailureCode.STALLED, FailureCode.BUDGET_EXHAUSTED),
        *(FailureCode.INCOMPLETE, FailureCode.REVIEW_UNAVAILABLE, FailureCode.AGENT_MISSING),
    }
)
#: Of the machine that runs us.
_OF_THE_MACHINE = frozenset(
    {
        *(FailureCode.SANDBOX_FAILED, FailureCode.DISK_FULL, FailureCode.GIT_FAILED),
        FailureCode.LOST,
    }
)
_Met = tuple[RoundRow, AttemptRow]


@dataclass(frozen=True)
class _Group:
    """Failures that are the same one. `repo_id` 0: of the machine, for all repositories."""

    repo_id: int
    signature: str = ""
    check: str = ""
    now: dict[AttemptId, _Met] = field(default_factory=dict[AttemptId, _Met])
    """The first such attempt of each round."""
    before: set[AttemptId] = field(default_factory=set[AttemptId])

    def rounds(self) -> int:
        return len(self.now)


def find(history: History, explained: Set[AttemptId]) -> list[Finding]:
    groups = _groups(history, explained)
    counts = {key: _counts(history, group) for key, group in groups.items()}
    level = chance.threshold([chance.best_p(one) for one in counts.values()])
    rising = [groups[key] for key, one in counts.items() if _rose(one, level)]
    by_signature = [group for group in rising if group.signature]
    coarse = [group for group in rising if group.check and not _covered(group, by_signature)]
    return [_finding(history, group, _counts(history, group)) for group in (*by_signature, *coarse)]


def _groups(history: History, explained: Set[AttemptId]) -> dict[tuple[int, str, str], _Group]:
    found: dict[tuple[int, str, str], _Group] = {}

    def add(rows: Sequence[RoundRow], note: Callable[[_Group, AttemptId, _Met], object]) -> None:
        for row in rows:
            for attempt in row.tries:
                if attempt.code is None or attempt_id(row, attempt) in explained:
                    continue
                for key in _keys(row, attempt):
                    group = found.setdefault(key, _Group(*key))
                    note(group, AttemptId(row.repo_id, row.number, row.round, 0), (row, attempt))

    add(history.recent, lambda group, key, met: group.now.setdefault(key, met))
    add(history.before, lambda group, key, _met: group.before.add(key))
    return found


def _keys(row: RoundRow, attempt: AttemptRow) -> Iterator[tuple[int, str, str]]:
    code = attempt.code
    assert code is not None
    if code in _OF_THE_MACHINE:
        yield 0, attempt.signature or str(code), ""
    elif code not in _OF_AGENTS and family(code) in (Family.TASK, Family.PERSON):
        if attempt.signature:
            yield row.repo_id, attempt.signature, ""
        for gate in attempt.gates:
            broke = gate.before is Verdict.PASS and gate.verdict is Verdict.FAIL
            if broke:
                yield row.repo_id, "", gate.name
        if code is FailureCode.CI_FAILED:
            yield row.repo_id, "", attempt.detail[:120] or "CI"


def _counts(history: History, group: _Group) -> Counts:
    recent, before = history.worked
    now, then = recent[group.repo_id], before[group.repo_id]
    return Counts(group.rounds(), now, len(group.before), then)


def _rose(one: Counts, level: float) -> bool:
    if one.hits < _TASKS or one.samples_before < _BEFORE:
        return False
    before = one.hits_before / one.samples_before
    return one.hits / one.samples >= _TIMES * before and chance.more_hits([one]) <= level


def _covered(group: _Group, others: Sequence[_Group]) -> bool:
    """Whether half of its tasks failed in a way that has a finding already."""
    same = {key for other in others if other.repo_id == group.repo_id for key in other.now}
    return 2 * len(same & set(group.now)) >= group.rounds()


def _finding(history: History, group: _Group, one: Counts) -> Finding:
    new = one.hits_before == 0
    row, attempt = next(iter(group.now.values()))
    repo = history.name(group.repo_id) if group.repo_id else "all repositories"
    words = said(attempt.detail or str(attempt.code), 300)
    what = f"the check {said(group.check, 80)}" if group.check else f"`{attempt.code}`"
    place = Place.REPOSITORY if group.repo_id else Place.CONFIG
    shown = group.check or f"{attempt.code}: {attempt.detail}"
    return Finding(
        kind=FindingKind.NEW_FAILURE if new else FindingKind.RISING_FAILURE,
        key=group.check or group.signature,
        repo_id=group.repo_id,
        place=place,
        title=f"{'New' if new else 'Rising'} failure: {shown}"[:200],
        problem=(
            f"In {repo}, {share(one.hits, one.samples)} tasks of the last {history.weeks} failed "
            f"by {what}; of the weeks before, {share(one.hits_before, one.samples_before)}.\n\n"
            f"The first of them said: {words}"
        ),
        proposal="Find what the failed attempts have in common, and mend that for all of them.",
        acceptance=(
            f"The failure of {row.name} does not come back where the same work is done again",
            "A test fails without the mend, where a test can tell",
        ),
        proofs=tuple(
            proof(row, history, said(attempt.detail), attempt)
            for row, attempt in group.now.values()
        ),
        figure=_figure(history, group, attempt, one),
        weight=one.hits,
    )


def _figure(history: History, group: _Group, attempt: AttemptRow, one: Counts) -> Figure:
    past = one.hits_before / one.samples_before
    if not group.repo_id:
        return Figure(name="environment_failures", expected=past)
    scope = {"repo": history.name(group.repo_id)}
    if attempt.code is FailureCode.CI_FAILED:
        return Figure(name="ci_failures", scope=scope, expected=past)
    if group.check:
        return Figure(name="gate_failures", scope={**scope, "check": group.check}, expected=past)
    signature = {**scope, "signature": group.signature}
    return Figure(name="attempt_failures", scope=signature, expected=past)
