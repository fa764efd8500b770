"""Lessons that mislead: attempts that were told one fail more often than others of their kind."""

from __future__ import annotations

from collections.abc import Sequence, Set

from agent_os.domain.signals import Figure, Place
from agent_os.policy.analysis import chance
from agent_os.policy.analysis.chance import Counts
from agent_os.policy.analysis.finding import Finding, proof, said, share
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import AttemptId, History, attempt_id
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

_TOLD, _OTHERS = 6, 6
_MORE = 0.20
_Try = tuple[RoundRow, AttemptRow]


def find(history: History) -> list[Finding]:
    tries = _first_tries(history.rows)
    told = {
        lesson: {
            AttemptId(use.repo_id, use.number, use.round, use.attempt)
            for use in history.lessons
            if use.lesson == lesson
        }
        for lesson in sorted({use.lesson for use in history.lessons})
    }
    strata = {lesson: _strata(tries, uses) for lesson, uses in told.items()}
    level = chance.threshold(
        [chance.best_p(chance.together(one)) for one in strata.values() if one]
    )
    found: list[Finding] = []
    for lesson, counts in strata.items():
        if counts and _worse(chance.together(counts)) and chance.more_hits(counts) <= level:
            uses = [one for one in tries if attempt_id(*one) in told[lesson]]
            text = next(u.text for u in history.lessons if u.lesson == lesson)
            found.append(_finding(history, lesson, text, uses, chance.together(counts)))
    return found


def _first_tries(rows: Sequence[RoundRow]) -> list[_Try]:
    found: list[_Try] = []
    for row in rows:
        real = [a for a in row.tries if a.ended_at and (a.code is None or a.charged)]
        found += [(row, real[0])] if real else []
    return found


def _strata(tries: Sequence[_Try], uses: Set[AttemptId]) -> list[Counts]:
    """By repository and type of task, the first attempts with the lesson against those without."""
    groups: dict[tuple[int, str], list[list[bool]]] = {}
    for one in tries:
        row, attempt = one
        sides = groups.setdefault((row.repo_id, row.type), [[], []])
        sides[attempt_id(*one) not in uses].append(attempt.code is not None)
    return [
        Counts(sum(told), len(told), sum(others), len(others))
        for told, others in groups.values()
        if told and others
    ]


def _worse(one: Counts) -> bool:
    if one.samples < _TOLD or one.samples_before < _OTHERS:
        return False
    return one.hits / one.samples - one.hits_before / one.samples_before >= _MORE


def _finding(
    history: History, lesson: str, text: str, uses: Sequence[_Try], one: Counts
) -> Finding:
    repo_id = uses[0][0].repo_id
    failed = [(row, attempt) for row, attempt in uses if attempt.code is not None]
    return Finding(
        kind=FindingKind.LESSON_MISLEADS,
        key=lesson,
        repo_id=repo_id,
        place=Place.CONFIG,
        title=f"Lesson {lesson} seems to mislead",
        problem=(
            f"Of the first attempts that were told lesson `{lesson}`, "
            f"{share(one.hits, one.samples)} failed; of the others in the same repository, "
            f"on the same types of tasks, {share(one.hits_before, one.samples_before)}.\n\n"
            f"It says: {said(text, 300)}"
        ),
        proposal=f"Read it with `agent-os memory show {lesson}`, and forget it if it is wrong.",
        acceptance=(f"Lesson `{lesson}` is true, or no longer told",),
        proofs=tuple(proof(row, history, str(a.code), a) for row, a in failed),
        figure=Figure(
            name="first_attempt",
            scope={"repo": history.name(repo_id)},
            goal="higher",
            expected=1 - one.hits_before / one.samples_before,
        ),
        weight=one.hits,
        type="chore",
    )
