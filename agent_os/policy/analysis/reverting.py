"""Improvements that made their figure worse: each becomes the proposal to take it back."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.signals import Hypothesis, Severity, Signal, Verdict
from agent_os.policy import hypotheses, texts
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import Managed

_MARK = f"analyzer:{FindingKind.REVERT}:"
_RANK = 25.0


def proposals(found: Sequence[Hypothesis], repository: Managed) -> list[Signal]:
    """For those of one repository. A revert that made things worse is left to people."""
    return [
        _signal(one, repository)
        for one in found
        if one.repo_id == repository.repo_id
        and one.verdict is Verdict.REFUTED
        and not one.signal.startswith(_MARK)
    ]


def _signal(one: Hypothesis, repository: Managed) -> Signal:
    name = f"{repository.name}#{one.number}"
    link = f"[{name}]({repository.url}/issues/{one.number})" if repository.url else name
    figure = one.figure.model_copy(
        update={
            "now": one.after[1] if one.after else None,
            "samples": one.samples[1],
            "expected": one.before[1] if one.before else None,
        }
    )
    return Signal(
        id=f"{_MARK}{one.repo_id}:{texts.digest(one.signal)}",
        kind=FindingKind.REVERT,
        by="analyzer",
        repo_id=repository.repo_id,
        repo=repository.name,
        title=f"Take back #{one.number}: {one.title}",
        problem=(
            f"{link} was to improve the figure below, and made it worse. "
            f"{hypotheses.sentence(one)} Equal times on both sides of the merge were compared."
        ),
        proposal=(
            f"Revert the change that #{one.number} led to, if nothing else explains the figure; "
            "say so here if something does."
        ),
        acceptance=("What the change did is undone, or it is written down why it stays",),
        evidence=(f"{link}: {hypotheses.sentence(one)}",),
        figure=figure,
        severity=Severity.WARN,
        rank=_RANK,
        type="chore",
    )
