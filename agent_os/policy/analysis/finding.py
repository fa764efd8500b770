"""A finding with its proofs, and the signal that it becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.signals import Figure, Place, Severity, Signal
from agent_os.policy import hypotheses, statistics, texts
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History, ended
from agent_os.policy.metrics.figures import measure
from agent_os.policy.metrics.parts import within
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow
from agent_os.policy.neutral import neutral

_MOST_PROOFS = 10
_PLAIN = re.compile(r"[A-Za-z0-9_.](?:-?[A-Za-z0-9_.])*")
_LONGEST_KEY = 60
#: Whether a failure was seen before depends on when one looks: it is the same thing.
_SAME = {FindingKind.NEW_FAILURE: "failure", FindingKind.RISING_FAILURE: "failure"}
#: A known finding is told of again at most once in a week's time.
_TOLD_AGAIN = timedelta(days=6)
_BASE_RANK = {Severity.INFO: 0.0, Severity.WARN: 10.0, Severity.URGENT: 20.0}
_MOST_WEIGHT = 9.0


class Proof(Contract):
    """One line of Markdown about what happened at a time."""

    at: datetime
    line: str


class Finding(Contract):
    """`key` says what it is about; with kind and repository it is the same thing for ever."""

    kind: FindingKind
    key: str
    repo_id: int
    """Whose work it is about; 0: that of all."""
    place: Place
    title: str
    problem: str
    proposal: str
    acceptance: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    figure: Figure
    severity: Severity = Severity.WARN
    weight: float = 0.0
    """How many tasks it meets, about: ranks it among others of its severity."""
    type: str = "debugging"


def identity(finding: Finding) -> tuple[str, int, str]:
    """Equal for the same thing, whenever it is found."""
    return _SAME.get(finding.kind, finding.kind.value), finding.repo_id, _slug(finding.key)


def signal(finding: Finding, history: History, told: Mapping[str, datetime]) -> Signal:
    """`told`: when each known signal was last told of. What was told then is no news."""
    where = _where(finding, history)
    kind, _, slug = identity(finding)
    name = f"analyzer:{kind}:{where}:{slug}"
    return Signal(
        id=name,
        kind=finding.kind,
        by="analyzer",
        repo_id=where,
        repo=history.name(where),
        place=finding.place,
        title=finding.title,
        problem=finding.problem,
        proposal=finding.proposal,
        acceptance=finding.acceptance,
        evidence=_evidence(finding.proofs, told.get(name), history.now),
        figure=_measured(finding.figure, history),
        severity=finding.severity,
        rank=_BASE_RANK[finding.severity] + min(finding.weight, _MOST_WEIGHT),
        type=finding.type,
    )


def _where(finding: Finding, history: History) -> int:
    """Whose issue it becomes. Without a home, what is about the installation stands with the first
    repository, where it is noted only."""
    if finding.place in (Place.REPOSITORY, Place.REPOSITORY_FILE) and finding.repo_id:
        return finding.repo_id
    return history.home or min(history.managed, default=finding.repo_id)


def _slug(key: str) -> str:
    """It stands in a comment of HTML, where two hyphens would end it."""
    plain = len(key) <= _LONGEST_KEY and _PLAIN.fullmatch(key)
    return key if plain else texts.digest(key)


def _evidence(proofs: Sequence[Proof], told: datetime | None, now: datetime) -> tuple[str, ...]:
    if told is not None and now - told < _TOLD_AGAIN:
        return ()
    fresh = [proof for proof in proofs if told is None or proof.at > told]
    newest = sorted(fresh, key=lambda proof: proof.at)[-_MOST_PROOFS:]
    return tuple(dict.fromkeys(f"{proof.at:%Y-%m-%d} {proof.line}" for proof in newest))


def _measured(figure: Figure, history: History) -> Figure:
    value = measure(figure.name, within(history.recent, figure.scope), history.now)
    now = figure.model_copy(update={"now": value.value, "samples": value.samples})
    return hypotheses.expecting(now)


def link(row: RoundRow, history: History) -> str:
    """`[owner/repo#12](…/issues/12)`."""
    found = history.managed.get(row.repo_id)
    return f"[{row.name}]({found.url}/issues/{row.number})" if found and found.url else row.name


def proof(
    row: RoundRow, history: History, words: str = "", attempt: AttemptRow | None = None
) -> Proof:
    """That something was so in a round, or in one of its attempts."""
    at = (attempt.ended_at or attempt.started_at) if attempt else ended(row)
    which = f", attempt {attempt.number}" if attempt else ""
    return Proof(at=at, line=f"{link(row, history)}{which}{f': {words}' if words else ''}")


def said(text: str, limit: int = 160) -> str:
    """Somebody's words as code: nothing in them acts."""
    plain = texts.inline(neutral(text), limit).replace("`", "'").replace("\\|", "|")
    return f"`{plain or '(nothing)'}`"


def share(hits: int, samples: int) -> str:
    """`41 of 50 (82%, 70–90%)`."""
    if samples == 0:
        return "0 of 0"
    low, high = statistics.wilson(hits, samples)
    return f"{hits} of {samples} ({hits / samples:.0%}, {low * 100:.0f}–{high * 100:.0f}%)"
