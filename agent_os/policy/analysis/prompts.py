"""Versions of the prompt whose results can't be read, or only when asked for a second time."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.failures import FailureCode
from agent_os.domain.signals import Figure, Place
from agent_os.policy import statistics
from agent_os.policy.analysis import chance
from agent_os.policy.analysis.chance import Counts
from agent_os.policy.analysis.finding import Finding, proof, share
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import BEFORE, RECENT, History, began
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

_TASKS = 6
_MORE = 0.15
#: Where there is nothing to compare it with: surely more than this share.
_TOO_MANY = 0.25
_ALONE = 20
_Used = tuple[RoundRow, AttemptRow]


def find(history: History) -> list[Finding]:
    used = _used(history)
    versions = sorted({attempt.prompt for _, attempt in used})
    recent = {attempt.prompt for row, attempt in used if began(row) >= history.now - RECENT}
    strata = {version: _strata(used, version) for version in versions if version in recent}
    level = chance.threshold([chance.best_p(chance.together(one)) for one in strata.values()])
    found: list[Finding] = []
    for version, counts in strata.items():
        total = chance.together(counts)
        if (_worse(total) and chance.more_hits(counts) <= level) or (
            total.samples >= _ALONE and not total.samples_before and _many(total)
        ):
            found.append(_finding(history, used, version, total))
    return found


def _used(history: History) -> list[_Used]:
    """One attempt a round and prompt, the first that the agent itself ended."""
    found: list[_Used] = []
    for row in history.rows:
        if began(row) < history.now - RECENT - BEFORE:
            continue
        seen: set[str] = set()
        for attempt in row.tries:
            told = attempt.ended_at and (attempt.code is None or attempt.charged)
            if told and attempt.prompt and attempt.prompt not in seen:
                seen.add(attempt.prompt)
                found.append((row, attempt))
    return found


def _bad(attempt: AttemptRow) -> bool:
    return attempt.repaired or attempt.code is FailureCode.INVALID_RESULT


def _strata(used: Sequence[_Used], version: str) -> list[Counts]:
    """By agent: those that are bad at it are so with every prompt."""
    found: list[Counts] = []
    for agent in sorted({attempt.agent for _, attempt in used}):
        mine = [a for _, a in used if a.agent == agent and a.prompt == version]
        others = [a for _, a in used if a.agent == agent and a.prompt != version]
        if mine:
            found.append(
                Counts(sum(map(_bad, mine)), len(mine), sum(map(_bad, others)), len(others))
            )
    return found


def _worse(total: Counts) -> bool:
    if total.samples < _TASKS or total.samples_before < _TASKS:
        return False
    return total.hits / total.samples - total.hits_before / total.samples_before >= _MORE


def _many(total: Counts) -> bool:
    return statistics.wilson(total.hits, total.samples)[0] >= _TOO_MANY


def _finding(history: History, used: Sequence[_Used], version: str, total: Counts) -> Finding:
    bad = [(row, a) for row, a in used if a.prompt == version and _bad(a)]
    usual = total.hits_before / total.samples_before if total.samples_before else None
    others = (
        f" With the other versions that the same agents used: "
        f"{share(total.hits_before, total.samples_before)}."
        if total.samples_before
        else ""
    )
    return Finding(
        kind=FindingKind.PROMPT_BREAKS_RESULTS,
        key=version,
        repo_id=0,
        place=Place.CONFIG if history.owners_prompts else Place.PROGRAM,
        title=f"Version {version} of the prompt leads to results that can't be read",
        problem=(
            f"With version `{version}` of the prompt's templates, the result file of "
            f"{share(total.hits, total.samples)} attempts could not be read at first, or at all."
            f"{others}"
        ),
        proposal=(
            "Compare the templates with the version before; say again what the result file must "
            "hold, where it goes and in which form, or go back to the version before."
        ),
        acceptance=("The example in the prompt is read by the parser of results",),
        proofs=tuple(proof(row, history, str(a.code or "asked again"), a) for row, a in bad),
        figure=Figure(name="repair_rate", expected=usual),
        weight=total.hits,
    )
